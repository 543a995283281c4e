"""What is submitted: texts for a POSIX shell. This is the one place where data become part of such a text, quoted."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ganga.backends.base import Submission
from ganga.backends.batch.dialect import Variables
from ganga.model.ids import number_and_index, shortened

_SCRIPTS: Final = Path(__file__).with_name("sh")
_ENV: Final = "/usr/bin/env"

#: Variables of whoever submits that mean something only where that was.
_PERSONAL: Final = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "DISPLAY", "SSH_TTY", "TERM"})


def constant(name: str) -> str:
    """The text of one of our own scripts; blocking, and soon done."""
    return (_SCRIPTS / f"{name}.sh").read_text(encoding="ascii")


def refusal(job: Submission) -> str | None:
    """Why no script can be made for this job; None if one can."""
    command = _command(job)
    if not command or not command[0]:
        return "the command is empty; name a program"
    if "=" in command[0]:
        return f"the program {shortened(command[0])!r} has an '=' in its name; call it by another one"
    environment = _environment(job)
    texts = (*command, *environment, *environment.values())
    wrong = next((text for text in texts if "\0" in text or not _encodable(text)), None)
    if wrong is not None:
        return f"{shortened(wrong)!r} contains characters that no command or environment may have"
    wrong = next((name for name in environment if not name or "=" in name), None)
    return None if wrong is None else f"{shortened(wrong)!r} is no name of an environment variable"


def job_script(folder: PurePosixPath, variables: Variables) -> bytes:
    """What the system runs for each task of a batch."""
    words = (f'"{word}"' for word in (variables.index, variables.restart, variables.job))
    launcher = shlex.quote(str(folder / "launch.sh"))
    return os.fsencode(f"#!/bin/sh\nexec /bin/sh {launcher} {shlex.quote(str(folder))} {' '.join(words)}\n")


def task_script(jobs: Sequence[Submission], inherited: Mapping[str, str], variables: Variables) -> bytes:
    """What the launcher runs for each task, with its index as the only argument: the program takes its place."""
    base = {name: value for name, value in inherited.items() if _is_passed_on(name, variables)}
    cases = (f"{index}) set -- {_words(_call(job))} ;;\n" for index, job in enumerate(jobs))
    lines = (
        "cd -P work || exit 125\n",
        "case $1 in\n",
        *cases,
        '*) echo "there is no task $1" >&2; exit 125 ;;\n',
        "esac\n",
        f'exec {_words([_ENV, *_assignments(base), *_assignments(jobs[0].spec.environment)])} "$@"\n',
    )
    return os.fsencode("".join(lines))


def program(job: Submission) -> str:
    """The words that run one job by itself, with its environment."""
    return _words([_ENV, *_assignments(job.spec.environment), *_call(job)])


def _call(job: Submission) -> list[str]:
    """With at least one assignment in front, so that no program is taken for an option."""
    return [_ENV, *_assignments(_own(job)), *_command(job)]


def _command(job: Submission) -> tuple[str, ...]:
    return job.spec.command + job.share.arguments


def _own(job: Submission) -> dict[str, str]:
    """What one subjob has to itself."""
    number, index = number_and_index(job.job)
    own = {"GANGA_JOB_ID": str(number)} | ({} if index is None else {"GANGA_SUBJOB_INDEX": str(index)})
    return {**job.share.environment, **own}


def _environment(job: Submission) -> dict[str, str]:
    return {**job.spec.environment, **job.share.environment}


def _assignments(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items()]


def _is_passed_on(name: str, variables: Variables) -> bool:
    return name not in _PERSONAL and not name.startswith(variables.prefixes)


def _words(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))


def _encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True
