"""The folders of an owner as a service uses them: whole or not there, and nothing through links."""

import errno
import os
import stat
from pathlib import Path
from time import time

import pytest

from ganga.errors import StoreUnavailable
from ganga.hosting.held import Held
from ganga.hosting.workspace import HostedWorkspace
from ganga.model.ids import JobId
from ganga.model.job import Share
from ganga.workspace import DAY, Workspace

JOB = JobId("12")


def test_a_workspace_like_any_other_as_long_as_nothing_leads_out(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    workspace = HostedWorkspace(tmp_path / "home", tmp_path / "aside", "ada")
    workspace.check_writable()
    inputs = workspace.folder(JOB) / "inputs"
    inputs.mkdir(parents=True)
    (inputs / "data").write_text("x")
    (inputs / "link").symlink_to("data")
    handed = workspace.outgoing().gather({JOB: Share()})[JOB]
    assert handed.objection is None
    assert handed.inputs is not None
    assert (handed.inputs / "link").read_text() == "x"
    incoming = workspace.incoming(JOB, 1, 1)
    (incoming / "stdout").write_text("done")
    workspace.note_missing(JOB, 1, ["*.root"])
    workspace.publish(incoming, JOB, 1)
    assert (workspace.output(JOB, 1) / "stdout").read_text() == "done"
    assert workspace.missing(JOB, 1) == ("*.root",)


def whole_homecoming(workspace: HostedWorkspace) -> None:
    incoming = workspace.incoming(JOB, 1, 1)
    workspace.note_missing(JOB, 1, ["x"])
    workspace.publish(incoming, JOB, 1)
    workspace.output(JOB, 1)


@pytest.mark.parametrize("place", ["jobs", "staging", "jobs/12", "jobs/12/output-1", "jobs/12/.missing-1"])
def test_nothing_is_written_where_a_link_leads_out(tmp_path: Path, place: str) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    workspace = HostedWorkspace(home, tmp_path / "aside", "ada")
    workspace.check_writable()
    outside.mkdir()
    link = home / place
    if link.is_dir():
        link.rmdir()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(StoreUnavailable, match="leads out of"):
        whole_homecoming(workspace)
    assert not list(outside.iterdir())


@pytest.fixture(name="workspace")
def of_ada(tmp_path: Path) -> HostedWorkspace:
    (tmp_path / "home").mkdir()
    workspace = HostedWorkspace(tmp_path / "home", tmp_path / "aside", "ada")
    workspace.check_writable()
    return workspace


def fetched(workspace: HostedWorkspace, text: str, epoch: int = 1) -> Path:
    incoming = workspace.incoming(JOB, 1, epoch)
    (incoming / "stdout").write_text(text)
    return incoming


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(("replace", "shown"), [(False, "one"), (True, "two")])
def test_output_that_is_there_stays_or_is_replaced_as_a_whole(
    workspace: HostedWorkspace, tmp_path: Path, *, replace: bool, shown: str
) -> None:
    workspace.publish(fetched(workspace, "one"), JOB, 1)
    workspace.publish(fetched(workspace, "two"), JOB, 1, replace=replace)
    assert (workspace.output(JOB, 1) / "stdout").read_text() == shown
    assert below(workspace.home) == ["jobs", "jobs/12", "jobs/12/output-1", "jobs/12/output-1/stdout", "staging"]
    assert below(tmp_path / "aside") == []


def test_output_that_another_monitor_shows_at_the_last_moment_stays(
    workspace: HostedWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = fetched(workspace, "ours"), tmp_output(workspace)
    prepare = HostedWorkspace._prepare

    def overtaken(self: HostedWorkspace, incoming: Path, folder: Held, name: str) -> None:
        prepare(self, incoming, folder, name)
        theirs.rename(workspace.output(JOB, 1))

    monkeypatch.setattr(HostedWorkspace, "_prepare", overtaken)
    workspace.publish(ours, JOB, 1)
    assert (workspace.output(JOB, 1) / "stdout").read_text() == "theirs"
    assert below(workspace.folder(JOB)) == ["output-1", "output-1/stdout"]
    assert not ours.exists()


def tmp_output(workspace: HostedWorkspace) -> Path:
    folder = workspace.home / "theirs"
    folder.mkdir()
    (folder / "stdout").write_text("theirs")
    return folder


def test_what_a_later_monitor_has_wiped_is_not_shown(workspace: HostedWorkspace) -> None:
    ours = fetched(workspace, "ours")
    (workspace.folder(JOB) / ".incoming-1-1-half").mkdir(parents=True)
    theirs = fetched(workspace, "theirs", epoch=2)
    with pytest.raises(StoreUnavailable, match="wiped by another monitor"):
        workspace.publish(ours, JOB, 1)
    assert not workspace.has_output(JOB, 1)
    assert below(workspace.folder(JOB)) == []
    workspace.publish(theirs, JOB, 1)
    workspace.publish(ours, JOB, 1)
    assert workspace.has_output(JOB, 1)
    assert (workspace.output(JOB, 1) / "stdout").read_text() == "theirs"


def test_what_was_copied_half_is_not_shown(workspace: HostedWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    incoming = fetched(workspace, "done")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(StoreUnavailable, match="is full"):
            workspace.publish(incoming, JOB, 1)
    assert below(workspace.folder(JOB)) == []
    workspace.publish(incoming, JOB, 1)
    assert (workspace.output(JOB, 1) / "stdout").read_text() == "done"


def test_what_the_dead_have_left_goes_after_a_day(workspace: HostedWorkspace, tmp_path: Path) -> None:
    for place in (tmp_path / "aside/outgoing-1", tmp_path / "home/staging/removed-1"):
        (place / "deep").mkdir(parents=True)
        (place / "deep/file").touch()
        place.with_name("new").mkdir()
        os.utime(place, (time() - DAY - 60,) * 2)
    workspace.tidy()
    assert below(tmp_path) == ["aside", "aside/new", "home", "home/jobs", "home/staging", "home/staging/new"]


@pytest.mark.parametrize("note", [b"x", b"{}", b"[1]", b"["])
def test_a_note_that_is_none_is_said(workspace: HostedWorkspace, note: bytes) -> None:
    assert workspace.missing(JOB, 1) == ()
    workspace.mark(JOB, ".missing-1")
    (workspace.folder(JOB) / ".missing-1").write_bytes(note)
    with pytest.raises(StoreUnavailable, match=r"missing-1 cannot be read"):
        workspace.missing(JOB, 1)


def test_input_files_are_there_until_they_are_handed_over(workspace: HostedWorkspace, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("own")
    (tmp_path / "program").write_text("program")
    (tmp_path / "program").chmod(0o750)
    Workspace(workspace.home).stage([str(tmp_path / "program")], {"A": "b"}, [[str(tmp_path / "own")]]).place(JOB)
    outgoing = workspace.outgoing()
    share = Share(inputs=(str(tmp_path / "own"),))
    first, second, third = outgoing.gather(
        {JobId("12.0"): share, JobId("12.1"): share, JobId("12.2"): Share(inputs=("/etc/passwd",))}
    ).values()
    assert first == second
    assert third.objection is not None
    assert "was not copied at submission" in third.objection
    assert first.inputs is not None
    assert stat.S_IMODE((first.inputs / "program").stat().st_mode) == 0o750
    assert first.environment is not None
    assert first.environment.read_text() == '{"A": "b"}'
    assert [Path(path).read_text() for path in first.share.inputs] == ["own"]
    assert not first.inputs.is_relative_to(workspace.home)
    outgoing.close()
    assert below(tmp_path / "aside") == []


def test_what_is_refused_to_one_subjob_is_refused_to_all(workspace: HostedWorkspace, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/file").write_text("own")
    share = Share(inputs=(str(tmp_path / "own"),))
    Workspace(workspace.home).stage([], None, [share.inputs]).place(JOB)
    next(workspace.folder(JOB).glob("shares/*/own")).joinpath("link").symlink_to("/etc/passwd")
    handed = workspace.outgoing().gather({JobId("12.0"): share, JobId("12.1"): share})
    assert [("leads out of" in str(each.objection)) for each in handed.values()] == [True, True]


@pytest.mark.parametrize("path", ["/", "", ".", "..", "/x\0y", "/x\0y/z", "/\ud800/x", "/x/\ud800"])
def test_what_no_input_can_be_called_is_refused(workspace: HostedWorkspace, path: str) -> None:
    Workspace(workspace.home).stage([], {}).place(JOB)
    handed = workspace.outgoing().gather({JOB: Share(inputs=(path,))})[JOB]
    assert "was not copied at submission" in str(handed.objection)


def test_copies_that_nobody_waits_for_any_longer_go_too(workspace: HostedWorkspace, tmp_path: Path) -> None:
    outgoing = workspace.outgoing()
    outgoing.close()
    outgoing.gather({JOB: Share()})
    assert below(tmp_path / "aside") == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_what_is_put_aside_lies_in_a_folder_of_our_own(workspace: HostedWorkspace, tmp_path: Path) -> None:
    os.chown(tmp_path / "aside", 4711, -1)
    with pytest.raises(StoreUnavailable, match="is not this account's own folder"):
        workspace.incoming(JOB, 1, 1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_home_that_has_become_anothers_is_not_used(workspace: HostedWorkspace) -> None:
    os.chown(workspace.home, 4711, -1)
    with pytest.raises(StoreUnavailable, match="belongs to somebody else than ada"):
        workspace.has_output(JOB, 1)
