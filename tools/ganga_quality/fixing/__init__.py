"""``ganga-quality fix``: ruff's safe fixes and black's formatting, written to the files of a change."""
