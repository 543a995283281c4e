"""What it takes to open a target over REST; that it opens is tried with real servers."""

import sys
from pathlib import Path

import pytest

from ganga.backends.base import Surroundings
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.settings import Settings, policy
from ganga.errors import ConfigurationError
from ganga.model.ids import TargetName

REST = Settings(rest_url="http://localhost:6820")


async def opened(settings: Settings, folder: Path) -> None:
    async with connect(settings, Surroundings(TargetName("slurm"), folder)):
        pass


async def test_without_a_token_there_is_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JWT", raising=False)
    with pytest.raises(ConfigurationError, match="scontrol token"):
        await opened(REST, tmp_path)


async def test_authorities_that_are_not_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JWT", "a.b.c")
    wrong = Settings(rest_url="https://slurm.example.org", authorities=str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match=r"`authorities`.*none\.pem"):
        await opened(wrong, tmp_path)


async def test_without_its_extra_there_is_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigurationError, match=r"ganga\[slurm-rest\]"):
        await opened(REST, tmp_path)


def test_what_a_feed_tells_need_be_asked_less() -> None:
    told, asked = policy(REST), policy(Settings())
    assert told.feed is not None
    assert asked.feed is None
    assert told.sweep.fastest > asked.sweep.fastest
