"""The file: whole or not there, and read only as it was written."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganga.errors import StoreDamaged, UsageError
from ganga.model.clock import Utc
from ganga.model.ids import Seq
from ganga.store import archive
from ganga.store.archive import Ending, Heading
from ganga.store.portion import Portion
from tests.store.stored import portions

HEADING = Heading(store="01234567", before=Utc(0.0), as_of=Seq(9), after=Seq(0), up_to=Seq(3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "old.gz"


def write(path: Path, held: Portion) -> None:
    with archive.writing(path) as writer:
        writer.add(heading=HEADING)
        writer.add(jobs=held.jobs, events=held.events)


@given(held=portions())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(held: Portion, path: Path) -> None:
    path.unlink(missing_ok=True)
    write(path, held)
    heading, ending = archive.check(path)
    whole = sum(job.spec is not None for job in held.jobs)
    assert heading == HEADING
    assert ending == Ending(jobs=whole, subjobs=len(held.jobs) - whole, events=len(held.events), digest=ending.digest)
    lines = list(archive.lines(path))
    assert tuple(line.job for line in lines if line.job) == held.jobs
    assert tuple(line.event for line in lines if line.event) == held.events
    assert path.stat().st_mode & 0o777 == 0o600


@given(held=portions(), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_cut_or_changed_is_noticed(held: Portion, data: st.DataObject, path: Path) -> None:
    path.unlink(missing_ok=True)
    write(path, held)
    text = gzip.decompress(path.read_bytes())
    place = data.draw(st.integers(0, len(text) - 1))
    changed = data.draw(st.sampled_from([text[:place], text[:place] + b"#" + text[place + 1 :], text + b"{}\n"]))
    path.write_bytes(gzip.compress(changed))
    if changed != text:
        with pytest.raises(StoreDamaged, match=r"old\.gz is not an archive of .*ganga, or it was cut or changed"):
            archive.check(path)


@pytest.mark.parametrize(("was", "becomes"), [(b"}}\n", b"}}"), (b'"ending":{"jobs"', b'"ending":{"#obs"')])
def test_a_last_line_that_says_the_same_in_other_words_is_noticed(path: Path, was: bytes, becomes: bytes) -> None:
    write(path, Portion())
    begin, _, end = gzip.decompress(path.read_bytes()).rpartition(was)
    path.write_bytes(gzip.compress(begin + becomes + end))
    with pytest.raises(StoreDamaged, match="or it was cut or changed"):
        archive.check(path)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"no archive", gzip.compress(b"[]\n"), gzip.compress(b"\xff\n")])
def test_other_files_are_no_archives(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="is not an archive of"):
        archive.check(path)


def test_a_failure_leaves_nothing_behind(path: Path) -> None:
    def fail() -> None:
        with archive.writing(path) as writer:
            writer.add(heading=HEADING)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(path.parent.iterdir()) == []


def test_a_file_that_is_there_is_not_touched(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"there is .*old\.gz already"), archive.writing(path):
        pass
    path.unlink()
    with pytest.raises(UsageError, match="has come to be meanwhile"), archive.writing(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert list(path.parent.iterdir()) == [path]


def test_two_do_not_write_one_archive(path: Path) -> None:
    with (
        archive.writing(path),
        pytest.raises(UsageError, match="another process is writing"),
        archive.writing(path),
    ):
        pass
    assert path.exists()


def test_what_a_killed_process_left_is_no_hindrance(path: Path) -> None:
    partial = path.with_name(".old.gz.partial")
    partial.write_text("a part of something longer than what comes")
    write(path, Portion())
    assert archive.check(path)[1].jobs == 0
    # Killed between giving the name and taking away the other, and moved to a safe place since.
    safe = path.with_name("safe.gz")
    path.rename(safe)
    os.link(safe, partial)
    content = safe.read_bytes()
    write(path, Portion())
    assert safe.read_bytes() == content
    assert sorted(path.parent.iterdir()) == [path, safe]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_open_for_others_is_private_when_it_is_an_archive(path: Path) -> None:
    partial = path.with_name(".old.gz.partial")
    partial.touch()
    partial.chmod(0o666)
    write(path, Portion())
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_nothing_is_written_into_the_file_of_another_user(path: Path) -> None:
    partial = path.with_name(".old.gz.partial")
    partial.touch()
    partial.chmod(0o666)
    os.chown(partial, 65534, 65534)
    with partial.open() as theirs:
        write(path, Portion())
        assert theirs.read() == ""
    assert path.stat().st_uid == os.geteuid()
    assert list(path.parent.iterdir()) == [path]
