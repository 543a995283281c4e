from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.backends.batch.toy import ToySystem, toy_system


@pytest.fixture
async def system() -> AsyncIterator[ToySystem]:
    """One whose jobs wait for ever."""
    async with toy_system() as system:
        yield system


@pytest.fixture
async def live_system() -> AsyncIterator[ToySystem]:
    """One whose jobs run."""
    async with toy_system(runs=True) as system:
        yield system


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder for the files of jobs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
