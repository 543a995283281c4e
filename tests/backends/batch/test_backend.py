"""The back end over a batch system that is a dictionary, with real files."""

from pathlib import Path
from time import monotonic

import pytest

from ganga.backends.base import Adopting, Discarding, Readable, Retrieval, Stream
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from ganga.testing.check_backend import CHECKS, Check, Trial
from tests.backends.batch.toy import ToySystem, backend_on, down, submission


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_keeps_each_promise(check: Check, live_system: ToySystem, work: Path, tmp_path: Path) -> None:
    output = tmp_path / "brought"
    output.mkdir()
    await check(Trial(backend_on(live_system, work, monotonic, delay=0.1), output, pause=0.02))


async def test_it_can_do_what_is_optional(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    assert isinstance(backend, Adopting)
    assert isinstance(backend, Discarding)
    assert isinstance(backend, Readable)
    assert repr(backend) == "<BatchBackend Toy>"


async def test_one_question_is_asked_about_all_that_live(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    receipts = await backend.submit([submission(1, index) for index in range(30)])
    system.calls.clear()
    answer = await backend.poll([*receipts.accepted.values(), NativeId("no id")])
    assert {seen.status for seen in answer.seen.values()} == {JobStatus.SUBMITTED}
    assert (len(answer.seen), answer.absent, system.calls) == (30, frozenset(), [("toyq",)])


async def test_what_runs_can_be_read(live_system: ToySystem, work: Path) -> None:
    backend = backend_on(live_system, work)
    trial = Trial(backend, work, pause=0.02)
    native_id = await trial.submit(submission(command=["sh", "-c", "echo 12345; sleep 600"]).spec)
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    read = b""
    while read != b"345\n":
        read = await backend.read(native_id, Stream.STDOUT, 2)
    assert await backend.read(native_id, Stream.STDERR, 0) == b""
    assert await backend.read(NativeId("999"), Stream.STDOUT, 0) == b""
    assert await backend.read(NativeId("../x"), Stream.STDOUT, 0) == b""


async def test_files_go_with_the_last_task(live_system: ToySystem, work: Path, tmp_path: Path) -> None:
    backend = backend_on(live_system, work)
    receipts = await backend.submit([submission(1, index) for index in range(2)])
    ids = list(receipts.accepted.values())
    trial = Trial(backend, tmp_path, pause=0.02)
    for native_id in ids:
        await trial.end_of(native_id)
    await backend.discard([ids[0], NativeId("999")])
    assert len(list((work / "batches").iterdir())) == 1
    await backend.discard([ids[0]])
    await backend.discard([ids[1]])
    assert list((work / "batches").iterdir()) == list((work / "ids").iterdir()) == []


async def test_jobs_of_others_are_adopted_and_bring_no_output(system: ToySystem, work: Path, tmp_path: Path) -> None:
    backend = backend_on(system, work)
    system.queue["7"] = {"name": "theirs", "status": "running", "code": None, "restart": 0}
    system.past["8_3"] = {"name": "theirs", "status": "failed", "code": 2, "restart": 0}
    adopted = await backend.adopt(["7", "8"])
    assert {native_id: seen.status for native_id, seen in adopted.items()} == {
        "7": JobStatus.RUNNING,
        "8_3": JobStatus.FAILED,
    }
    (brought,) = (await backend.fetch([Retrieval(NativeId("8_3"), ("*.root",), tmp_path)])).values()
    assert (brought.error, brought.missing) == (None, ("*.root",))
    assert (tmp_path / "stdout").read_bytes() == b""
    with pytest.raises(UsageError, match="knows no job '9'"):
        await backend.adopt(["9"])


async def test_a_job_that_is_our_own_keeps_its_output_when_it_is_adopted(live_system: ToySystem, work: Path) -> None:
    backend = backend_on(live_system, work)
    trial = Trial(backend, work, pause=0.02)
    native_id = await trial.submit(trial.samples.good)
    await trial.end_of(native_id)
    await backend.adopt([str(native_id)])
    assert await backend.read(native_id, Stream.STDOUT, 0) == b"hello\n"


async def test_an_outage_is_no_answer(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work)
    for word in ("toyq", "toydel"):
        system.fails(word, down())
    with pytest.raises(BackendUnavailable):
        await backend.poll([NativeId("7")])
    with pytest.raises(BackendUnavailable):
        await backend.kill([NativeId("7")])
