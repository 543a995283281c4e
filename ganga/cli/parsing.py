"""What all commands share in reading their options: errors of one sentence, and options as typed, frozen records."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from ganga.errors import UsageError
from ganga.model.ids import JobId, parse_job_id, shortened
from ganga.model.status import JobStatus
from ganga.reading import nearest

Namespace = argparse.Namespace

OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)
ValueT = TypeVar("ValueT")


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence, with what was probably meant."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)
        #: All that was declared.
        self.declared: list[argparse.Action] = []
        #: Whether options may stand between the arguments, of which there may be any number.
        self.intermixed = False

    def option(self, *names: str, **settings: object) -> None:
        """Declare an option with a value, or an argument."""
        self._declare(names, **settings)

    def flag(self, *names: str, help: str) -> None:  # noqa: A002 - the word for it
        """Declare an option without a value."""
        self._declare(names, action="store_true", help=help)

    def read(self, words: Sequence[str]) -> Namespace:
        """The options in these words. Raises `UsageError`."""
        parse = self.parse_known_intermixed_args if self.intermixed else self.parse_known_args
        namespace, unknown = parse(words)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return namespace

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with the message."""
        hint = "" if message.endswith("?") else f"; '{self.prog} --help' shows what it takes"
        raise UsageError(f"{message}{hint}")

    def _declare(self, names: tuple[str, ...], **settings: object) -> None:
        action = self.add_argument(*names, **settings)  # type: ignore[arg-type] # - argparse checks them itself
        self.declared.append(action)

    def _unknown(self, word: str) -> str:
        known = [name for action in self.declared for name in action.option_strings]
        meant = nearest(word.partition("=")[0], ["--help", *known]) if word.startswith("-") else None
        kind = "option" if word.startswith("-") else "argument"
        return f"there is no {kind} {shortened(word)!r} here" + (f"; did you mean {meant}?" if meant else "")


def read_options(namespace: Namespace, kind: type[OptionsT]) -> OptionsT:
    """The namespace as a typed record."""
    return msgspec.convert(vars(namespace), kind)


def number(low: float, high: float, kind: Callable[[str], ValueT]) -> Callable[[str], ValueT]:
    """Reads a number between two bounds."""

    def read(text: str) -> ValueT:
        try:
            value = kind(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a number; {_expected(low, high)}") from error
        if not low <= float(text) <= high:
            raise argparse.ArgumentTypeError(f"{shortened(text)} is out of range; {_expected(low, high)}")
        return value

    return read


def _expected(low: float, high: float) -> str:
    return f"expected one from {low:.16g} to {high:.16g}"


def status(text: str) -> JobStatus:
    """Reads a status."""
    try:
        return JobStatus(text)
    except ValueError as error:
        known = ", ".join(JobStatus)
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a status; expected one of {known}") from error


def job(text: str) -> JobId:
    """Reads a job id."""
    return checked(parse_job_id)(text)


def variable(text: str) -> tuple[str, str]:
    """Reads ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a variable; expected NAME=VALUE")
    return name, value


def existing(text: str) -> Path:
    """Reads the path of something that is there."""
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no file {shortened(text)!r}; look for a slip of the keyboard")
    return path


def folder(text: str) -> Path:
    """Reads the path of a folder that is there."""
    path = existing(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a folder")
    return path


def checked(read: Callable[[str], ValueT]) -> Callable[[str], ValueT]:
    """The same function, for argparse, which wants errors of its own kind."""

    def reading(text: str) -> ValueT:
        try:
            return read(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reading


def add_jobs(parser: Parser, *, many: bool = True, optional: bool = False) -> None:
    """Declare the jobs that a command is about."""
    text = "number of a job, or 12.3 for subjob 3 of job 12"
    if many:
        parser.option("jobs", metavar="ID", type=job, nargs="*" if optional else "+", help=text)
    else:
        parser.option("job", metavar="ID", type=job, help=text)


def add_json(parser: Parser) -> None:
    """Declare ``--json``."""
    parser.flag("--json", help="print JSON, one object a line")
