"""``ganga store``: what it holds, where it is, and what has left it."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from tests.cli.conftest import Ganga, Save

Jobs = Callable[..., list[JobRecord]]

LONG_AGO = Utc(1e9)


@pytest.fixture
def old_jobs(jobs: Jobs, save: Save) -> list[JobRecord]:
    """Three jobs, of which the first two have ended; the first two events are old."""
    records = jobs("one", "two", "three")
    done = [replace(record, status=JobStatus.FAILED, ended_at=LONG_AGO, reason="no\nluck") for record in records[:2]]
    save(*done, state=TargetState(name=records[0].target))
    return done


def test_it_says_what_the_store_holds(cli: Ganga, old_jobs: list[JobRecord], home: Path) -> None:
    assert old_jobs
    result = cli("store", "check")
    assert result.code == 0
    assert [line.split()[:2] for line in result.out.splitlines()] == [
        ["jobs", "3"],
        ["events", "3"],
        ["targets", "1"],
        ["store", "1"],
    ]
    own, named = cli("store", "check", "--json"), cli("store", "check", "--json", str(home / "ganga.sqlite"))
    assert own.objects == named.objects
    assert not own.err


def test_a_store_is_moved_and_the_old_one_says_where_it_is(
    cli: Ganga, old_jobs: list[JobRecord], home: Path, tmp_path: Path
) -> None:
    old, new = str(home / "ganga.sqlite"), str(tmp_path / "new.sqlite")
    before = cli("store", "check", "--json").out
    moved = cli("store", "move", "--json", old, new)
    assert (moved.code, moved.out) == (0, before)
    assert moved.err == f"moved; name {new} in the settings, [store] file\n"
    refused = cli("list")
    assert refused.code == 3
    assert f"was moved to {new}; name that in the settings" in refused.err
    assert cli("store", "check", "--json", old, new).out == before
    assert cli("store", "move", old, new).code == 2
    assert cli("store", "reopen", old).code == 0
    assert len(cli("list", "--json").objects) == len(old_jobs) + 1
    again = cli("store", "reopen", old)
    assert again.code == 2
    assert "takes part in no move" in again.err


def test_stores_that_differ_are_told(cli: Ganga, old_jobs: list[JobRecord], home: Path, tmp_path: Path) -> None:
    assert old_jobs
    assert cli("store", "move", str(home / "ganga.sqlite"), str(tmp_path / "new.sqlite")).code == 0
    assert cli("store", "reopen", str(home / "ganga.sqlite")).code == 0
    assert cli("kill", "3").code == 0
    result = cli("store", "check", str(home / "ganga.sqlite"), str(tmp_path / "new.sqlite"))
    assert result.code == 3
    assert "the events differ; if a move has ended so" in result.err


def test_old_jobs_go_to_an_archive_and_come_back(cli: Ganga, old_jobs: list[JobRecord], tmp_path: Path) -> None:
    before = cli("store", "check").out
    file = str(tmp_path / "old.gz")
    result = cli("store", "archive", file, "--older-than", "0", "--json")
    assert result.code == 0
    assert result.objects == [{"jobs": 2, "subjobs": 0, "events": 3, "stayed": 0}]
    assert [row["id"] for row in cli("list", "--json").objects] == ["3"]
    assert [row["id"] for row in cli("store", "archived", file, "--json").objects] == ["2", "1"]
    listed = cli("store", "archived", file)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["2", "1"]
    assert "local failed one (no\\nluck)" in listed.out
    shown = cli("store", "archived", file, "--job", "1", "--json").objects
    assert (shown[0]["name"], shown[1]["kind"]) == ("one", "job_created")
    assert shown[0]["specification"]
    assert "job 1 job created" in cli("store", "archived", file, "--job", "1").out
    assert cli("store", "restore", file).out == "restored 2 jobs with 0 subjobs, 3 events\n"
    assert cli("store", "check").out == before
    assert len(old_jobs) == 2


def test_what_is_not_in_an_archive_is_told(cli: Ganga, old_jobs: list[JobRecord], tmp_path: Path) -> None:
    file = tmp_path / "old.gz"
    assert old_jobs
    archived = cli("store", "archive", "--older-than", "0", str(file))
    assert archived.out == "archived 2 jobs with 0 subjobs, 3 events\n"
    missing = cli("store", "archived", str(file), "--job", "9")
    assert missing.code == 2
    assert "there is nothing about job 9" in missing.err
    file.write_bytes(file.read_bytes()[:-20])
    damaged = cli("store", "archived", str(file))
    assert damaged.code == 3
    assert "was cut or changed" in damaged.err
    absent = cli("store", "archived", str(tmp_path / "none.gz"))
    assert absent.code == 3
    assert "none.gz: No such file" in absent.err


def test_readers_are_told_what_was_archived(cli: Ganga, old_jobs: list[JobRecord], tmp_path: Path) -> None:
    assert old_jobs
    assert cli("store", "archive", str(tmp_path / "old.gz"), "--older-than", "0").code == 0
    assert cli("kill", "3").code == 0
    result = cli("events", "--json")
    assert result.objects[0]["seq"] == 4
    assert result.err == "ganga: the events up to 3 were archived\n"
    behind = cli("events", "--after", "1")
    assert behind.code == 2
    assert "those up to 3 were archived; read on behind 3" in behind.err
    assert not cli("events", "--after", "3").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("burn",), "'burn' cannot be done with a store; expected one of check, move, reopen, archive"),
        (("move", "here"), "'ganga store move' takes 2 places, not 1"),
        (("check", "a", "b", "c"), "'ganga store check' takes 0 to 2 places, not 3"),
        (("archive", "x.gz"), "--older-than DAYS belongs to 'ganga store archive', which needs it"),
        (("restore", "x.gz", "--older-than", "3"), "--older-than DAYS belongs to"),
        (("restore", "x.gz", "--job", "3"), "--job ID belongs to 'ganga store archived'"),
        (("move", "x", "mysql://ada:secret@host/x"), "there is no store at"),
        (("check", "mysql://ada:secret@host/x"), "there is no kind of store for mysql://...; expected"),
    ],
)
def test_words_that_make_no_sense_are_told(cli: Ganga, words: tuple[str, ...], told: str) -> None:
    result = cli("store", *words)
    assert result.code in {2, 3}
    assert told in result.err
    assert "secret" not in result.err


def test_a_store_is_not_moved_onto_itself(cli: Ganga, old_jobs: list[JobRecord], home: Path) -> None:
    assert old_jobs
    here = str(home / "ganga.sqlite")
    assert "cannot be moved to where it is" in cli("store", "move", here, here).err
    assert cli("list").code == 0


def test_a_bar_is_shown_on_a_terminal(old_jobs: list[JobRecord], tmp_path: Path) -> None:
    assert old_jobs[0].id == JobId("1")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ganga", "store", "archive", str(tmp_path / "old.gz"), "--older-than", "0"]
    subprocess.run(command, stderr=theirs, stdout=subprocess.PIPE, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000)
    os.close(ours)
    assert b"deleting" in shown
