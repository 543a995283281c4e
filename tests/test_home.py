"""Who may use what is made under GANGA_HOME: its user alone, or the group that it is open for."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.cli.logging import LOG, write_log
from ganga.errors import ConfigurationError, GangaError
from ganga.model.ids import JobId
from ganga.workspace import Workspace
from ganga.workspace.home import SHARED, Home
from tests.users import account

JOB = JobId("12")
ADA, ROBOT, EVE, SERVICE = 4001, 4002, 4003, 4010

#: What is in a folder: the mode of each folder and file, by its name.
TREES = st.recursive(
    st.sampled_from([0o600, 0o644, 0o755, 0o400, 0o604, 0o4711]),
    lambda inner: st.tuples(
        st.sampled_from([0o700, 0o755, 0o555, 0o2750]), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=8,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def open_for_group(home: Path) -> Path:
    home.mkdir()
    home.chmod(SHARED)
    return home


def grow(place: Path, tree: object) -> None:
    """Make it; the modes of folders come last, since they may forbid to write into them."""
    match tree:
        case int(bits):
            place.write_text(place.name)
            place.chmod(bits)
        case (int(bits), dict(inner)):
            place.mkdir()
            for name, below in inner.items():
                grow(place / name, below)
            place.chmod(bits)


def below(folder: Path) -> dict[Path, os.stat_result]:
    return {path: path.lstat() for path in (folder, *folder.rglob("*"))}


@pytest.fixture(name="home")
def of_a_group(tmp_path: Path) -> Path:
    return open_for_group(tmp_path / "home")


class TestWhoIsLetIn:
    @pytest.mark.parametrize("bits", [0o700, 0o770, 0o2750, 0o2700, 0o777, 0o1777])
    def test_only_both_bits_let_a_group_in(self, tmp_path: Path, bits: int) -> None:
        home = tmp_path / "home"
        home.mkdir()
        home.chmod(bits)
        assert Home(home).group() is None
        Workspace(home).check_writable()
        assert mode(home / "jobs") & 0o777 == 0o700

    def test_the_group_is_that_of_the_home(self, home: Path) -> None:
        assert Home(home).group() == home.stat().st_gid

    def test_a_home_that_is_not_there_is_private(self, tmp_path: Path) -> None:
        open_for_group(tmp_path / "above")
        assert Home(tmp_path / "above/home").group() is None
        assert Home(tmp_path / "above/home/more").group() is None
        Workspace(tmp_path / "above/home").check_writable()
        assert mode(tmp_path / "above/home") & 0o777 == 0o700

    @pytest.mark.parametrize("mask", [0o022, 0o077, 0])
    def test_all_that_a_job_has_is_open_whatever_the_mask(self, home: Path, tmp_path: Path, mask: int) -> None:
        (tmp_path / "run.sh").write_text("#!/bin/sh")
        (tmp_path / "run.sh").chmod(0o755)
        workspace, former = Workspace(home), os.umask(mask)
        try:
            workspace.stage([], {"A": "1"}, [[str(tmp_path / "run.sh")]]).place(JobId("13"))
            workspace.stage([str(tmp_path / "run.sh")], None).place(JOB)
            incoming = workspace.incoming(JOB, 1, 1)
            (incoming / "deep").mkdir()
            (incoming / "deep/result").write_text("42")
            workspace.note_missing(JOB, 1, ["*.root"])
            workspace.publish(incoming, JOB, 1)
            workspace.mark(JOB, ".told-1")
        finally:
            os.umask(former)
        for path, status in below(home).items():
            assert stat.S_IMODE(status.st_mode) == (
                SHARED if path.is_dir() else 0o770 if path.name == "run.sh" else 0o660
            )
            assert status.st_gid == home.stat().st_gid
        assert workspace.missing(JOB, 1) == ("*.root",)

    def test_a_note_is_written_anew_and_no_link_is_followed_to_it(self, home: Path, tmp_path: Path) -> None:
        workspace = Workspace(home)
        (tmp_path / "precious").write_text("precious")
        workspace.mark(JOB, ".told-1")
        workspace.mark(JOB, ".told-1")
        (workspace.folder(JOB) / ".missing-1").symlink_to(tmp_path / "precious")
        workspace.note_missing(JOB, 1, ["a"])
        assert workspace.missing(JOB, 1) == ("a",)
        assert (tmp_path / "precious").read_text() == "precious"
        assert sorted(path.name for path in workspace.folder(JOB).iterdir()) == [".missing-1", ".told-1"]

    def test_a_note_that_cannot_be_written_leaves_nothing(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(GangaError, match="is full"):
            Workspace(home).mark(JOB, ".told-1")
        assert list((home / "jobs/12").iterdir()) == []

    def test_logs(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GANGA_HOME", str(home))
        monkeypatch.delenv("GANGA_CONFIG", raising=False)
        write_log(LOG, "one")
        home.chmod(0o700)
        write_log("private.log", "two")
        assert [mode(home / "logs" / name) for name in ("", LOG, "private.log")] == [SHARED, 0o660, 0o600]


class TestLaws:
    @given(tree=st.dictionaries(st.sampled_from("abcd"), TREES, max_size=4), shared=st.booleans())
    def test_output_is_open_for_the_group_as_for_its_owner_and_for_nobody_else(
        self, tree: dict[str, object], *, shared: bool
    ) -> None:
        with TemporaryDirectory() as folder:
            home = Path(folder, "home")
            home.mkdir()
            home.chmod(SHARED if shared else 0o700)
            workspace = Workspace(home)
            incoming = workspace.incoming(JOB, 1, 1)
            for name, inner in tree.items():
                grow(incoming / name, inner)
            before = {path.relative_to(incoming): status for path, status in below(incoming).items()}
            workspace.publish(incoming, JOB, 1)
            after = below(workspace.output(JOB, 1))
            assert {path.relative_to(workspace.output(JOB, 1)) for path in after} == before.keys()
            for path, status in after.items():
                was, bits = before[path.relative_to(workspace.output(JOB, 1))].st_mode, stat.S_IMODE(status.st_mode)
                owners = was & 0o700
                wanted = SHARED if stat.S_ISDIR(was) else owners | owners >> 3
                assert bits == (wanted if shared else stat.S_IMODE(was))
                assert stat.S_ISDIR(was) or path.read_text() == path.name
            for path in after:
                path.chmod(0o700)  # for who cleans up


class TestWhatLeadsElsewhere:
    def test_links_are_kept_and_not_followed(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("secret")
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "folder").mkdir(0o700)
        workspace = Workspace(home)
        incoming = workspace.incoming(JOB, 1, 1)
        (incoming / "file").symlink_to(tmp_path / "secret")
        (incoming / "folder").symlink_to(tmp_path / "folder")
        (incoming / "broken").symlink_to("nowhere")
        os.mkfifo(incoming / "pipe", 0o600)
        workspace.publish(incoming, JOB, 1)
        assert mode(tmp_path / "secret") == 0o600
        assert mode(tmp_path / "folder") == 0o700
        assert (workspace.output(JOB, 1) / "file").readlink() == tmp_path / "secret"
        assert mode(workspace.output(JOB, 1) / "pipe") == 0o600

    def test_a_file_with_another_name_elsewhere_becomes_a_copy(self, home: Path, tmp_path: Path) -> None:
        original = tmp_path / "original"
        original.write_text("text")
        original.chmod(0o640)
        os.utime(original, (1, 2))
        workspace = Workspace(home)
        incoming = workspace.incoming(JOB, 1, 1)
        os.link(original, incoming / "stdout")
        workspace.publish(incoming, JOB, 1)
        copy = workspace.output(JOB, 1) / "stdout"
        assert (copy.read_text(), mode(copy), copy.stat().st_mtime) == ("text", 0o660, 2)
        assert (mode(original), original.stat().st_nlink) == (0o640, 1)
        assert [path.name for path in copy.parent.iterdir()] == ["stdout"]

    def test_what_cannot_be_read_for_another_reason_is_an_error(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workspace = Workspace(home)
        incoming = workspace.incoming(JOB, 1, 1)
        (incoming / "stdout").write_text("text")
        really = os.open

        def refuse(path: str, flags: int, bits: int = 0o777, *, dir_fd: int | None = None) -> int:
            if path == "stdout":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return really(path, flags, bits, dir_fd=dir_fd)

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(GangaError, match="Input/output error"):
            workspace.publish(incoming, JOB, 1)
        assert not workspace.output(JOB, 1).exists()

    def test_a_folder_in_the_place_of_a_link(self, home: Path, tmp_path: Path) -> None:
        (tmp_path / "others").mkdir()
        (home / "jobs").mkdir()
        (home / "jobs/12").symlink_to(tmp_path / "others")
        workspace = Workspace(home)
        for work in (
            lambda: workspace.incoming(JOB, 1, 1),
            lambda: workspace.note_missing(JOB, 1, ["a"]),
            lambda: workspace.mark(JOB, ".told-1"),
            lambda: workspace.incoming(JobId("12.3"), 1, 1),
        ):
            with pytest.raises(
                ConfigurationError, match=r"leads out of .*home by a link, .* have a folder in its place"
            ):
                work()
        assert list((tmp_path / "others").iterdir()) == []

    def test_a_private_home_may_be_spread_by_links(self, tmp_path: Path) -> None:
        (tmp_path / "large").mkdir()
        (tmp_path / "home").mkdir(0o700)
        (tmp_path / "home/jobs").symlink_to(tmp_path / "large")
        workspace = Workspace(tmp_path / "home")
        workspace.publish(workspace.incoming(JOB, 1, 1), JOB, 1)
        assert (tmp_path / "large/12/output-1").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users: run it by sudo")
class TestTwoAccounts:
    """The owner of a home, the service that is in its group, and somebody who is not."""

    @pytest.fixture(name="place")
    def for_all(self) -> Iterator[Path]:
        """The folder of root's own tests is closed to others."""
        with TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            yield Path(folder)

    @pytest.fixture(name="home")
    def of_ada(self, place: Path) -> Path:
        home = open_for_group(place / "ada")
        os.chown(home, ADA, SERVICE)
        home.chmod(SHARED)
        return home

    def ada(self) -> AbstractContextManager[None]:
        return account(ADA, SERVICE)

    def robot(self) -> AbstractContextManager[None]:
        return account(ROBOT, SERVICE)

    def submitted(self, home: Path) -> Workspace:
        workspace = Workspace(home)
        with self.ada():
            for name in ("run.sh", "own"):
                (home / name).write_text("#!/bin/sh")
                (home / name).chmod(0o700)
            workspace.stage([str(home / "run.sh")], {"SECRET": "1"}, [[str(home / "own")]]).place(JOB)
        return workspace

    def test_one_submits_the_other_brings_home_and_the_first_removes(self, home: Path) -> None:
        workspace = self.submitted(home)
        with self.robot():
            inputs, environment = workspace.inputs(JOB), workspace.environment(JOB)
            assert inputs is not None
            assert environment is not None
            assert (inputs / "run.sh").read_text() == "#!/bin/sh"
            assert environment.read_text() == '{"SECRET": "1"}'
            assert workspace.share_input(JOB, f"{home}/own").read_text() == "#!/bin/sh"
            incoming = workspace.incoming(JobId("12.3"), 1, 1)
            (incoming / "deep").mkdir(0o700)
            (incoming / "deep/result").write_text("42")
            workspace.note_missing(JobId("12.3"), 1, ["*.root"])
            workspace.publish(incoming, JobId("12.3"), 1)
            workspace.mark(JOB, ".told-1")
        with self.ada():
            assert (workspace.output(JobId("12.3"), 1) / "deep/result").read_text() == "42"
            workspace.note_missing(JobId("12.3"), 1, ["others"])
            assert workspace.missing(JobId("12.3"), 1) == ("others",)
            workspace.remove(JOB)
            assert [list((home / name).iterdir()) for name in ("jobs", "staging")] == [[], []]

    def test_nobody_else_reads_anything(self, home: Path) -> None:
        workspace = self.submitted(home)
        with self.robot():
            workspace.publish(workspace.incoming(JOB, 1, 1), JOB, 1)
        found = [path for path in below(home) if path != home]
        with account(EVE):
            for path in found:
                with pytest.raises(PermissionError):
                    path.stat()
        home.chmod(0o2775)
        with account(EVE):
            for path in found:
                assert not any(os.access(path, right, effective_ids=True) for right in (os.R_OK, os.W_OK, os.X_OK))

    def test_either_may_be_first(self, home: Path) -> None:
        workspace = Workspace(home)
        with self.robot():
            workspace.check_writable()
        with self.ada():
            workspace.check_writable()
            workspace.stage([], {}).place(JOB)
            assert workspace.environment(JOB) is not None

    def test_half_of_the_others_work_does_not_keep_a_job(self, home: Path) -> None:
        workspace = self.submitted(home)
        with self.robot():
            incoming = workspace.incoming(JOB, 1, 1)
            (incoming / "deep").mkdir(0o700)
            (incoming / "deep/half").write_text("4")
        with self.ada():
            workspace.remove(JOB)
            assert list((home / "jobs").iterdir()) == []
        for _ in range(2):
            self.make_old(home / "staging")
            with self.ada():
                workspace.tidy()
        assert [path.name for path in (home / "staging").rglob("*") if path.is_file()] == ["half"]
        self.make_old(home / "staging")
        with self.robot():
            workspace.tidy()
        assert list((home / "staging").iterdir()) == []

    def make_old(self, staging: Path) -> None:
        for left in staging.iterdir():
            os.utime(left, (1, 1))

    def test_what_the_other_has_put_there_is_left_as_it_is(self, home: Path) -> None:
        workspace = self.submitted(home)
        with self.robot():
            incoming = workspace.incoming(JOB, 1, 1)
        with self.ada():
            (incoming / "hers").write_text("hers")
            (incoming / "hers").chmod(0o600)
        with self.robot():
            workspace.publish(incoming, JOB, 1)
        assert mode(workspace.output(JOB, 1) / "hers") == 0o600

    def test_who_is_not_in_the_group_is_told(self, home: Path) -> None:
        with (
            account(ADA),
            pytest.raises(ConfigurationError, match=r"jobs cannot be opened for the group 4010, .* added"),
        ):
            Workspace(home).check_writable()
