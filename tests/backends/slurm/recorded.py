"""Replies of real Slurms, and replies as they would be."""

from pathlib import Path

from ganga.backends.batch.shell import Command, Reply
from ganga.backends.slurm import accounting, queue
from ganga.backends.slurm.table import SEPARATOR
from ganga.model.ids import NativeId
from ganga.model.observation import Observation
from tests.backends.batch.listings import said_of

VERSIONS = ("22.05", "23.11", "24.11", "25.11")
_FOLDER = Path(__file__).with_name("replies")


def recorded(version: str, name: str) -> str:
    return (_FOLDER / version / f"{name}.txt").read_text()


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "squeue") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode(), error.encode())


def queue_row(job: str, state: str, *, restart: int = 0, code: str = "0", reason: str = "None") -> str:
    row = (job, state, str(restart), code, "100", "200", reason, "name")
    return "".join(f"{field}{SEPARATOR}" for field in row)


def queue_reply(*rows: str) -> Reply:
    return said("\n".join(["".join(f"{title}{SEPARATOR}" for title in queue.TITLES), *rows, ""]))


def history_row(job: str, state: str, *, code: str = "0:0", submit: str = "100", start: str = "110") -> str:
    return SEPARATOR.join((job, state, code, submit, start, "200", "None", "name"))


def history_reply(*rows: str) -> Reply:
    return said("\n".join([SEPARATOR.join(accounting.TITLES), *rows, ""]), program="sacct")


def in_queue(version: str, name: str) -> dict[str, dict[NativeId, Observation]]:
    """What the recorded queue says, by the names of the jobs."""
    by_name: dict[str, dict[NativeId, Observation]] = {}
    for native_id, entry in queue.read(said(recorded(version, name))).items():
        by_name.setdefault(entry.name, {})[native_id] = said_of(entry)
    return by_name


def in_history(version: str, name: str) -> dict[str, dict[NativeId, Observation]]:
    """What the recorded history says, by the names of the jobs."""
    by_name: dict[str, dict[NativeId, Observation]] = {}
    for native_id, entry in (accounting.read(said(recorded(version, name))) or {}).items():
        by_name.setdefault(entry.name, {})[native_id] = said_of(entry)
    return by_name
