"""What the commands share that write a request and see to it that it is carried out."""

import sys
from collections.abc import Sequence

import msgspec

from ganga.cli.parsing import Parser, add_jobs, status
from ganga.cli.words import plural
from ganga.client import Client
from ganga.errors import UsageError
from ganga.model.ids import JobId
from ganga.model.status import FINAL, JobStatus


class Choice(msgspec.Struct, frozen=True):
    """Which jobs: those named, or those that meet all conditions."""

    jobs: tuple[JobId, ...]
    all: bool
    status: tuple[JobStatus, ...]
    name: str | None
    target: str | None
    yes: bool


def configure_choice(parser: Parser) -> None:
    """Declare the ways to choose jobs."""
    add_jobs(parser, optional=True)
    parser.flag("--all", help="all jobs that can be meant")
    parser.option("--status", metavar="S", type=status, action="append", default=[], help="those with this status")
    parser.option("--name", metavar="PATTERN", help="those with a name like this: 'fit-*'")
    parser.option("--target", metavar="T", help="those of this target")
    parser.flag("--yes", help="do not ask")


async def chosen(client: Client, choice: Choice, *, among: frozenset[JobStatus], verb: str) -> list[JobId]:
    """The jobs meant. Asks before a choice by conditions is acted on. Raises `UsageError`."""
    conditions = bool(choice.all or choice.status or choice.name or choice.target)
    if conditions and choice.jobs:
        raise UsageError("jobs are named and chosen by conditions at once; do either")
    if not conditions:
        if not choice.jobs:
            raise UsageError(f"no job to {verb} is named; give ids, or --all, --status, --name or --target")
        return list(choice.jobs)
    statuses = frozenset(choice.status) or among
    found = client.select(status=statuses, name=choice.name, target=choice.target or ())
    jobs = [record.id async for record in found]
    return jobs if not jobs or choice.yes or _confirmed(jobs, verb) else []


def _confirmed(jobs: Sequence[JobId], verb: str) -> bool:
    """Ask a person."""
    if not sys.stdin.isatty():
        raise UsageError(f"this would {verb} {plural(len(jobs), 'job')}, and there is no terminal to ask; add --yes")
    print(f"{verb} {plural(len(jobs), 'job')} ({jobs[-1]} to {jobs[0]})? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


LIVE = frozenset(JobStatus) - FINAL
"""The statuses of jobs that can be killed."""

IDLE = FINAL | {JobStatus.NEW}
"""The statuses of jobs that can be removed."""

AGAIN = FINAL - {JobStatus.COMPLETED}
"""The statuses of jobs that ended badly."""
