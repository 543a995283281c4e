"""Stores, disks and requests of unusual kinds: each ends as one sentence, and nothing is lost."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import ganga
from ganga.model.ids import TargetName
from ganga.model.job import JobRecord
from ganga.monitor.process import Process, describe
from tests.cli.conftest import Ganga
from tests.effort import Effort

Jobs = Callable[..., list[JobRecord]]


@pytest.fixture
def looked_after() -> None:
    """The local target has a monitor, on another machine: commands here have no words of their own about it."""

    async def take() -> None:
        async with ganga.open(monitor=False) as client:
            elsewhere = Process(host="elsewhere.example", boot="b", pid=1, started="1")
            assert await client.store.acquire(TargetName("local"), describe(elsewhere)) is not None

    asyncio.run(take())


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """The home on a disk of one megabyte."""
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(file, bytes(4096)):
            pass
    os.close(file)


@pytest.mark.usefixtures("small_disk", "looked_after")
def test_a_full_disk_loses_nothing_and_is_said(cli: Ganga, jobs: Jobs, home: Path, tmp_path: Path) -> None:
    jobs("before")
    large = tmp_path / "large"
    large.write_bytes(bytes(2_000_000))
    refused = cli("submit", "--input", str(large), "true")
    assert (refused.code, refused.out, refused.err.count("\n")) == (3, "", 1)
    assert "full" in refused.err
    fill(home / "ballast")
    refused = cli("submit", "--name", "x" * 100_000, "true")
    assert (refused.code, refused.out) == (3, "")
    assert "Traceback" not in refused.err
    (home / "ballast").unlink()
    assert [line["name"] for line in cli("list", "--json").objects] == ["before"]
    jobs("after")
    assert [line["name"] for line in cli("list", "--json").objects] == ["after", "before"]


def test_a_store_of_a_newer_ganga_is_left_alone(cli: Ganga, home: Path) -> None:
    cli("list")
    with sqlite3.connect(home / "ganga.sqlite") as database:
        database.execute("PRAGMA user_version = 1000")
    database.close()
    result = cli("list")
    assert (result.code, result.out, result.err.count("\n")) == (3, "", 1)
    assert "1000" in result.err
    assert "upgrade" in result.err


def test_a_locked_store_is_said_to_be_locked(cli: Ganga, home: Path) -> None:
    cli("list")
    database = sqlite3.connect(home / "ganga.sqlite", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    result = cli("targets", "pause", "local")
    database.execute("ROLLBACK")
    database.close()
    assert (result.code, result.out, result.err.count("\n")) == (3, "", 1)
    assert cli("targets", "pause", "local").code == 0


def test_a_hundred_thousand_subjobs_are_listed_at_once(cli: Ganga, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted, which takes a few dozen steps for each, and those that are shown are read."""
    jobs("many", subjobs=100_000)
    effort = Effort(monkeypatch)
    assert len(cli("list", "--subjobs", "--limit", "50").out.splitlines()) == 51
    assert "0/100,000" in cli("list").out
    assert 0 < effort.steps < 50 * 100_000
    assert 0 < effort.records < 200
    assert cli("list", "--parent", "1", "--after", "1.99998", "--json").objects[0]["id"] == "1.99999"
    assert cli("show", "1.100000").code == 2


@pytest.mark.parametrize(
    "name", ["two\nlines", "\x1b[2J", "🎉" * 100, "x" * 10_000, "", " ", "-n", "'; DROP TABLE jobs"]
)
def test_a_name_may_be_anything(cli: Ganga, jobs: Jobs, name: str) -> None:
    jobs(name)
    assert cli("list", "--json").objects[0]["name"] == name
    for command in (["list"], ["show", "1"], ["events"]):
        result = cli(*command)
        assert (result.code, result.err) == (0, "")
        assert "\x1b" not in result.out
