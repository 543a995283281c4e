"""The folders under GANGA_HOME: private, whole or not there, and clear about what stands in the way."""

import errno
import json
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ganga.errors import ConfigurationError, GangaError, StoreUnavailable, UsageError
from ganga.model.ids import JobId
from ganga.workspace import DAY, Workspace
from ganga.workspace.folders import explanation, make_private
from ganga.workspace.home import Home
from tests.users import an_ordinary_user

JOB, SUBJOB = JobId("12"), JobId("12.3")


@pytest.fixture(name="workspace")
def in_a_temporary_folder(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def filled(folder: Path, text: str = "hello") -> Path:
    (folder / "stdout").write_text(text)
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusing(code: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


class TestStaging:
    def test_files_and_folders_are_copied(self, workspace: Workspace, tmp_path: Path) -> None:
        program, folder = tmp_path / "run.sh", tmp_path / "data"
        program.write_text("#!/bin/sh")
        program.chmod(0o750)
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "numbers").write_text("1 2")
        (folder / "link").symlink_to("deep/numbers")
        (folder / "broken").symlink_to("nowhere")
        (tmp_path / "alias").symlink_to(program)
        staged = workspace.stage([str(program), f"{folder}/", str(tmp_path / "alias")], None)
        assert workspace.inputs(JOB) is None
        staged.place(JOB)
        inputs = workspace.inputs(JOB)
        assert inputs == workspace.home / "jobs/12/inputs"
        assert names(inputs) == ["alias", "data", "run.sh"]
        assert mode(inputs / "run.sh") == 0o750
        assert not (inputs / "alias").is_symlink()
        assert (inputs / "data/link").readlink() == Path("deep/numbers")
        assert (inputs / "data/deep/numbers").read_text() == "1 2"
        assert workspace.inputs(SUBJOB) == inputs
        assert workspace.environment(JOB) is None

    def test_everything_is_private(self, workspace: Workspace) -> None:
        workspace.stage([], {"A": "1"}).place(JOB)
        environment = workspace.environment(SUBJOB)
        assert environment == workspace.home / "jobs/12/environment.json"
        assert mode(environment) == 0o600
        for folder in (environment.parent, *environment.parent.parents[:2], workspace.home / "staging"):
            assert mode(folder) == 0o700
        assert mode(workspace.incoming(SUBJOB, 1, 1).parent) == 0o700

    def test_the_environment_survives_whatever_its_bytes_are(self, workspace: Workspace) -> None:
        odd = os.fsdecode(b"caf\xe9")
        workspace.stage([], {"PLAIN": "ä\n", "ODD": odd}).place(JOB)
        path = workspace.environment(JOB)
        assert path is not None
        read = json.loads(path.read_bytes())
        assert read == {"PLAIN": "ä\n", "ODD": odd}
        assert os.fsencode(read["ODD"]) == b"caf\xe9"

    @pytest.mark.parametrize(
        ("inputs", "message"),
        [
            (["{0}/none"], "none' cannot be read: .*No such file"),
            (["relative"], "'relative' is not the absolute path"),
            (["/"], "'/' is not the absolute path"),
            (["{0}/a/same", "{0}/b/same"], "a/same and .*b/same have the same name; rename one"),
            (["{0}/pipe"], "pipe is neither a file nor a folder"),
            (["{0}/nul\0"], "cannot be read: .*embedded null"),
            (["{0}/c"], "input .*/c cannot be copied: .*named pipe"),
        ],
    )
    def test_bad_inputs_are_named_and_nothing_stays(
        self, workspace: Workspace, tmp_path: Path, inputs: list[str], message: str
    ) -> None:
        for folder in ("a", "b", "c"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "same").touch()
        os.mkfifo(tmp_path / "pipe")
        os.mkfifo(tmp_path / "c/pipe")
        with pytest.raises(UsageError, match=message):
            workspace.stage([text.format(tmp_path) for text in inputs], {})
        workspace.check_writable()
        assert names(workspace.home / "staging") == []

    def test_a_full_disk_is_not_the_fault_of_the_input(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filled(tmp_path)
        monkeypatch.setattr(shutil, "copy2", refusing(errno.ENOSPC))
        with pytest.raises(StoreUnavailable, match="full"):
            workspace.stage([str(tmp_path / "stdout")], None)

    def test_discarding_removes_the_copies_unless_a_job_has_them(self, workspace: Workspace) -> None:
        lost, kept = workspace.stage([], {}), workspace.stage([], {})
        kept.place(JOB)
        lost.discard()
        kept.discard()
        assert names(workspace.home / "staging") == []
        assert workspace.environment(JOB) is not None

    def test_the_folder_of_another_stores_job_is_kept_aside(self, workspace: Workspace) -> None:
        workspace.publish(filled(workspace.incoming(JOB, 1, 1), "old"), JOB, 1)
        workspace.stage([], {}).place(JOB)
        assert not workspace.output(JOB, 1).exists()
        former = next(path for path in workspace.folder(JOB).parent.iterdir() if "former" in path.name)
        assert (former / "output-1/stdout").read_text() == "old"

    def test_a_place_that_cannot_be_used_is_explained(self, workspace: Workspace) -> None:
        staged = workspace.stage([], {})
        workspace.folder(JOB).parent.mkdir()
        workspace.folder(JOB).touch()
        with pytest.raises(ConfigurationError, match="jobs/12 cannot be written"):
            staged.place(JOB)


class TestOutput:
    @pytest.mark.parametrize(("job", "place"), [(JOB, "jobs/12/output-2"), (SUBJOB, "jobs/12/3/output-2")])
    def test_appears_whole(self, workspace: Workspace, job: JobId, place: str) -> None:
        incoming = filled(workspace.incoming(job, 2, 1))
        output = workspace.output(job, 2)
        assert output == workspace.home / place
        assert not output.exists()
        assert incoming.parent == output.parent
        workspace.publish(incoming, job, 2)
        assert (output / "stdout").read_text() == "hello"
        assert names(output.parent) == ["output-2"]

    def test_the_faster_monitor_wins(self, workspace: Workspace) -> None:
        ours, theirs = workspace.incoming(JOB, 1, 1), workspace.incoming(JOB, 1, 0)
        workspace.publish(filled(theirs, "theirs"), JOB, 1)
        workspace.publish(filled(ours, "ours"), JOB, 1)
        assert (workspace.output(JOB, 1) / "stdout").read_text() == "theirs"
        assert names(workspace.folder(JOB)) == ["output-1"]

    def test_one_that_is_made_anew_takes_the_place(self, workspace: Workspace) -> None:
        for text in ("old", "new"):
            workspace.publish(filled(workspace.incoming(JOB, 1, 1), text), JOB, 1, replace=True)
        assert (workspace.output(JOB, 1) / "stdout").read_text() == "new"
        assert names(workspace.home / "staging") == []

    def test_each_try_has_a_folder_of_its_own(self, workspace: Workspace) -> None:
        first = filled(workspace.incoming(JOB, 1, 1))
        second = workspace.incoming(JOB, 1, 1)
        assert not first.exists()
        assert names(second) == []
        assert first != second

    def test_leftovers_of_dead_monitors_are_wiped_and_those_of_later_ones_are_not(self, workspace: Workspace) -> None:
        later = workspace.incoming(JOB, 1, 9)
        dead = workspace.incoming(JOB, 1, 3)
        filled(dead)
        ours = workspace.incoming(JOB, 1, 4)
        assert sorted(workspace.folder(JOB).iterdir()) == sorted([later, ours])

    def test_a_monitor_that_was_overtaken_shows_nothing(self, workspace: Workspace) -> None:
        ours = filled(workspace.incoming(JOB, 1, 3), "half")
        theirs = workspace.incoming(JOB, 1, 4)
        with pytest.raises(StoreUnavailable, match="was wiped by another monitor"):
            workspace.publish(ours, JOB, 1)
        assert not workspace.output(JOB, 1).exists()
        workspace.publish(filled(theirs), JOB, 1)
        workspace.publish(ours, JOB, 1)
        assert (workspace.output(JOB, 1) / "stdout").read_text() == "hello"

    def test_a_place_that_is_no_folder_is_explained(self, workspace: Workspace) -> None:
        incoming = filled(workspace.incoming(JOB, 1, 1))
        workspace.output(JOB, 1).touch()
        with pytest.raises(ConfigurationError, match="output-1 cannot be written"):
            workspace.publish(incoming, JOB, 1)

    def test_one_that_vanishes_while_it_is_replaced(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workspace.publish(filled(workspace.incoming(JOB, 1, 1), "old"), JOB, 1)
        incoming = filled(workspace.incoming(JOB, 1, 1), "new")

        def vanish(_home: Home, folder: Path, _staging: Path) -> None:
            shutil.rmtree(folder)

        monkeypatch.setattr(Home, "move_away", vanish)
        workspace.publish(incoming, JOB, 1, replace=True)
        assert (workspace.output(JOB, 1) / "stdout").read_text() == "new"


class TestRemoving:
    def test_takes_all_files_of_the_job_and_its_subjobs(self, workspace: Workspace) -> None:
        workspace.stage([], {}).place(JOB)
        workspace.publish(filled(workspace.incoming(SUBJOB, 1, 1)), SUBJOB, 1)
        workspace.remove(JOB)
        workspace.remove(JOB)
        assert names(workspace.home / "jobs") == []
        assert names(workspace.home / "staging") == []

    def test_works_without_the_staging_folder(self, workspace: Workspace) -> None:
        workspace.incoming(JOB, 1, 1)
        workspace.remove(JOB)
        assert names(workspace.home / "jobs") == []

    def test_takes_what_the_job_has_write_protected(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        locked = workspace.incoming(JOB, 1, 1) / "locked"
        locked.mkdir(0o500)
        really, tried = shutil.rmtree, list[Path]()

        def refuse_first(folder: Path) -> None:
            tried.append(folder)
            if len(tried) == 1:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            assert all(mode(path) == 0o700 for path in folder.rglob("*"))
            really(folder)

        monkeypatch.setattr(shutil, "rmtree", refuse_first)
        workspace.remove(JOB)
        assert len(tried) == 2

    @pytest.mark.parametrize("bits", [0o000, 0o100, 0o300, 0o500])
    def test_takes_what_the_job_lets_nobody_enter(self, bits: int) -> None:
        with an_ordinary_user(), TemporaryDirectory() as place:
            workspace, elsewhere = Workspace(Path(place, "home")), Path(place, "elsewhere")
            locked = workspace.incoming(JOB, 1, 1) / "locked"
            (locked / "deep").mkdir(parents=True)
            (locked / "deep" / "file").touch()
            elsewhere.mkdir(0o750)
            (locked / "link").symlink_to(elsewhere)
            (locked / "deep").chmod(bits)
            locked.chmod(bits)
            workspace.remove(JOB)
            assert names(workspace.home / "jobs") == []
            assert names(workspace.home / "staging") == []
            assert mode(elsewhere) == 0o750

    def test_tidying_takes_what_is_old(self, workspace: Workspace) -> None:
        old, new = workspace.stage([], {}), workspace.stage([], {})
        long_ago = old.folder.stat().st_mtime - DAY - 60
        os.utime(old.folder, (long_ago, long_ago))
        workspace.tidy()
        assert names(workspace.home / "staging") == [new.folder.name]


class TestWriting:
    def test_a_good_home_is_made(self, workspace: Workspace) -> None:
        workspace.check_writable()
        workspace.check_writable()
        assert names(workspace.home) == ["jobs", "staging"]
        assert names(workspace.home / "staging") == []
        assert repr(workspace) == f"<Workspace {workspace.home}>"

    def test_a_home_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for home in (tmp_path / "file", tmp_path / "file" / "home"):
            with pytest.raises(ConfigurationError, match=r"cannot be written: .*Not a directory.* set GANGA_HOME"):
                Workspace(home).check_writable()

    def test_a_home_that_is_itself_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "jobs").touch()
        with pytest.raises(NotADirectoryError):
            make_private(tmp_path / "jobs")

    @pytest.mark.parametrize(
        ("code", "kind", "message"),
        [
            (errno.ENOSPC, StoreUnavailable, "disk of /home/x is full"),
            (errno.EDQUOT, StoreUnavailable, "quota"),
            (errno.EACCES, ConfigurationError, "make it writable, or set GANGA_HOME"),
            (errno.EROFS, ConfigurationError, "Read-only file system"),
            (errno.EIO, StoreUnavailable, "just now: .*Input/output error"),
        ],
    )
    def test_what_is_wrong_is_said(self, code: int, kind: type[GangaError], message: str) -> None:
        error = explanation(OSError(code, os.strerror(code)), Path("/home/x"))
        assert type(error) is kind
        assert re.search(message, str(error))

    def test_a_full_disk_leaves_no_probe(self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Path, "write_bytes", refusing(errno.ENOSPC))
        with pytest.raises(StoreUnavailable, match="is full"):
            workspace.check_writable()
        assert names(workspace.home / "staging") == []


def test_what_is_missing_is_known_after_the_output_is_home(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    job = JobId("12.3")
    assert workspace.missing(job, 1) == ()
    workspace.note_missing(job, 1, ["*.root", "log"])
    assert workspace.missing(job, 1) == ("*.root", "log")
    assert workspace.missing(job, 2) == ()
