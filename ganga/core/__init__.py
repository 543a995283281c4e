"""All decisions, without I/O: time and chance are arguments, results are data."""
