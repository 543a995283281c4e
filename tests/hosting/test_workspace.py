"""What leads out of a home, at once or when it is exchanged while the service is at work."""

from pathlib import Path

import pytest

from ganga.errors import StoreUnavailable
from ganga.hosting.workspace import HostedWorkspace
from ganga.model.ids import JobId
from ganga.model.job import Share

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
