"""A home of its own for each test, and the command line called in this process."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import ganga
from ganga.cli.main import main
from ganga.model.ids import TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.update import Update


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, object]]:
        """The lines of its output as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Ganga = Callable[..., Result]
Save = Callable[..., None]


@pytest.fixture(autouse=True)
def home(ganga_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return ganga_home


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Ganga:
    def run(*words: str) -> Result:
        capfd.readouterr()
        code = main(words)
        return Result(code, *capfd.readouterr())

    return run


@pytest.fixture
def jobs() -> Callable[..., list[JobRecord]]:
    """Stores jobs of the given names, looked after by nobody."""

    async def submit(names: tuple[str, ...], subjobs: int | None) -> list[JobRecord]:
        async with ganga.open(monitor=False) as client:
            return [await client.submit("true", name=name, subjobs=subjobs) for name in names]

    def make(*names: str, subjobs: int | None = None) -> list[JobRecord]:
        return asyncio.run(submit(names, subjobs))

    return make


@pytest.fixture
def save() -> Save:
    """Stores records, and the state of the local target, as its monitor would."""

    async def write(records: tuple[JobRecord, ...], state: TargetState | None) -> None:
        async with ganga.open(monitor=False) as client:
            target = TargetName("local")
            lease = await client.store.acquire(target, "a test")
            assert lease is not None
            await client.store.save(Update(target, records, state=state), lease)
            await client.store.release(lease)

    def make(*records: JobRecord, state: TargetState | None = None) -> None:
        asyncio.run(write(records, state))

    return make
