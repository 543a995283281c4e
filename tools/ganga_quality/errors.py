"""What can go wrong before there is a verdict. Each error's text names the thing, what was expected and what to try."""

from typing import ClassVar


class QualityError(Exception):
    """The root of all errors of these tools; ``exit_code`` is what the command line ends with."""

    exit_code: ClassVar[int] = 3


class UsageError(QualityError):
    """What was asked cannot be done as asked: an unknown path, a revision that there is not, a wrong setting."""

    exit_code: ClassVar[int] = 2


class ToolError(QualityError):
    """A program that is needed is missing, crashed, took too long, or answered what nobody understands."""
