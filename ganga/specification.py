"""From what a person asks for to a specification that makes sense; what makes none is refused before anything is
stored.
"""

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from msgspec import ValidationError, convert, to_builtins
from msgspec.structs import replace

from ganga.errors import UsageError
from ganga.finishing.plugins import validate
from ganga.model.ids import shortened
from ganga.model.job import JobSpec, Plugin, Share


def specify(
    command: str | Sequence[str],
    wish: JobSpec,
    *,
    folder: str | Path | None,
    inputs: Iterable[str | Path],
    shares: Iterable[Share] | None,
) -> JobSpec:
    """`wish` with the command and its files, all paths made absolute. Raises `UsageError`.

    A job that declares inputs or outputs runs in a folder of its own, any other in `folder` or else in the present one,
    if that can be reached from where it runs.
    A program that is a file here is named by its absolute path where it would not be found otherwise.
    """
    words = _words(command)
    copied = tuple(absolute(path) for path in inputs)
    declares_files = bool(copied or wish.outputs) or any(share.inputs for share in shares or ())
    if folder is not None:
        return replace(wish, command=words, inputs=copied, folder=absolute(folder), folder_chosen=True)
    if declares_files:
        return replace(wish, command=(_program(words[0], copied), *words[1:]), inputs=copied)
    return replace(wish, command=words, folder=absolute("."))


def check(spec: JobSpec, shares: Iterable[Share] | None) -> None:
    """Raise `UsageError` if no job can be made of the specification."""
    shares = list(shares or ())
    _check_types(spec, JobSpec)
    _check_types(shares, list[Share])
    if not spec.command or not spec.command[0]:
        raise UsageError("there is no command to run; expected a program and its arguments")
    _check_text("command", spec.command)
    _check_environment(spec.environment)
    wish = spec.resources
    _check_text("resources", (wish.queue, wish.project, wish.image, *wish.native))
    for share in shares:
        _check_text("command", share.arguments)
        _check_environment(share.environment)
    for pattern in spec.resubmission.reasons:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{shortened(pattern)!r} is not a regular expression: {error}") from error
    validate(spec)


def whole(spec: JobSpec, share: Share) -> JobSpec:
    """The specification of a job that runs what one subjob runs."""
    return replace(
        spec,
        command=(*spec.command, *share.arguments),
        inputs=(*spec.inputs, *share.inputs),
        environment={**spec.environment, **share.environment},
    )


def plugins(names: Iterable[str | Plugin]) -> tuple[Plugin, ...]:
    """Plug-ins by name, without options, or as they are."""
    return tuple(Plugin(name) if isinstance(name, str) else name for name in names)


def absolute(path: str | Path) -> str:
    """The path from the root. Raises `UsageError` for a relative one in a folder that was removed."""
    try:
        return os.path.abspath(path)  # noqa: PTH100 - links stay as they are named
    except FileNotFoundError as error:
        raise UsageError("the present folder was removed; change to another one, or give absolute paths") from error


def absolute_inputs(shares: Iterable[Share] | None) -> list[Share] | None:
    """The shares with absolute paths of their inputs."""
    if shares is None:
        return None
    return [replace(share, inputs=tuple(map(absolute, share.inputs))) if share.inputs else share for share in shares]


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command)) if isinstance(command, str) else tuple(command)
    except ValueError as error:
        raise UsageError(f"the command {shortened(str(command))!r} cannot be divided into words: {error}") from error
    if not words:
        raise UsageError("there is no command to run; expected a program and its arguments")
    return words


def _program(word: str, inputs: Iterable[str]) -> str:
    """A copy among the inputs is the one that is meant."""
    path = PurePath(word)
    if "/" not in word or path.is_absolute() or path.parts[0] in {PurePath(copied).name for copied in inputs}:
        return word
    here = absolute(word)
    return here if Path(here).is_file() else word


def _check_types(part: JobSpec | list[Share], kind: type[JobSpec] | type[list[Share]]) -> None:
    """The constructors take anything; the store, and other programs that read it, do not."""
    try:
        convert(to_builtins(part), kind)
    except (TypeError, ValidationError) as error:
        raise UsageError(f"no job can be made of this: {error}") from error


def _check_text(what: str, words: Iterable[str]) -> None:
    if any("\0" in word for word in words):
        raise UsageError(f"the {what} holds a NUL character, which no program can be given")


def _check_environment(environment: Mapping[str, str]) -> None:
    for name in environment:
        if not name or "=" in name:
            raise UsageError(f"{shortened(name)!r} is no name of an environment variable; expected one without '='")
    _check_text("environment", (*environment, *environment.values()))
