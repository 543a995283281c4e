"""Ctrl-C ends a waiting command and never a job."""

#: The exit code of a command that was interrupted.
INTERRUPTED = 130


class Interrupted(Exception):
    """A waiting command was interrupted; the text says how to come back."""
