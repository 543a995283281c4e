"""What is looked at: which state, compared with what, and which files of it."""
