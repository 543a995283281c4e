"""Write the record of a job, so that it is there whole or not at all; blocking, to be called in a thread."""

import os
import re
from contextlib import suppress
from typing import Final

import msgspec

from ganga.backends.base import Submission
from ganga.backends.local import spool
from ganga.model.ids import number_and_index, shortened
from ganga.model.resources import beyond

_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def refusal(job: Submission) -> str | None:
    """Why this job cannot be taken; None if it can."""
    if _TAG.fullmatch(job.tag) is None:
        return f"the tag {shortened(job.tag)!r} is not made of letters, digits, dots, dashes and underscores"
    command = job.spec.command + job.share.arguments
    if not command or not command[0]:
        return "the command is empty; name a program"
    if strange := beyond(job.spec.resources, "a job on this machine"):
        return strange
    environment = {**job.spec.environment, **job.share.environment}
    for text in (*command, *environment, *environment.values()):
        if "\0" in text or not _encodable(text):
            return f"{shortened(text)!r} contains characters that no command or environment may have"
    wrong = next((name for name in environment if not name or "=" in name), None)
    return None if wrong is None else f"{shortened(wrong)!r} is no name of an environment variable"


def write_job(places: spool.Places, job: Submission) -> None:
    """Write the record of the job, unless it is there. Raises `OSError`."""
    record = places.record(job.tag)
    if os.path.exists(record):
        return
    prepared = places.record(f".{job.tag}.{os.getpid()}")
    spool.write_bytes(prepared, msgspec.json.encode(_order(job)) + b"\n")
    # Not by a rename: a monitor that wakes up late would put a fresh record in the place of one that has a story.
    with suppress(FileExistsError):
        os.link(prepared, record)
    os.unlink(prepared)


def _order(job: Submission) -> dict[str, object]:
    """The fields of `ganga.backends.local.job.Order`."""
    number, index = number_and_index(job.job)
    own = {"GANGA_JOB_ID": str(number)} | ({} if index is None else {"GANGA_SUBJOB_INDEX": str(index)})
    return {
        "command": job.spec.command + job.share.arguments,
        "environment": {**job.spec.environment, **job.share.environment, **own},
        "base": None if job.environment is None else str(job.environment),
        "folder": job.spec.folder,
        "inputs": job.share.inputs,
        "copies": None if job.inputs is None else str(job.inputs),
    }


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
