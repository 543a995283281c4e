"""Job descriptions in DIRAC's JDL: one for a job, or a parametric one for many.

DIRAC's own reader of JDL knows no escapes: a quotation mark, a semicolon or a bracket ends what it stands in, wherever
it stands, and lists lose their blanks. What follows the program is read by a shell on the worker node. So a command
goes as it is where it is harmless, and otherwise as base64 that a shell decodes.
"""

import re
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Final

from ganga.backends.base import Stream, Submission
from ganga.backends.dirac.settings import Settings
from ganga.errors import ConfigurationError
from ganga.model.ids import number_and_index, shortened
from ganga.model.job import unreachable
from ganga.model.resources import beyond

Value = str | int | tuple[str, ...]

#: Characters of a command with its environment, encoded; DIRAC's tables hold little more in one description.
LARGEST: Final = 60_000

#: What neither the reader of JDL nor parametric jobs take for anything else than text.
_HARMLESS: Final = re.compile(r"[A-Za-z0-9 _./:=+@,|'-]*")
#: The same for a member of a list.
_WORD: Final = re.compile(r"[A-Za-z0-9_./:=+@|*?-]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: JobName is a column of 128 characters.
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

#: What DIRAC has words for that every server of it heeds.
_RESOURCES: Final = frozenset({"processors", "time"})

_ENV: Final = "/usr/bin/env"
_SHELL: Final = "/bin/sh"
#: No quotation marks are at hand: without separators and patterns, what is decoded stays one word until `eval` reads
#: it.
_DECODE: Final = "-c 'set -f && IFS= && eval $(echo {} | base64 -d)'"


def refusal(job: Submission) -> str | None:
    """Why this job cannot be taken; None if it can."""
    if _TAG.fullmatch(job.tag) is None:
        return f"the tag {shortened(job.tag)!r} is not made of up to 128 letters, digits, dots, dashes and underscores"
    if not _command(job) or not _command(job)[0]:
        return "the command is empty; name a program"
    if strange := beyond(job.spec.resources, "DIRAC", _RESOURCES) or unreachable(job.spec, "a job on DIRAC"):
        return strange
    return _wrong_text(job) or _wrong_output(job) or _too_large(job)


def description(job: Submission, sandbox: str | None, settings: Settings) -> str:
    """The JDL of one job that `refusal` has nothing against; its tag is its name. Raises `ConfigurationError`."""
    program, arguments = _call(job)
    return _jdl({"JobName": job.tag, "Executable": program, "Arguments": arguments}, job, sandbox, settings)


def parametric(jobs: Sequence[Submission], sandbox: str | None, settings: Settings) -> str:
    """One JDL for several jobs with the same outputs and input sandbox; see `description`."""
    own: dict[str, Value] = {
        "JobName": "%(tag)s",
        "Executable": _SHELL,
        "Arguments": _DECODE.format("%s"),
        "Parameters": tuple(map(_encoded, jobs)),
        "Parameters.tag": tuple(job.tag for job in jobs),
    }
    return _jdl(own, jobs[0], sandbox, settings)


def _jdl(own: Mapping[str, Value], job: Submission, sandbox: str | None, settings: Settings) -> str:
    attributes = {
        **_wishes(settings),
        **_needs(job),
        **own,
        "StdOutput": Stream.STDOUT.value,
        "StdError": Stream.STDERR.value,
        "OutputSandbox": (Stream.STDOUT.value, Stream.STDERR.value, *job.spec.outputs),
    }
    if sandbox is not None:
        attributes["InputSandbox"] = (sandbox,)
    return "[\n" + "".join(f"  {name} = {_written(value)};\n" for name, value in attributes.items()) + "]"


def _wishes(settings: Settings) -> dict[str, Value]:
    """What the site asks for all its jobs."""
    wishes: dict[str, Value] = {
        **settings.attributes,
        "JobType": settings.job_type,
        "JobGroup": settings.job_group,
        "Priority": settings.priority,
        "CPUTime": settings.cpu_time,
        "Site": settings.sites,
        "BannedSites": settings.banned_sites,
        "Platform": settings.platform,
        "Tags": settings.tags,
    }
    for name, value in wishes.items():
        words = value if isinstance(value, tuple) else (str(value),)
        if _VARIABLE.fullmatch(name) is None or not all(map(_HARMLESS.fullmatch, words)):
            raise ConfigurationError(
                f"{shortened(name)} = {shortened(str(value))!r} cannot be written into a job description of DIRAC; "
                "use letters, digits and the characters _ . / : = + @ , | ' -"
            )
    return {name: value for name, value in wishes.items() if value or name == "Priority"}


def _needs(job: Submission) -> dict[str, Value]:
    """DIRAC counts the time of all processors together; a whole job of one processor takes no more than its time."""
    needs: dict[str, Value] = {}
    wish = job.spec.resources
    if wish.processors is not None:
        needs["NumberOfProcessors"] = wish.processors
    if wish.time is not None:
        needs["CPUTime"] = wish.time * (wish.processors or 1)
    return needs


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(f'"{word}"' for word in value) + "}"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _call(job: Submission) -> tuple[str, str]:
    """The program and its arguments as they stand in the JDL."""
    assignments = [f"{name}={value}" for name, value in _environment(job).items()]
    arguments = shlex.join([*assignments, *_command(job)])
    if _HARMLESS.fullmatch(arguments) and "=" not in _command(job)[0]:
        return _ENV, arguments
    return _SHELL, _DECODE.format(_encoded(job))


def _encoded(job: Submission) -> str:
    """The command with its environment, as a line of the shell, in base64."""
    exports = (f"export {name}={shlex.quote(value)}; " for name, value in _environment(job).items())
    return b64encode(f"{''.join(exports)}exec {shlex.join(_command(job))}".encode()).decode()


def _command(job: Submission) -> tuple[str, ...]:
    return job.spec.command + job.share.arguments


def _environment(job: Submission) -> dict[str, str]:
    number, index = number_and_index(job.job)
    own = {"GANGA_JOB_ID": str(number)} | ({} if index is None else {"GANGA_SUBJOB_INDEX": str(index)})
    return {**job.spec.environment, **job.share.environment, **own}


def _wrong_text(job: Submission) -> str | None:
    environment = _environment(job)
    for text in (*_command(job), *environment.values()):
        if "\0" in text or not _encodable(text):
            return f"{shortened(text)!r} contains characters that no command or environment may have"
    wrong = next((name for name in environment if _VARIABLE.fullmatch(name) is None), None)
    return None if wrong is None else f"{shortened(wrong)!r} is no name of an environment variable"


def _wrong_output(job: Submission) -> str | None:
    wrong = next((pattern for pattern in job.spec.outputs if _WORD.fullmatch(pattern) is None), None)
    if wrong is None:
        return None
    return f"the output {shortened(wrong)!r} cannot be told to DIRAC; use letters, digits and _ . / : = + @ | * ? -"


def _too_large(job: Submission) -> str | None:
    size = len(_encoded(job))
    if size <= LARGEST:
        return None
    return (
        f"the command and its environment make {size:,} bytes of a job description, and DIRAC takes {LARGEST:,}; "
        "move what is long into an input file"
    )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
