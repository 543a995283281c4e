"""``ganga fetch``: bring the output of a job home, or copy it to another folder."""

import asyncio
import shutil
from pathlib import Path

import msgspec

import ganga
from ganga.cli.parsing import Namespace, Parser, add_jobs, read_options
from ganga.errors import UsageError
from ganga.model.ids import JobId


class Options(msgspec.Struct, frozen=True):
    """Whose output, and where to."""

    job: JobId
    to: Path | None


def configure(parser: Parser) -> None:
    """Declare its options."""
    add_jobs(parser, many=False)
    parser.option("--to", metavar="FOLDER", type=Path, help="copy it there; the folder must not be there yet")


def execute(namespace: Namespace) -> int:
    """Print the folder with the output."""
    return asyncio.run(_fetch(read_options(namespace, Options)))


async def _fetch(options: Options) -> int:
    async with ganga.open(monitor=False) as client:
        folder = await client.fetch(options.job)
    if options.to is not None:
        folder = _copied(folder, options.to)
    print(folder)
    return 0


def _copied(folder: Path, to: Path) -> Path:
    """A copy that appears whole or not at all."""
    if to.exists():
        raise UsageError(f"{to} is there already; name a new folder with --to")
    part = to.with_name(f".{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        shutil.copytree(folder, part)
        part.rename(to)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return to
