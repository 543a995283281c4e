"""A blocking back end costs nobody but its own jobs, however it behaves."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar

import pytest

from ganga.backends.base import (
    Adopting,
    Backend,
    Deleting,
    Discarding,
    Feed,
    Finding,
    Historied,
    Peeking,
    Readable,
    Receipts,
    Rescheduling,
    Retrieval,
    Retrieved,
    Strained,
    Stream,
    Submission,
    Tail,
)
from ganga.backends.pool import ThreadPool
from ganga.backends.threads import ThreadedBackend, in_threads
from ganga.errors import BackendUnavailable, SubmissionRejected
from ganga.model.clock import Utc
from ganga.model.ids import Cursor, NativeId, Tag
from ganga.model.observation import Answer, Observation
from ganga.model.status import JobStatus
from ganga.model.step import Step

SHORT, LONG = 0.01, 60.0
IDS = (NativeId("7"),)
STEP = Step(status="PD", at=Utc(1.0))
ANSWER = Answer(absent=frozenset(IDS))


def nothing() -> None:
    """The poll of a back end that answers at once."""


class Scripted:
    """A blocking back end whose poll does what it is told; the other verbs give their arguments back."""

    def __init__(self, poll: Callable[[], object] = nothing) -> None:
        self._poll = poll

    def submit(self, batch: Sequence[Submission], /) -> Receipts:
        return Receipts(rejected={item.tag: "no" for item in batch})

    def find(self, tags: Collection[Tag], /) -> Finding:
        return Finding(absent=frozenset(tags))

    def poll(self, ids: Collection[NativeId], /) -> Answer:
        self._poll()
        return Answer(absent=frozenset(ids))

    def kill(self, ids: Collection[NativeId], /) -> None:
        raise SubmissionRejected(f"{len(ids)} jobs stay")

    def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        return {item.native_id: Retrieved() for item in retrievals}


class Able(Scripted):
    """With all optional verbs."""

    def changes(self, since: Cursor | None, /) -> Answer:
        return Answer(cursor=since)

    def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        return f"{native_id} {stream} {offset}".encode()

    def discard(self, ids: Collection[NativeId], /) -> None:
        raise SubmissionRejected(f"{len(ids)} folders stay")

    def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        return {NativeId(word): Observation(status=JobStatus.RUNNING, native_status="R") for word in references}

    def history(self, ids: Collection[NativeId], /) -> Mapping[NativeId, Sequence[Step]]:
        return {native_id: [STEP] for native_id in ids}

    def reschedule(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        return dict.fromkeys(ids, "not again")

    def delete(self, ids: Collection[NativeId], /) -> Mapping[NativeId, str]:
        return dict.fromkeys(ids, "it lives")

    def peek(self, native_id: NativeId, /) -> Tail:
        return Tail(native_id)


@pytest.fixture(name="gate")
def open_at_the_end() -> Iterator[threading.Event]:
    """Calls that wait for it hang until the test opens it, at the latest at its end."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture(name="pool")
async def closed_at_the_end() -> AsyncIterator[ThreadPool]:
    pool = ThreadPool("slurm", threads=1, timeout=SHORT, most_stuck=2)
    yield pool
    pool.close()


async def returned(pool: ThreadPool, stuck: int = 0) -> None:
    """Wait until no more than so many threads hang."""
    while pool.stuck_threads > stuck:  # noqa: ASYNC110 - the loop itself is what tells
        await asyncio.sleep(0)


async def entered(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, LONG)


