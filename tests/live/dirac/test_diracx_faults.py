"""The road over DiracX while the server, or the way to it, is in trouble.

In each case nothing is said of any job, the error says what is wrong, and all is told once the trouble is over.
"""

import asyncio
import gzip
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.road import JobState
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.states import observation
from ganga.backends.dirac.token_file import TokenFile
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from ganga.model.status import JobStatus
from tests.live import proxy
from tests.live.dirac.conftest import description
from tests.live.diracx_server.running import DiracXServer
from tests.live.proxy import Proxy, altered, answers, cut

#: Seconds that the server has for its answers, however busy the machine is, and that one has which gives none.
PATIENCE, SHORT_PATIENCE = 60.0, 1.0

JSON = "application/json"
PAGE = b"<html><body>Please log in to the hotel network</body></html>"


@pytest.fixture
async def road(way: Proxy, session_credentials: Path) -> AsyncIterator[DiracX]:
    settings = Settings(diracx_url=way.url, diracx_credentials=str(session_credentials), timeout=PATIENCE)
    async with open_road(settings) as road:
        yield road


@pytest.fixture
async def impatient(way: Proxy, session_credentials: Path) -> AsyncIterator[DiracX]:
    """For questions of which it is known that no answer comes."""
    settings = Settings(diracx_url=way.url, diracx_credentials=str(session_credentials), timeout=SHORT_PATIENCE)
    # The server itself may need longer than that even to say that it is there.
    way.fault = answers("200 OK", JSON, b"{}")
    async with open_road(settings) as road:
        way.fault = proxy.faithful
        yield road


@pytest.fixture
async def jobs(road: DiracX, group: str) -> Sequence[int]:
    return await road.submit([description(f"{group}-{number}", group) for number in range(5)])


