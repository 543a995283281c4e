"""Which jobs a log of ends is about."""

import asyncio
from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.batch.ends_log import EndsLog
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.road import News
from ganga.backends.slurm import completions, ids
from ganga.model.ids import Cursor, NativeId

FOLLOWED = [NativeId(native_id) for native_id in ("7", "12_0", "12_1", "13_0")]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_text("JobId=7 JobState=COMPLETED \n")
    return path


@pytest.fixture
def source(log: Path) -> EndsLog:
    return EndsLog(HereShell(within=60.0), PurePosixPath(log), read=completions.read, place=ids.place)


async def written(log: Path, text: str) -> None:
    await asyncio.to_thread(log.write_text, text)


async def began(source: EndsLog) -> Cursor | None:
    """Who has not listened before may have missed anything."""
    news = await source.news(None, FOLLOWED)
    assert not news.hints
    assert news.missed == set(FOLLOWED)
    return news.cursor


@pytest.mark.parametrize(
    ("lines", "hints"),
    [
        ("", set()),
        ("JobId=7 JobState=FAILED \n", {"7"}),
        ("JobId=7 JobState=FAILED", set()),
        ("JobId=99 JobState=FAILED ArrayJobId=12 ArrayTaskId=1 ExitCode=0:0 \n", {"12_1"}),
        ("JobId=12 JobState=CANCELLED \n", {"12_0", "12_1"}),
        ("JobId=8 JobState=FAILED \nsomething else\nJobId=13 X=1 ArrayJobId=13 ArrayTaskId=0 Y=2\n", {"13_0"}),
    ],
)
async def test_those_that_the_new_lines_name(source: EndsLog, log: Path, lines: str, hints: set[str]) -> None:
    cursor = await began(source)
    await written(log, (await asyncio.to_thread(log.read_text)) + lines)
    news = await source.news(cursor, FOLLOWED)
    assert news.hints == hints
    assert not news.missed
    assert not news.told
    assert await source.news(news.cursor, FOLLOWED) == News(cursor=news.cursor)


async def test_all_where_lines_may_have_been_missed(source: EndsLog, log: Path) -> None:
    cursor = await began(source)
    await written(log, "JobId=99 \n")
    assert (await source.news(cursor, FOLLOWED)).missed == set(FOLLOWED)


async def test_a_log_that_is_not_there_is_silent(source: EndsLog, log: Path) -> None:
    cursor = await began(source)
    await asyncio.to_thread(log.unlink)
    news = await source.news(cursor, FOLLOWED)
    assert not news.hints
    assert not news.missed
