"""The event log as a source of news."""

from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.batch.here import HereShell
from ganga.backends.batch.road import News
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.tailing import GrowingFile
from ganga.backends.htcondor.log import CLOSING, EventLog
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.htcondor.recorded import recorded

RUNNING = b"001 (001.000.000) 2026-11-22 22:38:24 Job executing on host: <127.0.0.1:1>\n...\n"
FOLLOWED = frozenset({NativeId("1.0"), NativeId("2.0")})
ENDED = b"005 (001.000.000) 2026-11-22 22:38:25 Job terminated.\n\t(1) Normal termination (return value 0)\n...\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events"


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def size(path: Path) -> int:
    return path.stat().st_size


def source(path: Path) -> EventLog:
    return EventLog(GrowingFile(HereShell(60.0), PurePosixPath(path), closing=CLOSING))


async def test_news_are_the_newest_of_each_job(path: Path) -> None:
    log = source(path)
    cursor = (await log.news(None, ())).cursor
    write(path, recorded("userlog.txt").encode())
    news = await log.news(cursor, ())
    assert news.told[NativeId("1.0")].status is JobStatus.COMPLETED
    assert news.told[NativeId("1.5")].status is JobStatus.RUNNING
    assert not (await log.news(news.cursor, ())).told


async def test_another_reader_goes_on_and_half_an_event_waits(path: Path) -> None:
    write(path, b"")
    cursor = (await source(path).news(None, ())).cursor
    write(path, RUNNING + ENDED[:-5])
    news = await source(path).news(cursor, ())
    assert [seen.status for seen in news.told.values()] == [JobStatus.RUNNING]
    write(path, RUNNING + ENDED)
    news = await source(path).news(news.cursor, ())
    assert [seen.status for seen in news.told.values()] == [JobStatus.COMPLETED]


async def test_the_end_of_a_job_that_was_run_again_is_asked_for(path: Path) -> None:
    log = source(path)
    cursor = (await log.news(None, ())).cursor
    write(path, recorded("events-of-reruns.txt").encode())
    news = await log.news(cursor, ())
    assert set(news.told) == {"1.0", "1.3"}
    assert news.hints == {"1.1", "1.2"}


async def test_a_gap_asks_about_all_that_are_followed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, RUNNING + ENDED)
    log = source(path)
    cursor = (await log.news(None, ())).cursor
    write(path, RUNNING)
    news = await log.news(cursor, {NativeId("1.0"), NativeId("2.0")})
    assert news.missed == {"1.0", "2.0"}
    assert "nobody has read" in caplog.text
    assert news.told[NativeId("1.0")].status is JobStatus.RUNNING


async def test_an_event_that_is_not_known_is_told_to_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = source(path)
    cursor = (await log.news(None, ())).cursor
    write(path, b"099 (001.000.000) 2026-11-22 22:38:24 New\n...\n" + RUNNING)
    news = await log.news(cursor, ())
    assert len(news.told) == 1
    assert "099 (001.000.000)" in caplog.text


async def test_no_start_is_counted_twice_by_who_asks_again(path: Path) -> None:
    log = source(path)
    cursor = (await log.news(None, ())).cursor
    write(path, RUNNING)
    once = await log.news(cursor, ())
    assert await log.news(cursor, ()) == once
    assert await log.news(once.cursor, ()) == News(cursor=once.cursor)
    write(path, RUNNING + ENDED)
    assert (await log.news(once.cursor, ())).told[NativeId("1.0")].status is JobStatus.COMPLETED


async def test_a_log_that_has_grown_long_is_emptied_and_all_jobs_are_asked_about_once(path: Path) -> None:
    log = EventLog(GrowingFile(HereShell(60.0), PurePosixPath(path), closing=CLOSING), longest=len(RUNNING))
    write(path, b"")
    cursor = (await log.news(None, ())).cursor
    write(path, RUNNING)
    news = await log.news(cursor, FOLLOWED)
    assert (size(path), news.missed) == (len(RUNNING), frozenset())
    write(path, RUNNING + ENDED)
    news = await log.news(news.cursor, FOLLOWED)
    assert (size(path), news.missed) == (0, FOLLOWED)
    assert [seen.status for seen in news.told.values()] == [JobStatus.COMPLETED]
    write(path, RUNNING)
    news = await log.news(news.cursor, FOLLOWED)
    assert (len(news.told), news.missed) == (1, frozenset())


async def test_whoever_has_not_used_what_an_emptied_log_told_asks_about_all(path: Path) -> None:
    log = EventLog(GrowingFile(HereShell(60.0), PurePosixPath(path), closing=CLOSING), longest=0)
    write(path, RUNNING)
    cursor = (await log.news(None, ())).cursor
    write(path, RUNNING + ENDED)
    cursor = (await log.news(cursor, FOLLOWED)).cursor
    write(path, ENDED + RUNNING)
    late = await log.news(cursor, FOLLOWED)
    assert late.missed == FOLLOWED
    write(path, b"")
    assert (await log.news(late.cursor, FOLLOWED)).missed == set()


async def test_a_log_that_cannot_be_emptied_is_read_all_the_same(tmp_path: Path) -> None:
    class Stubborn(HereShell):
        async def run(self, command: Command, /) -> Reply:
            return Reply(command, 1, b"", b"Permission denied")

    path = tmp_path / "events"
    log = EventLog(GrowingFile(Stubborn(60.0), PurePosixPath(path), closing=CLOSING), longest=0)
    write(path, b"")
    cursor = (await log.news(None, ())).cursor
    write(path, RUNNING)
    news = await log.news(cursor, FOLLOWED)
    assert len(news.told) == 1
    write(path, RUNNING + ENDED)
    assert len((await log.news(news.cursor, FOLLOWED)).told) == 1