def half_of_the_rows(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Fewer rows than the range says."""
    return (
        head.replace(b"200 OK", b"206 Partial Content") + b"\r\nContent-Range: jobs 0-4/5",
        body[: body.index(b"},")] + b"}]",
    )


def without_range(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """A part of the jobs, and nobody says of how many."""
    return head.replace(b"200 OK", b"206 Partial Content"), body


def shortened_whole(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Cut by something that corrects the length."""
    return head, body[: len(body) // 2]


def emptied(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    return head, body[:0]


def scrambled(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    return head, body.replace(b"Status", b"Stat\xff\xfes")


def compressed_by_half(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    packed = gzip.compress(body)
    return head + b"\r\nContent-Encoding: gzip", packed[: len(packed) // 2]


#: What happens, and what the error says of it.
FAULTS: dict[str, tuple[proxy.Fault, str]] = {
    "not ready": (
        answers("503 Service Unavailable", JSON, b'{"detail":"warming up"}', "Retry-After: 7"),
        r"not ready \(503\) and asks to wait 7 s",
    ),
    "too many": (answers("429 Too Many Requests", JSON, b"{}"), r"not ready \(429\)"),
    "failing": (answers("500 Internal Server Error", JSON, b'{"detail":"database is locked"}'), "database is locked"),
    "failing in plain text": (answers("500 Internal Server Error", "text/plain", b"Internal Server Error"), "500"),
    "bad gateway": (answers("502 Bad Gateway", "text/html", b"<html>nginx</html>"), "502 with text/html"),
    "a page": (answers("200 OK", "text/html; charset=utf-8", PAGE), "text/html instead of JSON"),
    "a page that forbids": (answers("403 Forbidden", "text/html", PAGE), "403 with text/html"),
    "a page that wants a login": (answers("401 Unauthorized", "text/html", PAGE), "401 with text/html"),
    "redirect": (
        answers("302 Found", JSON, b"{}", "Location: https://evil.invalid/?token=1"),
        r"redirects to https://evil\.invalid/:",
    ),
    "nothing like it": (answers("404 Not Found", JSON, b'{"detail":"Not Found"}'), "is the address right"),
    "foreign JSON": (answers("200 OK", JSON, b'{"hello":"world"}'), "unreadable reply"),
    "null": (answers("200 OK", JSON, b"null"), "unreadable reply"),
    "broken": (proxy.lost, "broke off"),
    "cut": (cut(0.5), "broke off"),
    "cut at the start": (cut(0.0), "broke off"),
    "shortened": (altered(shortened_whole), "unreadable reply"),
    "empty": (altered(emptied), "unreadable reply"),
    "scrambled": (altered(scrambled), "unreadable reply"),
    "compressed and cut": (altered(compressed_by_half), "unreadable reply"),
}

#: What lasts for longer than anybody waits.
ENDLESS: dict[str, proxy.Fault] = {"silent": proxy.silent, "slow trickle": proxy.trickled}

#: What happens to replies with jobs.
FAULTS_OF_PAGES: dict[str, tuple[proxy.Fault, str]] = {
    "half a page": (altered(half_of_the_rows), "part of a page"),
    "a part of unknown size": (altered(without_range), "part of a page"),
    "beyond the end": (answers("416 Range Not Satisfiable", JSON, b"[]", "Content-Range: jobs */9"), "part of a page"),
}


async def questions(road: DiracX, jobs: Sequence[int], group: str) -> dict[str, Callable[[], Awaitable[object]]]:
    async def news() -> list[Sequence[JobState]]:
        return [page async for page in road.changed(Utc(0.0), owner="alice")]

    return {
        "states": lambda: road.states(jobs),
        "changed": news,
        "jobs": lambda: road.jobs(group=group),
        "history": lambda: road.history(jobs),
        "counts": lambda: road.counts(owner="alice"),
    }


async def check(way: Proxy, fault: proxy.Fault, words: str, ask: Callable[[], Awaitable[object]]) -> None:
    before = await ask()
    way.fault = fault
    with pytest.raises(BackendUnavailable, match=words):
        await ask()
    way.fault = proxy.faithful
    assert await ask() == before


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_believed_that_is_not_whole(
    name: str, way: Proxy, road: DiracX, jobs: Sequence[int], group: str
) -> None:
    fault, words = FAULTS[name]
    for ask in (await questions(road, jobs, group)).values():
        await check(way, fault, words, ask)


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_answer_is_not_waited_for_without_end(
    name: str, way: Proxy, road: DiracX, impatient: DiracX, jobs: Sequence[int]
) -> None:
    before = await road.states(jobs)
    way.fault = ENDLESS[name]
    with pytest.raises(BackendUnavailable, match=r"did not answer in full within 1 s"):
        await impatient.states(jobs)
    way.fault = proxy.faithful
    assert await road.states(jobs) == before


@pytest.mark.parametrize("name", FAULTS_OF_PAGES)
@pytest.mark.parametrize("question", ["states", "changed", "jobs", "history"])
async def test_half_a_page_is_no_answer(
    name: str, question: str, way: Proxy, road: DiracX, jobs: Sequence[int], group: str
) -> None:
    fault, words = FAULTS_OF_PAGES[name]
    await check(way, fault, words, (await questions(road, jobs, group))[question])


async def test_a_server_that_refuses_connections_is_said_to_be_out_of_reach(
    way: Proxy, road: DiracX, jobs: Sequence[int]
) -> None:
    await way.refuse()
    with pytest.raises(BackendUnavailable, match="cannot be reached"):
        await road.states(jobs)
    await way.listen()
    assert (await road.states(jobs)).keys() == set(jobs)


async def test_a_question_on_a_broken_connection_is_asked_again_on_a_fresh_one(
    way: Proxy, road: DiracX, jobs: Sequence[int]
) -> None:
    await road.states(jobs)
    before = len(way.requests)
    way.fault = proxy.broken_when_reused
    assert (await road.states(jobs)).keys() == set(jobs)
    assert len(way.requests) == before + 2


async def test_a_submission_of_which_nothing_is_heard_is_made_once_and_found_by_name(
    way: Proxy, road: DiracX, group: str
) -> None:
    way.fault = proxy.lost
    with pytest.raises(BackendUnavailable, match="broke off"):
        await road.submit([description(f"{group}-tag", group)])
    way.fault = proxy.faithful
    assert sum("/api/jobs/jdl" in line for line in way.requests) == 1
    (found,) = (await road.jobs(names=[f"{group}-tag"])).values()
    assert found.status == "Received"


async def test_a_submission_does_not_go_over_a_connection_that_may_break(way: Proxy, road: DiracX, group: str) -> None:
    way.fault = proxy.broken_when_reused
    for number in range(3):
        assert len(await road.submit([description(f"{group}-{number}", group)])) == 1


async def test_a_server_that_was_stopped_and_started_goes_on(
    diracx: DiracXServer, settings: Settings, group: str
) -> None:
    async with open_road(settings) as road:
        jobs = await road.submit([description(group, group)])
        before = await road.states(jobs)
        await asyncio.to_thread(diracx.stop)
        with pytest.raises(BackendUnavailable, match="cannot be reached"):
            await road.states(jobs)
        await asyncio.to_thread(diracx.start)
        assert await road.states(jobs) == before


async def test_no_token_is_in_any_error(way: Proxy, road: DiracX, session_credentials: Path) -> None:
    tokens = TokenFile(session_credentials).read()
    for fault, _ in FAULTS.values():
        way.fault = fault
        with pytest.raises(BackendUnavailable) as caught:
            await road.counts(owner="alice")
        text = "".join(traceback.format_exception(caught.value))
        assert tokens.access_token not in text
    assert tokens.access_token not in repr(road) + repr(road._session) + repr(road._session._tokens) + repr(tokens)


async def test_a_server_that_fails_and_drops_its_connections_is_asked_on_a_fresh_one(
    road: DiracX, jobs: Sequence[int]
) -> None:
    """A real failure of the real server: it cannot compare a time with a number."""
    nonsense = {"search": [{"parameter": "LastUpdateTime", "operator": "gt", "value": 7}]}
    for _ in range(3):
        with pytest.raises(BackendUnavailable, match="500"):
            await road._session.read("POST", "/api/jobs/search", nonsense)
        assert (await road.states(jobs)).keys() == set(jobs)


async def test_a_database_that_is_locked_is_no_answer(
    diracx: DiracXServer, road: DiracX, impatient: DiracX, jobs: Sequence[int], group: str
) -> None:
    before = await road.states(jobs)
    with diracx.locked():
        with pytest.raises(BackendUnavailable, match=r"did not answer|500"):
            await impatient.states(jobs)
        with pytest.raises(BackendUnavailable, match=r"did not answer|500"):
            await impatient.kill(jobs[:1])
        with pytest.raises(BackendUnavailable, match=r"did not answer|500"):
            await impatient.submit([description(group, group)])
    after = await road.states(jobs[1:])
    assert after == {job: before[job] for job in jobs[1:]}


async def test_jobs_that_were_removed_are_denied_and_the_others_told(
    diracx: DiracXServer, road: DiracX, jobs: Sequence[int]
) -> None:
    diracx.change("DELETE FROM Jobs WHERE JobID = ?", [(jobs[0],)])
    assert (await road.states(jobs)).keys() == set(jobs[1:])


async def test_a_word_that_nobody_knows_is_told_as_it_is(
    diracx: DiracXServer, road: DiracX, jobs: Sequence[int]
) -> None:
    diracx.change("UPDATE Jobs SET Status = 'Meditating', MinorStatus = '' WHERE JobID = ?", [(jobs[0],)])
    state = (await road.states(jobs))[jobs[0]]
    assert (state.status, state.minor_status) == ("Meditating", "")


async def test_what_other_tools_reschedule_after_its_end_is_counted_by_the_server_and_run_by_nobody(
    diracx: DiracXServer, road: DiracX, jobs: Sequence[int]
) -> None:
    """So it is no attempt; our own road refuses to ask for it."""
    job = jobs[0]
    diracx.change("UPDATE Jobs SET Status = 'Done', MinorStatus = 'Execution Complete' WHERE JobID = ?", [(job,)])
    await road._session.write("POST", "/api/jobs/reschedule", {"job_ids": [job]})
    state = (await road.states(jobs))[job]
    assert (state.status, state.reschedules) == ("Done", 1)
    assert (observation(state).status, observation(state).restart) == (JobStatus.COMPLETED, 0)