class TestVerbs:
    async def test_pass_arguments_and_results_through(self) -> None:
        async with in_threads(Able(), name="slurm") as backend:
            assert await backend.submit(()) == Receipts()
            assert await backend.find((Tag("t"),)) == Finding(absent=frozenset({Tag("t")}))
            assert await backend.poll(IDS) == ANSWER
            assert await backend.fetch(()) == {}
            assert isinstance(backend, Feed)
            assert await backend.changes(Cursor("c")) == Answer(cursor=Cursor("c"))
            assert isinstance(backend, Readable)
            assert await backend.read(NativeId("7"), Stream.STDERR, 3) == b"7 stderr 3"
            assert isinstance(backend, Adopting)
            assert list(await backend.adopt(["8"])) == ["8"]
            assert isinstance(backend, Historied)
            assert await backend.history(IDS) == {IDS[0]: [STEP]}
            assert isinstance(backend, Rescheduling)
            assert await backend.reschedule(IDS) == {IDS[0]: "not again"}
            assert isinstance(backend, Deleting)
            assert await backend.delete(IDS) == {IDS[0]: "it lives"}
            assert isinstance(backend, Peeking)
            assert await backend.peek(IDS[0]) == Tail("7")

    async def test_errors_of_the_library_pass_through(self) -> None:
        async with in_threads(Able(), name="slurm") as backend:
            with pytest.raises(SubmissionRejected, match="1 jobs stay"):
                await backend.kill(IDS)
            assert isinstance(backend, Discarding)
            with pytest.raises(SubmissionRejected, match="1 folders stay"):
                await backend.discard(IDS)

    async def test_are_offered_only_if_the_library_has_them(self) -> None:
        async with in_threads(Scripted(), name="slurm") as plain, in_threads(Able(), name="slurm") as able:
            optional = (Feed, Readable, Discarding, Adopting, Historied, Rescheduling, Deleting, Peeking)
            assert [isinstance(plain, protocol) for protocol in optional] == [False] * 8
            assert [isinstance(able, protocol) for protocol in optional] == [True] * 8
            assert isinstance(plain, Strained)
            checked: Backend = plain
            assert repr(checked).startswith("<ThreadedBackend <tests.backends.test_threads.Scripted")

    async def test_one_that_is_missing_leaves_the_others(self) -> None:
        class Talkative(Scripted):
            def changes(self, since: Cursor | None, /) -> Answer:
                return Answer(cursor=since)

        async with in_threads(Talkative(), name="slurm") as backend:
            assert isinstance(backend, Feed)
            assert not isinstance(backend, Readable)


class TestSleeping:
    async def test_the_loop_and_other_targets_go_on(self, gate: threading.Event) -> None:
        async with (
            in_threads(Scripted(gate.wait), name="slow", threads=1) as slow,
            in_threads(Scripted(), name="quick") as quick,
        ):
            waiting = asyncio.create_task(slow.poll(IDS))
            for _ in range(20):
                assert await quick.poll(IDS) == ANSWER
            assert not waiting.done()
            gate.set()
            assert await waiting == ANSWER

    async def test_no_more_calls_than_threads_at_once(self, gate: threading.Event) -> None:
        inside, most, lock = 0, 0, threading.Lock()

        def count() -> None:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            gate.wait()
            with lock:
                inside -= 1

        async with in_threads(Scripted(count), name="slow", threads=3) as backend:
            calls = [asyncio.create_task(backend.poll(IDS)) for _ in range(10)]
            await asyncio.sleep(0)
            gate.set()
            assert await asyncio.gather(*calls) == [ANSWER] * 10
        assert most <= 3

    async def test_threads_are_used_again(self) -> None:
        threads = set[int]()
        async with in_threads(Scripted(lambda: threads.add(threading.get_ident())), name="slurm") as backend:
            for _ in range(5):
                await backend.poll(IDS)
        assert len(threads) == 1

    async def test_an_idle_thread_keeps_no_result_alive(self, pool: ThreadPool) -> None:
        class Result:
            pass

        pool._timeout = LONG
        result = await pool.call("poll", Result)
        await pool.call("poll", nothing)
        gone = weakref.ref(result)
        del result
        gc.collect()
        assert gone() is None

    async def test_the_context_of_the_caller_is_seen(self, pool: ThreadPool) -> None:
        variable: ContextVar[str] = ContextVar("variable")
        variable.set("here")
        pool._timeout = LONG
        assert await pool.call("poll", variable.get) == "here"


