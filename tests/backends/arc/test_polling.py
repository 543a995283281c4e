"""Evidence, denials, and silence."""

import msgspec
import pytest
from aiohttp import web

from ganga.backends.arc.polling import poll
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.arc.element import Scripted, asked, noted, recorded

FAILED = NativeId("VSnKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmABFKDmj79MGn")
FINISHED = NativeId("qDzKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmBBFKDmCpdvIm")
RUNNING = NativeId("WrzKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmCBFKDmdODm1n")
ALL = {FAILED, FINISHED, RUNNING}

STATUS, ENDED = "POST /1.0/jobs?action=status", "GET /1.0/jobs?state"


def listed(**states: str) -> bytes:
    return msgspec.json.encode({"job": [{"id": job, "state": state} for job, state in states.items()]})


async def test_ends_are_read_from_the_elements_own_files() -> None:
    script = Scripted()
    script.answers = {
        STATUS: recorded("status-multi-late"),
        ENDED: listed(**{FAILED: "FAILED", FINISHED: "FINISHED"}),
        f"GET /1.0/jobs/{FAILED}/diagnose/diag": b"exitcode=7\n",
        f"GET /1.0/jobs/{FAILED}/diagnose/failed": b"LRMS error: (7)\n",
        f"GET /1.0/jobs/{FINISHED}/diagnose/diag": b"KernelTime=0.40s\nUserTime=0.80s\n",
    }
    async with asked(script) as service:
        answer = await poll(service, ALL)
    assert {job: (seen.status, seen.exit_code) for job, seen in answer.seen.items()} == {
        FAILED: (JobStatus.FAILED, 7),
        FINISHED: (JobStatus.COMPLETED, 0),
        RUNNING: (JobStatus.RUNNING, None),
    }
    assert answer.seen[FAILED].reason == "LRMS error: (7)"
    assert answer.seen[FINISHED].cpu_time == pytest.approx(1.2)
    assert not answer.absent
    # Two questions for all, and those about each that has ended; with the one that opens it.
    assert len(script.asked) == 6


async def test_arc_7_tells_ends_as_arc_6_does() -> None:
    failed, killed = NativeId("80a7b40ce146"), NativeId("80a87d4562c2")
    script = Scripted()
    script.answers = {
        "GET ": b'{"version":["1.0","1.1"]}',
        "POST /1.1/jobs?action=status": recorded("arc-7/status-ended"),
        "GET /1.1/jobs?state": recorded("arc-7/list-ended"),
        f"GET /1.1/jobs/{failed}/diagnose/diag": noted("diag-failed"),
        f"GET /1.1/jobs/{failed}/diagnose/failed": noted("why-failed"),
    }
    async with asked(script) as service:
        answer = await poll(service, {failed, killed})
    # The other one is still being killed.
    assert answer.seen.keys() == {failed}
    assert answer.seen[failed].exit_code == 42
    assert not answer.absent


async def test_an_end_is_known_before_a_state_tells_it() -> None:
    script = Scripted()
    script.answers = {
        STATUS: recorded("status-multi-early"),
        ENDED: listed(**{FAILED: "FAILED"}),
        f"GET /1.0/jobs/{FAILED}/diagnose/diag": b"exitcode=7\n",
        f"GET /1.0/jobs/{FAILED}/diagnose/failed": b"LRMS error: (7)\n",
    }
    async with asked(script) as service:
        answer = await poll(service, ALL)
    assert answer.seen[FAILED].exit_code == 7
    assert {answer.seen[job].status for job in (FINISHED, RUNNING)} == {JobStatus.SUBMITTED}


async def test_an_end_that_cannot_be_looked_at_is_no_end() -> None:
    script = Scripted()
    broken = web.Response(status=500, reason="Failed to read")
    script.answers = {
        STATUS: recorded("status-multi-early"),
        ENDED: listed(**{FAILED: "FAILED"}),
        f"GET /1.0/jobs/{FAILED}/diagnose/diag": broken,
    }
    async with asked(script) as service:
        with pytest.raises(BackendUnavailable, match="Failed to read"):
            await poll(service, ALL)


async def test_only_a_job_that_is_not_known_is_denied() -> None:
    unknown = NativeId("nonexistent123")
    script = Scripted()
    script.answers = {STATUS: recorded("status-unknown")}
    async with asked(script) as service:
        answer = await poll(service, {unknown, FAILED})
    assert not answer.seen
    assert answer.absent == {unknown}


@pytest.mark.parametrize("state", ["WIPED", "KILLING", "None", "OTHER", "", "BRAND NEW"])
async def test_a_job_whose_files_were_removed_is_denied_and_of_strange_states_nothing_is_said(state: str) -> None:
    script = Scripted()
    entry = {"status-code": "200", "reason": "OK", "id": FAILED, "state": state}
    script.answers = {STATUS: msgspec.json.encode({"job": entry}), ENDED: b""}
    async with asked(script) as service:
        answer = await poll(service, ALL)
    assert not answer.seen
    assert answer.absent == ({FAILED} if state == "WIPED" else set())


@pytest.mark.parametrize("code", ["500", "505", "", "403"])
async def test_a_verdict_of_another_kind_is_silence(code: str) -> None:
    script = Scripted()
    entry = {"status-code": code, "id": FAILED, "state": "FINISHED"}
    script.answers = {STATUS: msgspec.json.encode({"job": entry})}
    async with asked(script) as service:
        answer = await poll(service, {FAILED})
    assert not answer.seen
    assert not answer.absent


async def test_nothing_at_all_is_silence() -> None:
    script = Scripted()
    script.answers = {STATUS: b""}
    async with asked(script) as service:
        answer = await poll(service, ALL)
    assert not answer.seen
    assert not answer.absent


async def test_jobs_of_others_in_a_reply_are_passed_over() -> None:
    script = Scripted()
    script.answers = {STATUS: recorded("status-multi-late"), ENDED: listed(other="FAILED")}
    async with asked(script) as service:
        assert (await poll(service, {RUNNING})).seen.keys() == {RUNNING}


@pytest.mark.parametrize("question", [STATUS, ENDED])
async def test_half_a_reply_is_no_answer_to_the_whole(question: str) -> None:
    script = Scripted()
    script.answers = {
        STATUS: recorded("status-multi-late"),
        ENDED: listed(**{FAILED: "FAILED"}),
        question: recorded("status-multi-late")[:200],
    }
    async with asked(script) as service:
        with pytest.raises(BackendProtocolError):
            await poll(service, ALL)


async def test_an_element_that_fails_was_not_asked() -> None:
    async with asked(Scripted()) as service:
        with pytest.raises(BackendUnavailable):
            await poll(service, ALL)
