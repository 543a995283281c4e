"""An owner exchanges what is in her home for links to another's at the worst moment, again and again."""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from ganga.errors import GangaError, StoreUnavailable
from ganga.hosting import held
from ganga.hosting.held import Held, LeadsOutError
from ganga.hosting.workspace import HostedWorkspace
from ganga.model.ids import JobId
from ganga.model.job import Share
from ganga.workspace.home import SHARED
from ganga.workspace.staging import place_of

JOB, SUBJOB = JobId("12"), JobId("12.3")
PRECIOUS = "what only bob may read"
OWN = "/data/own"


class Homes:
    """Those of ada and bob; bob's looks like ada's."""

    def __init__(self, folder: Path) -> None:
        self.ada, self.bob = folder / "ada", folder / "bob"
        for home in (self.ada, self.bob):
            home.mkdir()
            home.chmod(SHARED)
        self.workspace = HostedWorkspace(self.ada, folder / "service/owners/ada/aside", "ada")
        self.workspace.check_writable()
        self.of_bob = self.grown(self.bob, PRECIOUS)

    def grown(self, home: Path, text: str) -> dict[Path, bytes | None]:
        """A job with all that it can have."""
        own = Path("shares", place_of(Path(OWN)))
        for name in ("inputs/deep/data", str(own), "environment.json", "3/output-1/stdout", "output-1/stdout"):
            file = home / "jobs/12" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (home / "staging").mkdir(exist_ok=True)
        return tree(home)

    def exchange(self, name: str) -> None:
        """What ada has there for a link to what bob has there."""
        place = self.ada / name
        with suppress(FileNotFoundError):
            place.rename(self.ada / f"away-{len(list(self.ada.iterdir()))}")
        place.symlink_to(self.bob / name)

    def check(self, *read: str) -> None:
        """Nothing of bob's was written, and nothing of it is among what was read, or came to ada."""
        assert tree(self.bob) == self.of_bob
        assert PRECIOUS not in "".join(read)
        for path, content in tree(self.ada).items():
            assert content is None or PRECIOUS.encode() not in content, path


def tree(folder: Path) -> dict[Path, bytes | None]:
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def homes(tmp_path: Path) -> Homes:
    return Homes(tmp_path)