class TestNeverReturning:
    async def test_the_call_ends_with_its_name_and_the_seconds(self, gate: threading.Event) -> None:
        async with in_threads(Scripted(gate.wait), name="dirac", timeout=SHORT) as backend:
            with pytest.raises(BackendUnavailable, match=r"^dirac: poll did not return within 0\.01 s"):
                await backend.poll(IDS)
            assert backend.stuck_threads == 1

    async def test_a_verb_may_have_a_time_of_its_own(self, gate: threading.Event) -> None:
        own = {"poll": 2 * SHORT}
        async with in_threads(Scripted(gate.wait), name="dirac", timeout=LONG, timeouts=own) as backend:
            with pytest.raises(BackendUnavailable, match=r"within 0\.02 s"):
                await backend.poll(IDS)

    async def test_the_thread_is_replaced(self, gate: threading.Event, pool: ThreadPool) -> None:
        with pytest.raises(BackendUnavailable):
            await pool.call("poll", gate.wait)
        pool._timeout = LONG
        assert await pool.call("poll", int) == 0
        assert repr(pool) == "<ThreadPool slurm: 0 busy, 1 idle, 1 stuck>"

    async def test_a_call_that_waits_gets_its_turn(self, gate: threading.Event, pool: ThreadPool) -> None:
        hung = asyncio.create_task(pool.call("poll", gate.wait))
        await asyncio.sleep(0)
        pool._timeout = LONG
        assert await pool.call("poll", int) == 0
        with pytest.raises(BackendUnavailable):
            await hung

    async def test_too_many_of_them_fail_the_next_call_at_once_until_one_returns(
        self, gate: threading.Event, pool: ThreadPool
    ) -> None:
        first = threading.Event()
        for event in (first, gate):
            with pytest.raises(BackendUnavailable):
                await pool.call("poll", event.wait)
        pool._timeout = LONG
        with pytest.raises(BackendUnavailable, match=r"^slurm: kill was not called: 2 threads hang"):
            await pool.call("kill", int)
        first.set()
        await returned(pool, stuck=1)
        assert await pool.call("kill", int) == 0

    async def test_calls_that_wait_for_a_thread_fail_too(self, gate: threading.Event, pool: ThreadPool) -> None:
        calls = [asyncio.create_task(pool.call("poll", gate.wait)) for _ in range(4)]
        ends = [str(end) for end in await asyncio.gather(*calls, return_exceptions=True)]
        assert ["not called" in end for end in ends] == [False, False, True, True]

    async def test_what_it_brings_in_the_end_is_dropped(self, gate: threading.Event, pool: ThreadPool) -> None:
        def fail_late() -> None:
            gate.wait()
            raise ValueError("too late")

        with pytest.raises(BackendUnavailable):
            await pool.call("poll", fail_late)
        gate.set()
        await returned(pool)
        assert repr(pool) == "<ThreadPool slurm: 0 busy, 0 idle, 0 stuck>"

    def test_the_end_of_the_loop_ends_the_thread(self, gate: threading.Event) -> None:
        threads: list[threading.Thread] = []

        def hang() -> None:
            threads.append(threading.current_thread())
            gate.wait()

        async def main() -> None:
            async with in_threads(Scripted(hang), name="dirac", timeout=SHORT) as backend:
                with pytest.raises(BackendUnavailable):
                    await backend.poll(IDS)

        asyncio.run(main())
        gate.set()
        threads[0].join(LONG)
        assert not threads[0].is_alive()

    def test_the_program_ends_without_it(self) -> None:
        program = """
import asyncio, threading
from ganga.backends.pool import ThreadPool
from ganga.errors import BackendUnavailable

async def main():
    try:
        await ThreadPool("dirac", timeout=0.01).call("poll", threading.Event().wait)
    except BackendUnavailable as error:
        print(error)

asyncio.run(main())
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=LONG, check=True)
        assert done.stdout.startswith("dirac: poll did not return")
        assert not done.stderr


class TestRaising:
    @pytest.mark.parametrize("error", [ValueError("v"), TimeoutError("t"), BackendUnavailable("b")])
    async def test_ordinary_errors_pass_through(self, pool: ThreadPool, error: Exception) -> None:
        pool._timeout = LONG
        with pytest.raises(type(error)) as raised:
            await pool.call("poll", raiser(error))
        assert raised.value is error
        assert await pool.call("poll", int) == 0

    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
    async def test_what_would_end_the_monitor_is_an_outage(self, pool: ThreadPool, error: BaseException) -> None:
        pool._timeout = LONG
        with pytest.raises(BackendUnavailable, match="slurm: poll tried to end the program: ") as raised:
            await pool.call("poll", raiser(error))
        assert raised.value.__cause__ is error
        assert await pool.call("poll", int) == 0

    async def test_the_one_error_that_a_future_refuses(self, pool: ThreadPool) -> None:
        pool._timeout = LONG
        with pytest.raises(RuntimeError, match="StopIteration"):
            await pool.call("poll", raiser(StopIteration()))

    async def test_no_thread_to_be_had(self, pool: ThreadPool, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", lambda _: raiser(RuntimeError("can't start new thread"))())
            with pytest.raises(BackendUnavailable, match="poll was not called: can't start new thread; end other"):
                await pool.call("poll", int)
        pool._timeout = LONG
        assert await pool.call("poll", int) == 0


class TestBurning:
    async def test_the_loop_goes_on(self) -> None:
        stop, burning = threading.Event(), threading.Event()

        def burn() -> None:
            while not stop.is_set():
                burning.set()

        async with in_threads(Scripted(burn), name="burning") as burner, in_threads(Scripted(), name="quick") as quick:
            call = asyncio.create_task(burner.poll(IDS))
            await entered(burning)
            for _ in range(5):
                assert await quick.poll(IDS) == ANSWER
            assert not call.done()
            stop.set()
            assert await call == ANSWER


class TestCancelling:
    async def test_frees_the_caller_and_later_the_thread(self, gate: threading.Event, pool: ThreadPool) -> None:
        pool._timeout = LONG
        inside = threading.Event()
        call = asyncio.create_task(pool.call("poll", in_turn(inside.set, gate.wait)))
        await entered(inside)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert repr(pool) == "<ThreadPool slurm: 1 busy, 0 idle, 0 stuck>"
        gate.set()
        assert await pool.call("poll", int) == 0
        assert repr(pool) == "<ThreadPool slurm: 0 busy, 1 idle, 0 stuck>"

    async def test_a_cancelled_call_that_hangs_is_counted(self, gate: threading.Event, pool: ThreadPool) -> None:
        inside = threading.Event()
        call = asyncio.create_task(pool.call("poll", in_turn(inside.set, gate.wait)))
        await entered(inside)
        call.cancel()
        while not pool.stuck_threads:  # noqa: ASYNC110 - the loop itself is what tells
            await asyncio.sleep(0)
        gate.set()
        await returned(pool)

    async def test_one_that_waits_for_a_thread_is_never_made(self, gate: threading.Event, pool: ThreadPool) -> None:
        pool._timeout = LONG
        made: list[int] = []
        first = asyncio.create_task(pool.call("poll", gate.wait))
        second = asyncio.create_task(pool.call("poll", made.append, 2))
        await asyncio.sleep(0)
        second.cancel()
        gate.set()
        await first
        await pool.call("poll", made.append, 3)
        assert made == [3]


class TestClosing:
    async def test_fails_what_is_under_way_or_waiting(self, gate: threading.Event, pool: ThreadPool) -> None:
        pool._timeout = LONG
        under_way = asyncio.create_task(pool.call("poll", gate.wait))
        waiting = asyncio.create_task(pool.call("kill", gate.wait))
        await asyncio.sleep(0)
        pool.close()
        ends = await asyncio.gather(under_way, waiting, return_exceptions=True)
        assert [str(end) for end in ends] == [
            "slurm: poll was given up: the back end is being closed",
            "slurm: kill was not called: the back end is closed",
        ]
        gate.set()
        await returned(pool)

    async def test_ends_idle_threads_and_twice_is_once(self) -> None:
        async with in_threads(Scripted(), name="slurm") as backend:
            thread = await backend._pool.call("poll", threading.current_thread)
            backend.close()
        await asyncio.to_thread(thread.join, LONG)
        assert not thread.is_alive()
        with pytest.raises(BackendUnavailable, match="poll was not called: the back end is closed"):
            await backend.poll(IDS)

    async def test_nothing_is_started_before_the_first_call(self) -> None:
        before = set(threading.enumerate())
        async with in_threads(Scripted(), name="slurm") as backend:
            assert isinstance(backend, ThreadedBackend)
            # Those of earlier tests may end meanwhile.
            assert set(threading.enumerate()) <= before


def raiser(error: BaseException) -> Callable[[], None]:
    """A function that raises just this."""

    def fail() -> None:
        raise error

    return fail


def in_turn(*functions: Callable[[], object]) -> Callable[[], None]:
    """A function that calls one after the other."""

    def call_all() -> None:
        for function in functions:
            function()

    return call_all
