"""How a batch is noted as a job, whoever else does so, and whenever it is killed."""

import os
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.evidence import Trace, Word, read_standing
from ganga.backends.batch.script import constant
from ganga.backends.batch.shell import Command, Reply


def begin_to_accept(work: Path, batch: str, job: str) -> subprocess.Popen[bytes]:
    words = ["/bin/sh", "-c", constant("accept"), "ganga-accept", str(work), batch, job]
    return subprocess.Popen(words, start_new_session=True)


def accept(work: Path, batch: str, job: str) -> None:
    assert begin_to_accept(work, batch, job).wait(60) == 0


@pytest.fixture
def work(tmp_path: Path) -> Path:
    for batch in ("one", "two"):
        (tmp_path / "batches" / batch).mkdir(parents=True)
    return tmp_path


def leads_to(work: Path, job: str) -> str:
    return (work / "ids" / job).resolve().name


def test_a_number_that_is_used_again_leads_to_the_newer_batch(work: Path) -> None:
    accept(work, "one", "7")
    accept(work, "two", "7")
    assert leads_to(work, "7") == "two"
    assert (work / "batches" / "two" / "job").read_text() == "7\n"
    assert not list((work / "batches" / "one").glob("*two*"))


def test_two_at_once_are_as_good_as_one(work: Path) -> None:
    for number in range(20):
        both = [begin_to_accept(work, "one", str(number)) for _ in range(2)]
        assert [process.wait(60) for process in both] == [0, 0]
        assert leads_to(work, str(number)) == "one"


def test_one_that_is_killed_takes_nothing_away(work: Path) -> None:
    accept(work, "one", "7")
    chance = Random(41)
    for _ in range(40):
        process = begin_to_accept(work, "one", "7")
        time.sleep(chance.uniform(0.0, 0.006))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        assert leads_to(work, "7") == "one"
        assert (work / "batches" / "one" / "job").read_text() == "7\n"


def standings(work: Path, *lines: str) -> dict[Place, Word]:
    words = ["/bin/sh", "-c", constant("standing"), "ganga-standing", str(work)]
    done = subprocess.run(words, input="".join(f"{line}\n" for line in lines).encode(), capture_output=True, check=True)
    return dict(read_standing(Reply(Command(("sh",)), 0, done.stdout, done.stderr)))


@pytest.mark.parametrize("said", [None, "", "end", "ended 0 1 2 0"])
def test_a_file_that_is_not_whole_is_no_word_that_a_task_has_not_begun(work: Path, said: str | None) -> None:
    """A machine that crashes, and a full disk, leave such."""
    accept(work, "one", "7")
    (work / "batches" / "one" / "tags").touch()
    (work / "batches" / "one" / "0").mkdir()
    if said is not None:
        (work / "batches" / "one" / "0" / "status").write_text(said)
    assert standings(work, "7 0", "7 1", "8 0") == {
        Place("7", 0): Trace.BEGUN,
        Place("7", 1): Trace.NOT_BEGUN,
        Place("8", 0): Trace.NONE,
    }


def told_of_batches(work: Path, *, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    words = ["/bin/sh", "-c", constant("batches"), "ganga-batches", str(work)]
    return subprocess.run(words, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_batches_of_one_task_are_told_without_a_process(work: Path) -> None:
    """There may be thousands of them, and one question has to be answered in seconds."""
    (work / "batches" / "one" / "tags").write_text("ganga-1\n")
    (work / "batches" / "one" / "job").write_text("7\n")
    (work / "batches" / "two" / "tags").write_text("ganga-2\n")
    told = told_of_batches(work, path="/nowhere")
    assert told.stdout == "batch one 7\nloose\ntag ganga-1\nbatch two -\ntag ganga-2\nend\n"


def test_tags_that_cannot_be_read_are_not_left_out(work: Path) -> None:
    """Their jobs would count as never submitted, and be submitted again."""
    (work / "batches" / "one" / "tags").write_text("ganga-1.0\nganga-1.1\nganga-1.2\n")
    assert told_of_batches(work).stdout == "batch one -\ntag ganga-1.0\ntag ganga-1.1\ntag ganga-1.2\nend\n"
    assert told_of_batches(work, path="/nowhere").returncode != 0


def test_a_job_that_was_noted_in_half_is_not_known(work: Path) -> None:
    (work / "batches" / "one" / "tags").write_text("ganga-1\n")
    (work / "batches" / "one" / "job").touch()
    assert told_of_batches(work).stdout == "batch one -\ntag ganga-1\nend\n"
