"""The scripted back end keeps the promises of a back end, and breaks them only where a fault says so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ganga.backends.base import Retrieval, Submission
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, Tag, job_id
from ganga.model.job import JobSpec
from ganga.model.status import JobStatus
from ganga.testing.backend import Fault, ScriptedBackend, ScriptedFeed
from ganga.testing.check_backend import CHECKS, EXIT_CODE, GREETING, Check, Trial, check_backend
from ganga.testing.clock import VirtualClock, run_virtual
from ganga.testing.world import Script


def script(submission: Submission) -> Script:
    running = {"good": 0.2, "bad": 0.1, "endless": float("inf")}[submission.spec.name]
    code = EXIT_CODE if submission.spec.name == "bad" else 0
    return Script(queued=0.1, running=running, exit_code=code, stdout=GREETING, outputs={"kept.txt": GREETING})


def virtually(trial: Callable[[ScriptedFeed, VirtualClock], Awaitable[None]]) -> None:
    clock = VirtualClock()
    backend = ScriptedFeed(lambda: clock.elapsed, latency=0.01)

    async def main() -> None:
        await trial(backend, clock)

    run_virtual(main(), clock)


def submissions(number: int) -> list[Submission]:
    spec = JobSpec(command=("true",))
    return [Submission(job_id(index), Tag(f"t{index}"), spec) for index in range(1, number + 1)]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_each_promise(check: Check, tmp_path: Path) -> None:
    clock = VirtualClock()
    backend = ScriptedBackend(lambda: clock.elapsed, script, latency=0.01)

    async def main() -> None:
        await check(Trial(backend, tmp_path))

    run_virtual(main(), clock)


def test_a_call_that_fails_does_nothing_and_one_that_fails_after_does_it() -> None:
    async def trial(backend: ScriptedFeed, _: VirtualClock) -> None:
        backend.goes_wrong("submit", Fault.FAIL, Fault.FAIL_AFTER)
        with pytest.raises(BackendUnavailable, match="submit fails"):
            await backend.submit(submissions(1))
        assert len(backend.world) == 0
        with pytest.raises(BackendUnavailable, match="after it was carried out"):
            await backend.submit(submissions(1))
        assert (await backend.find([Tag("t1")])).present == {"t1": "1000"}
        assert backend.calls == [("submit", 1), ("submit", 1), ("find", 1)]

    virtually(trial)


def test_a_call_that_hangs_never_returns() -> None:
    async def trial(backend: ScriptedFeed, clock: VirtualClock) -> None:
        backend.goes_wrong("poll", Fault.HANG)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86400):
                await backend.poll([NativeId("1000")])
        assert clock.elapsed >= 86400

    virtually(trial)


def test_incomplete_replies_leave_out_and_deny_nothing() -> None:
    async def trial(backend: ScriptedFeed, _: VirtualClock) -> None:
        ids = list((await backend.submit(submissions(4))).accepted.values())
        backend.goes_wrong("poll", Fault.PARTIAL, Fault.TRUNCATED, Fault.SHUFFLED, Fault.DENY)
        partial, truncated, shuffled, denied = [await backend.poll([*ids, NativeId("7")]) for _ in range(4)]
        assert list(partial.seen) == ids[::2]
        assert list(truncated.seen) == ids[:1]
        assert partial.absent == truncated.absent == frozenset()
        assert list(shuffled.seen) == ids[::-1]
        assert denied.absent == {*ids, "7"}
        assert not denied.seen

    virtually(trial)


def test_a_late_reply_tells_what_was_true_when_it_was_asked_for() -> None:
    async def trial(backend: ScriptedFeed, clock: VirtualClock) -> None:
        ids = list((await backend.submit(submissions(1))).accepted.values())
        backend.goes_wrong("poll", Fault.LATE)
        late = await backend.poll(ids)
        assert clock.elapsed > ScriptedBackend.LATE
        assert late.seen[ids[0]].status is JobStatus.RUNNING

    virtually(trial)


def test_the_feed_tells_what_is_new_since_the_cursor() -> None:
    async def trial(backend: ScriptedFeed, _: VirtualClock) -> None:
        begin = (await backend.changes(None)).cursor
        ids = list((await backend.submit(submissions(2))).accepted.values())
        backend.goes_wrong("changes", Fault.TRUNCATED)
        truncated = await backend.changes(begin)
        assert (list(truncated.seen), truncated.cursor) == (ids[:1], begin)
        whole = await backend.changes(begin)
        assert set(whole.seen) == set(ids)
        await asyncio.sleep(5)
        assert {seen.status for seen in (await backend.changes(whole.cursor)).seen.values()} == {JobStatus.COMPLETED}

    virtually(trial)


def test_a_refused_job_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        backend = ScriptedBackend(lambda: 0.0, lambda _: Script(rejected="no such queue"))
        assert (await backend.submit(submissions(1))).rejected == {"t1": "no such queue"}
        fetched = await backend.fetch([Retrieval(NativeId("7"), (), tmp_path)])
        assert fetched[NativeId("7")].error == "there is no job 7"

    asyncio.run(main())


async def test_a_breach_is_named(tmp_path: Path) -> None:
    backend = ScriptedBackend(lambda: 0.0, lambda _: Script(rejected="no such queue"))
    with pytest.raises(AssertionError, match="refused of a job that can be run") as error:
        await check_backend(backend, tmp_path)
    assert error.value.__notes__ == ["in the check 'an_unknown_id_is_not_guessed_at'"]


async def test_patience_is_bounded(tmp_path: Path) -> None:
    backend = ScriptedBackend(lambda: 0.0)
    trial = Trial(backend, tmp_path, pause=0.001, patience=0.01)
    native_id = backend.world.accept(Tag("t"), Script(), 0.0)
    with pytest.raises(AssertionError, match="has not ended within"):
        await trial.end_of(native_id)
