"""Whose a file is that the settings call an owner's, and what leads out of a home."""

import os
import pwd
from pathlib import Path

import pytest

from ganga.errors import BackendUnavailable, StoreUnavailable
from ganga.hosting.confinement import HostedWorkspace, check_place
from ganga.model.ids import JobId
from ganga.model.job import Share

ME = pwd.getpwuid(os.getuid()).pw_name
JOB = JobId("12")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")


def file_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "proxy").write_text("x")
    return folder / "proxy"


def test_what_is_not_there_yet_is_nobodys(tmp_path: Path) -> None:
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == tmp_path / "ada" / "proxy"


def test_what_the_account_of_the_owner_has_made_may_be_anywhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "elsewhere")
    (tmp_path / ME).symlink_to(place)
    assert check_place(f"{tmp_path}/{{owner}}", ME) == place


def test_what_the_service_has_put_there_is_the_owners(tmp_path: Path) -> None:
    place = file_in(tmp_path / "ada")
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == place


def test_the_administrator_may_have_the_whole_folder_elsewhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "disk" / "ada")
    (tmp_path / "ada").symlink_to(place.parent)
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == place


@as_root
def test_the_owner_may_not_have_it_elsewhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "bob")
    (tmp_path / "ada").symlink_to(place)
    os.chown(tmp_path / "ada", 4711, 4711, follow_symlinks=False)
    with pytest.raises(BackendUnavailable, match="leads to"):
        check_place(f"{tmp_path}/{{owner}}", "ada")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ada").symlink_to(tmp_path / "ada")
    with pytest.raises(BackendUnavailable, match="cannot be read"):
        check_place(f"{tmp_path}/{{owner}}", "ada")


def test_a_workspace_like_any_other_as_long_as_nothing_leads_out(tmp_path: Path) -> None:
    workspace = HostedWorkspace(tmp_path)
    workspace.check_writable()
    inputs = workspace.folder(JOB) / "inputs"
    inputs.mkdir(parents=True)
    (inputs / "data").write_text("x")
    (inputs / "link").symlink_to("data")
    assert workspace.objection(JOB, Share()) is None
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
    workspace = HostedWorkspace(home)
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
