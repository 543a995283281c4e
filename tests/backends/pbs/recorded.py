"""Replies of a real OpenPBS, and replies as its manual has them."""

import json
from collections.abc import Mapping
from pathlib import Path

from ganga.backends.batch.shell import Command, Reply
from ganga.model.ids import NativeId

_FOLDER = Path(__file__).with_name("replies")

Fields = Mapping[str, str | int]


def recorded(name: str) -> str:
    return (_FOLDER / name).read_text()


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "qstat") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode(), error.encode())


def told(jobs: Mapping[NativeId, Fields]) -> str:
    """What qstat would say of jobs by their ids; of none it says nothing at all."""
    head: dict[str, object] = {"timestamp": 1795340143, "pbs_version": "23.06.06", "pbs_server": "vm"}
    return json.dumps(head | ({"Jobs": dict(jobs)} if jobs else {}), indent="\t")
