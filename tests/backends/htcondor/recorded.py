"""Replies of a real HTCondor."""

import json
from pathlib import Path

from ganga.backends.batch.shell import Command, Reply

_FOLDER = Path(__file__).with_name("replies") / "23.9"


def recorded(name: str) -> str:
    return (_FOLDER / name).read_text()


def events_of(name: str) -> list[bytes]:
    """Those of an event log."""
    return [event.encode() for event in recorded(name).removesuffix("...\n").split("\n...\n")]


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "condor_q") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode(), error.encode())


def told(**attributes: object) -> Reply:
    """What condor_q would say of one job with these attributes."""
    ad = {"ClusterId": 1, "ProcId": 0, "JobStatus": 2} | attributes
    return said(f"[\n{json.dumps(ad)}\n]\n")
