"""Runs one command; every mistake, outage and bug ends as one sentence on the standard error, and an exit code."""

import asyncio
import io
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from ganga.cli.interruption import INTERRUPTED, Interrupted
from ganga.cli.logging import logging_briefly, write_log
from ganga.cli.parsing import Namespace, Parser
from ganga.cli.table import COMMANDS
from ganga.cli.words import tell
from ganga.errors import GangaError, UsageError
from ganga.model.ids import shortened

#: What ends with it is neither the job's fault nor the user's.
BUG = 3


class Command(Protocol):
    """What the module of a command has."""

    def configure(self, parser: Parser) -> None:
        """Declare its options."""
        ...

    def execute(self, namespace: Namespace) -> int:
        """Do it; returns the exit code."""
        ...


def run_command(words: Sequence[str]) -> int:
    """Run the command that the first word names with the options behind it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with logging_briefly():
            code = _run(words)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except SystemExit:  # as argparse ends after its help
        return 0
    except BaseException as error:  # noqa: BLE001 - the border: whoever waits is told
        return _end(_only(error))
    return code


def load(name: str) -> Command:
    """The module of a command."""
    module, _ = COMMANDS[name]
    return cast("Command", import_module(f"ganga.cli.{module}"))


def _run(words: Sequence[str]) -> int:
    name = words[0]
    if name not in COMMANDS:
        raise UsageError(_unknown(name))
    for word in words:
        _check_text(word)
    command = load(name)
    parser = Parser(prog=f"ganga {name}", description=COMMANDS[name][1])
    command.configure(parser)
    return command.execute(parser.read(words[1:]))


def _unknown(name: str) -> str:
    from ganga.reading import nearest  # noqa: PLC0415 - loaded where it is needed, since it is slow to load

    meant = nearest(name, COMMANDS)
    hint = f"did you mean 'ganga {meant}'?" if meant else "'ganga --help' shows all"
    kind = "option" if name.startswith("-") else "command"
    return f"there is no {kind} {shortened(name)!r}; {hint}"


def _check_text(word: str) -> None:
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{shortened(word)!r} is not text in UTF-8; rename what it names") from error


def _only(error: BaseException) -> BaseException:
    """What went wrong, if it is only one thing and comes in a group."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _end(error: BaseException) -> int:
    match error:
        case GangaError():
            return _say(str(error), error.exit_code)
        case Interrupted():
            return _say(str(error), INTERRUPTED)
        case KeyboardInterrupt() | asyncio.CancelledError():
            return _say("interrupted", INTERRUPTED)
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return _say(f"{place}{error.strerror or error}; mend that and try again", BUG)
        case _:
            return _say(_bug(error), BUG)


def _bug(error: BaseException) -> str:
    what = f"an error that ganga did not expect: {type(error).__name__}: {shortened(str(error), 200)}"
    try:
        path = write_log("errors.log", "".join(traceback.format_exception(error)))
    except (OSError, GangaError) as failure:
        return f"{what}; its traceback could not be logged either: {failure}"
    return f"{what}; its traceback is in {path}, please report it"


def _say(text: str, code: int) -> int:
    tell(text)
    return code
