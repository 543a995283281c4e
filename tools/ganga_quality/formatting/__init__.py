"""Black, asked in process and behind one door, and the lines that its answer may touch."""
