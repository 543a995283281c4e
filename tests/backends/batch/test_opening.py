from pathlib import Path, PurePosixPath

import msgspec
import pytest

from ganga.backends.base import Identified
from ganga.backends.batch.opening import open_backend
from ganga.backends.batch.settings import BatchSettings
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.ids import NativeId, TargetName
from tests.backends.batch.kerberos.caches import Entry, cache
from tests.backends.batch.test_following import ToyRoad
from tests.backends.batch.toy import ToyDialect, ToySystem, down

HERE = TargetName("toy@here")


async def test_a_target_that_answers_is_opened(system: ToySystem, tmp_path: Path) -> None:
    folder = str(tmp_path / "work")
    backend = await open_backend(ToyDialect(), system, BatchSettings(work_folder=folder), HERE)
    assert (await backend.poll([NativeId("7")])).absent == {NativeId("7")}
    assert (tmp_path / "work").stat().st_mode & 0o077 == 0


async def test_the_folder_is_below_the_users_home_by_default(
    system: ToySystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    await open_backend(ToyDialect(), system, BatchSettings(), HERE)
    assert await system.scan(PurePosixPath(tmp_path) / ".ganga" / "batch" / "toy@here")


@pytest.mark.parametrize("wanted", ["jobs", "./jobs", "~ada/jobs", "$HOME/jobs"])
async def test_a_folder_that_means_another_one_in_each_place_is_refused(
    wanted: str, system: ToySystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine of the cluster would find the files of jobs there."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"work_folder .* has to begin with / or with ~/"):
        await open_backend(ToyDialect(), system, BatchSettings(work_folder=wanted), HERE)
    assert await system.scan(PurePosixPath(tmp_path)) == {}


async def test_a_target_that_does_not_answer_is_not_opened(system: ToySystem, tmp_path: Path) -> None:
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await open_backend(ToyDialect(), system, BatchSettings(work_folder=str(tmp_path)), HERE)


@pytest.mark.parametrize("source", [None, ToyRoad()])
async def test_tickets_are_known_as_soon_as_it_is_open(
    source: ToyRoad | None, system: ToySystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tickets").write_bytes(cache(Entry()))
    monkeypatch.setenv("KRB5CCNAME", str(tmp_path / "tickets"))
    for wish, name in (("yes", "ada@EXAMPLE.ORG"), ("auto", None), ("no", None)):
        settings = msgspec.convert({"work_folder": str(tmp_path / "work"), "kerberos": wish}, BatchSettings)
        backend = await open_backend(ToyDialect(), system, settings, HERE, source=source)
        assert isinstance(backend, Identified)
        assert (backend.identity.name if backend.identity else None) == name
