import asyncio
import stat
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import ganga
from ganga import app
from ganga.app import Opening, host
from ganga.backends.base import ENTRY_POINTS
from ganga.errors import ConfigurationError, UsageError
from ganga.model.ids import TargetName
from ganga.monitor.instruments import LeaseStep, LeaseTold
from ganga.plain import Session
from ganga.settings import load
from tests.monitor.test_instruments import Record
from tests.users import an_ordinary_user


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANGA_HOME", str(tmp_path / "home"))
    for name in ("GANGA_CONFIG", "GANGA_TARGET", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def configured(tmp_path: Path, text: str) -> Opening:
    file = tmp_path / "ganga.toml"
    file.write_text(text)
    return ganga.open(config=file, monitor=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_it_gives_a_client_of_a_private_home(home: Path) -> None:
    async with ganga.open(monitor=False) as client:
        assert client.targets == ("local",)
        assert (await client.submit(["true"])).target == "local"
    assert [mode(path) for path in (home, home / "ganga.sqlite")] == [0o700, 0o600]


async def test_an_opening_may_be_used_again(home: Path) -> None:
    opening = ganga.open(home, monitor=False)
    for count in range(2):
        async with opening as client:
            assert len([record async for record in client.select()]) == count
            await client.submit(["true"])


async def test_without_a_monitor_nobody_takes_a_lease() -> None:
    async with ganga.open(monitor=False) as client:
        assert await client.store.holder(TargetName("local")) is None


async def test_an_observer_is_told_how_the_monitor_works() -> None:
    record = Record()
    async with ganga.open(observer=record) as client, asyncio.timeout(100.0):
        while client.service.leading != {"local"}:  # noqa: ASYNC110 - any state of the service can be asked for
            await asyncio.sleep(0.01)
    taken = [fact.target for fact in record.facts if isinstance(fact, LeaseTold) and fact.step is LeaseStep.TAKEN]
    assert taken == ["local"]


def test_it_gives_a_session_too() -> None:
    with ganga.open(monitor=False) as session:
        assert isinstance(session, Session)
        assert session.submit("true").id == "1"
    with pytest.raises(UsageError, match="closed"):
        session.get(1)


async def test_the_settings_of_a_target_reach_its_back_end_and_its_policy(tmp_path: Path) -> None:
    opening = configured(tmp_path, '[targets.box]\nbackend = "local"\njobs_at_once = 2\npace.slowest = 77\n')
    async with opening as client:
        target = client.service.targets[TargetName("box")]
        assert target.backend == "local"
        assert target.policy.sweep.slowest == 77
        assert set(client.targets) == {"local", "box"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[targets.x]\nbackend = "locl"',
            r"targets.x.backend: there is no back end 'locl'; did you mean 'local'\? known back ends: .*local",
        ),
        ("[targets.zzz]", r"targets.zzz.backend: there is no back end 'zzz'; known back ends: "),
        (
            "[targets.local]\njobs_at_onse = 2",
            r"\[targets.local\] has an unknown setting 'jobs_at_onse'; did you mean 'jobs_at_once'\?",
        ),
        ("[targets.local]\njobs_at_once = 0", r"targets.local.jobs_at_once: expected `int` >= 1"),
    ],
)
async def test_a_mistake_in_a_target_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        async with configured(tmp_path, text):
            pass


def test_a_home_that_is_not_writable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")
    # Where ganga is installed for root alone others do not find its back ends.
    known = entry_points(group=ENTRY_POINTS)
    known["local"].load()
    monkeypatch.setattr(app, "entry_points", lambda group: known if group == ENTRY_POINTS else [])
    tmp_path.chmod(0o500)
    with an_ordinary_user(), pytest.raises(ConfigurationError, match="GANGA_HOME"), ganga.open(tmp_path / "home"):
        pass


async def test_the_home_of_a_service_for_many_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "ganga.toml").write_text(
        "[store]\nurl = 'postgresql://127.0.0.1:1/ganga'\n[service]\nhome = '/srv/{owner}'\n"
        "[targets.cluster]\nbackend = 'slurm'\nhost = '{owner}@cluster'\n"
    )
    settings = load(home=tmp_path / "ganga.toml", config=tmp_path / "ganga.toml")
    with pytest.raises(ConfigurationError, match="GANGA_HOME"):
        async with host(settings):
            pass


def test_a_home_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="GANGA_HOME"), ganga.open(tmp_path / "file" / "home"):
        pass