class Moments:
    """Calls of the system in the modules that touch a home: something happens just before the one that is meant."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._then: Callable[[], None] | None = None
        self._at = -1
        for name in ("open", "stat", "mkdir", "rename", "scandir", "readlink", "symlink", "fchmod"):
            monkeypatch.setattr(os, name, self._around(getattr(os, name)))

    def at(self, count: int, then: Callable[[], None]) -> None:
        self.count, self._at, self._then = 0, count, then

    @property
    def over(self) -> bool:
        """Whether there was no such moment any more."""
        over, self._then = self._then is not None, None
        return over

    def _around(self, call: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object, **more: object) -> object:
            then = self._then
            if then is not None:
                if self.count == self._at:
                    self._then = None
                    then()
                self.count += 1
            return call(*args, **more)

        return called


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    return Moments(monkeypatch)


def every_moment(
    folder: Path, moments: Moments, place: str, act: Callable[[Homes], str], *, before: Callable[[Homes], object]
) -> Iterator[tuple[Homes, str]]:
    """`act`, once for each call of the system during it, with the exchange just before that call."""
    for count in range(10_000):
        (folder / str(count)).mkdir()
        homes = Homes(folder / str(count))
        homes.grown(homes.ada, "ada's")
        before(homes)
        moments.at(count, partial(homes.exchange, place))
        try:
            said = act(homes)
        except GangaError as error:
            said = str(error)
        if moments.over:
            assert count > 3
            return
        yield homes, said
    raise AssertionError


def fetched(homes: Homes, job: JobId = SUBJOB, attempt: int = 2) -> Path:
    incoming = homes.workspace.incoming(job, attempt, 1)
    (incoming / "deep").mkdir()
    (incoming / "deep/result").write_text("right")
    return incoming


PLACES = ["jobs", "jobs/12", "jobs/12/3", "jobs/12/3/output-1", "staging"]


@pytest.mark.parametrize("place", PLACES)
def test_output_comes_to_ada_alone_whatever_she_exchanges_meanwhile(
    tmp_path: Path, moments: Moments, place: str
) -> None:
    ways: dict[Homes, Path] = {}

    def before(homes: Homes) -> None:
        ways[homes] = fetched(homes, attempt=1)

    def act(homes: Homes) -> str:
        homes.workspace.publish(ways[homes], SUBJOB, 1, replace=True)
        return ""

    for homes, _ in every_moment(tmp_path, moments, place, act, before=before):
        homes.check()


@pytest.mark.parametrize("place", ["jobs", "jobs/12", "jobs/12/3"])
def test_who_exchanges_folders_while_output_is_fetched_changes_nothing_in_it(homes: Homes, place: str) -> None:
    homes.grown(homes.ada, "ada's")
    incoming = homes.workspace.incoming(SUBJOB, 2, 1)
    homes.exchange(place)
    (incoming / "stdout").write_text("fetched by path")
    with pytest.raises(StoreUnavailable, match="is a link"):
        homes.workspace.publish(incoming, SUBJOB, 2)
    homes.check()
    (homes.ada / place).unlink()
    homes.workspace.publish(incoming, SUBJOB, 2)
    assert (homes.workspace.output(SUBJOB, 2) / "stdout").read_text() == "fetched by path"
    homes.check()


def test_what_is_fetched_lies_where_only_the_service_can_enter(homes: Homes) -> None:
    incoming = homes.workspace.incoming(JOB, 2, 1)
    assert not incoming.is_relative_to(homes.ada)
    assert stat.S_IMODE(incoming.parent.stat().st_mode) == 0o700
    incoming.parent.chmod(0o755)
    homes.workspace.incoming(JOB, 3, 1)
    assert stat.S_IMODE(incoming.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("place", [*PLACES, "jobs/12/3/output-1/stdout"])
def test_no_checker_reads_what_is_bobs(tmp_path: Path, moments: Moments, place: str) -> None:
    def act(homes: Homes) -> str:
        with homes.workspace.readable(SUBJOB, 1) as output:
            stdout = output / "stdout"
            return stdout.read_text() if stdout.is_file() and not stdout.is_symlink() else ""

    for homes, said in every_moment(tmp_path, moments, place, act, before=lambda _: None):
        homes.check(said)
        assert not list(homes.workspace._aside.path.iterdir())


INPUTS = [
    *("jobs", "jobs/12", "jobs/12/inputs", "jobs/12/inputs/deep", "jobs/12/inputs/deep/data"),
    *("jobs/12/environment.json", "jobs/12/shares", f"jobs/12/shares/{place_of(Path(OWN))}"),
]


@pytest.mark.parametrize("place", INPUTS)
def test_no_input_of_bobs_is_handed_over(tmp_path: Path, moments: Moments, place: str) -> None:
    def act(homes: Homes) -> str:
        outgoing = homes.workspace.outgoing()
        try:
            handed = outgoing.gather({SUBJOB: Share(inputs=(OWN,))})[SUBJOB]
            if handed.objection is not None:
                return handed.objection
            paths = [*(handed.inputs.rglob("*") if handed.inputs else ()), *map(Path, handed.share.inputs)]
            return "".join(path.read_text() for path in paths if path.is_file())
        finally:
            outgoing.close()

    for homes, said in every_moment(tmp_path, moments, place, act, before=lambda _: None):
        homes.check(said)
        assert not list(homes.workspace._aside.path.iterdir())


@pytest.mark.parametrize("place", ["jobs", "jobs/12", "jobs/12/3", "jobs/12/3/.missing-2", "staging"])
def test_notes_and_removals_are_adas_alone(tmp_path: Path, moments: Moments, place: str) -> None:
    def act(homes: Homes) -> str:
        homes.workspace.note_missing(SUBJOB, 2, ["x"])
        homes.workspace.mark(SUBJOB, ".told")
        said = f"{homes.workspace.missing(SUBJOB, 2)} {homes.workspace.marked(SUBJOB, '.told')}"
        homes.workspace.incoming(SUBJOB, 2, 1)
        homes.workspace.remove(SUBJOB)
        homes.workspace.tidy()
        return said

    for homes, said in every_moment(tmp_path, moments, place, act, before=lambda _: None):
        homes.check(said)


def test_a_folder_that_is_held_is_the_same_whatever_its_path_means(homes: Homes) -> None:
    homes.grown(homes.ada, "ada's")
    with held.held(homes.ada / "jobs") as jobs, jobs.enter("12") as job:
        homes.exchange("jobs")
        job.write("note", b"x")
        with pytest.raises(LeadsOutError, match="is a link"):
            held.held(homes.ada / "jobs")
    homes.check()


def test_a_second_name_of_somebody_elses_file_is_no_input(homes: Homes) -> None:
    homes.grown(homes.ada, "ada's")
    (homes.ada / "jobs/12/inputs/data").hardlink_to(homes.bob / "jobs/12/environment.json")
    handed = homes.workspace.outgoing().gather({JOB: Share()})[JOB]
    assert "second name" in str(handed.objection)


def test_what_is_large_by_its_name_alone_costs_nothing(homes: Homes) -> None:
    homes.grown(homes.ada, "ada's")
    with (homes.ada / "jobs/12/output-1/huge").open("wb") as file:
        file.write(b"begin")
        file.truncate(2**40)
    with homes.workspace.readable(JOB, 1) as output:
        status = (output / "huge").stat()
        assert status.st_size == 2**40
        assert status.st_blocks * 512 < 2**21
        with (output / "huge").open("rb") as file:
            assert file.read(8) == b"begin\0\0\0"


def test_a_pipe_holds_nobody_up(homes: Homes) -> None:
    homes.grown(homes.ada, "ada's")
    os.mkfifo(homes.ada / "jobs/12/output-1/pipe")
    os.mkfifo(homes.ada / "jobs/12/inputs/pipe")
    with homes.workspace.readable(JOB, 1) as output:
        assert [path.name for path in output.iterdir()] == ["stdout"]
    handed = homes.workspace.outgoing().gather({JOB: Share()})[JOB]
    assert "neither a file nor a folder" in str(handed.objection)


def test_no_more_folders_are_opened_than_all_owners_can_spare(homes: Homes) -> None:
    homes.grown(homes.ada, "ada's")
    (homes.ada / "jobs/12/inputs").joinpath(*["x"] * (held.DEEPEST + 1)).mkdir(parents=True)
    handed = homes.workspace.outgoing().gather({JOB: Share()})[JOB]
    assert "folders deep" in str(handed.objection)


def test_however_deep_what_is_removed_is_it_takes_no_descriptors_of_others(homes: Homes) -> None:
    _dig(homes.ada / "jobs", 3000)
    used, limits = len(list(Path("/proc/self/fd").iterdir())), resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + held.DEEPEST + 32, limits[1]))
    try:
        homes.workspace.remove(JobId("x"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert list((homes.ada / "jobs").iterdir()) == list((homes.ada / "staging").iterdir()) == []


def _dig(folder: Path, depth: int) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("x", dir_fd=descriptor)
        below = os.open("x", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)


def test_what_is_write_protected_is_ours_to_remove(homes: Homes) -> None:
    (homes.ada / "protected").mkdir(0o500)
    with held.held(homes.ada) as home, home.enter("protected") as folder:
        folder.unprotect()
        assert stat.S_IMODE(folder.status().st_mode) & 0o777 == 0o700
        home.delete("protected")
    assert not (homes.ada / "protected").exists()


def test_output_is_open_for_the_group_and_keeps_what_a_job_has_forbidden_to_read(homes: Homes) -> None:
    incoming = fetched(homes, JOB, 2)
    (incoming / "run.sh").write_text("#!/bin/sh")
    (incoming / "run.sh").chmod(0o100)
    (incoming / "link").symlink_to("run.sh")
    os.utime(incoming / "deep/result", (7, 7))
    (incoming / "deep").chmod(0o500)
    homes.workspace.publish(incoming, JOB, 2)
    output = homes.workspace.output(JOB, 2)
    modes = {
        path.name: stat.S_IMODE(path.lstat().st_mode) for path in (output, *output.rglob("*")) if path.name != "link"
    }
    assert modes == {"output-2": SHARED, "deep": SHARED, "result": 0o660, "run.sh": 0o770}
    assert (output / "link").readlink() == Path("run.sh")
    assert (output / "deep/result").stat().st_mtime == 7
    assert not incoming.exists()


def test_a_folder_that_is_exchanged_while_it_is_made_is_not_used(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    make = os.mkdir

    def exchanged(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(name, mode, dir_fd=dir_fd)
        os.chmod(name, SHARED, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", exchanged)
    with held.held(homes.ada) as home, pytest.raises(LeadsOutError, match="was exchanged"):
        home.make("new")
    assert isinstance(home, Held)
