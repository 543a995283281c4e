"""The systems that run jobs, one module for each; `base` says what they have in common."""
