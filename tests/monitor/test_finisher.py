"""What follows an end: output comes home whole, plug-ins judge in threads, and what hangs or fails is
somebody's error.
"""

import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Retrieval, Retrieved
from ganga.backends.pool import ThreadPool
from ganga.core.orders import Ending
from ganga.errors import BackendUnavailable, FinishingError, StoreUnavailable
from ganga.finishing.base import Verdict
from ganga.model.ids import JobId, NativeId, TargetName
from ganga.model.job import JobRecord, JobSpec, Resubmission
from ganga.model.status import JobStatus
from ganga.monitor.border import Border
from ganga.monitor.finisher import Ended, Finisher, Finishes
from ganga.workspace import Workspace
from tests.monitor.doubles import Odd, at

SPEC = JobSpec(command=("true",), outputs=("*.txt",))
RECORD = JobRecord(
    id=JobId("7"),
    name="",
    target=TargetName("site"),
    status=JobStatus.COMPLETING,
    created_at=at(0),
    attempt=1,
    native_id=NativeId("n7"),
    outcome=JobStatus.COMPLETED,
)
SLOW = replace(RECORD, id=JobId("8"), native_id=None, postprocessed=True)


class Shelf(Odd):
    """Has a text for each job, and keeps it until it is discarded."""

    def __init__(self, **replies: Retrieved) -> None:
        super().__init__()
        self.replies = replies
        self.fetched: list[NativeId] = []
        self.discarded: list[NativeId] = []

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        for retrieval in retrievals:
            self.fetched.append(retrieval.native_id)
            (retrieval.into / "stdout").write_text(retrieval.native_id)
        return {item.native_id: self.replies.get(item.native_id, Retrieved()) for item in retrievals}

    async def discard(self, ids: Sequence[NativeId], /) -> None:
        self.discarded += ids


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
async def pool() -> AsyncIterator[ThreadPool]:
    pool = ThreadPool("site finishing", timeout=60.0)
    yield pool
    pool.close()


@pytest.fixture
async def hasty_pool() -> AsyncIterator[ThreadPool]:
    # Long enough for a thread of a busy machine to come as far as it hangs.
    pool = ThreadPool("site finishing", timeout=5.0)
    yield pool
    pool.close()


async def finish(shelf: Shelf, workspace: Workspace, pool: ThreadPool, *jobs: Ended) -> Finishes:
    async def backend() -> Border:
        return Border(shelf)

    return await Finisher(workspace, 1, pool).finish(backend, jobs)


async def test_output_comes_home_once_and_may_go_where_it_was(workspace: Workspace, pool: ThreadPool) -> None:
    shelf, job = Shelf(), Ended(RECORD, SPEC)
    for _ in range(2):
        finishes = await finish(shelf, workspace, pool, job)
        assert finishes == Finishes({RECORD.id: Ending(JobStatus.COMPLETED)})
    assert (workspace.output(RECORD.id, 1) / "stdout").read_text() == "n7"
    assert (shelf.fetched, shelf.discarded) == (["n7"], ["n7", "n7"])


async def test_patterns_that_match_nothing_are_told_of_what_completed(workspace: Workspace, pool: ThreadPool) -> None:
    shelf = Shelf(n7=Retrieved(("*.txt", "x")), n9=Retrieved(("*.txt",)))
    failed = replace(RECORD, id=JobId("9"), native_id=NativeId("n9"), outcome=JobStatus.FAILED, reason="exit code 3")
    finishes = await finish(shelf, workspace, pool, Ended(RECORD, SPEC), Ended(failed, SPEC))
    assert finishes.endings == {
        RECORD.id: Ending(JobStatus.COMPLETED, "no output matches *.txt, x"),
        failed.id: Ending(JobStatus.FAILED, "exit code 3"),
    }


async def test_one_that_cannot_be_had_is_an_error_and_the_others_are_finished(
    workspace: Workspace, pool: ThreadPool
) -> None:
    shelf = Shelf(n7=Retrieved(error="still being copied"))
    other = replace(RECORD, id=JobId("9"), native_id=NativeId("n9"))
    finishes = await finish(shelf, workspace, pool, Ended(RECORD, SPEC), Ended(other, SPEC))
    assert finishes == Finishes({other.id: Ending(JobStatus.COMPLETED)}, {RECORD.id: "still being copied"})
    assert not workspace.output(RECORD.id, 1).exists()
    assert shelf.discarded == ["n9"]


async def test_with_a_full_disk_nobody_is_to_blame(
    workspace: Workspace, pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(workspace, "check_writable", full)
    with pytest.raises(StoreUnavailable, match="full"):
        await finish(Shelf(n7=Retrieved(error="no space")), workspace, pool, Ended(RECORD, SPEC))


async def test_what_never_was_at_the_back_end_does_not_need_it(
    workspace: Workspace, pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> Border:
        raise BackendUnavailable("no route")

    monkeypatch.setattr("ganga.monitor.finisher.postprocess", says(Verdict(JobStatus.FAILED, "1 is missing")))
    finishes = await Finisher(workspace, 1, pool).finish(gone, [Ended(SLOW, SPEC)])
    assert finishes.endings == {SLOW.id: Ending(JobStatus.FAILED, "1 is missing")}
    with pytest.raises(BackendUnavailable, match="no route"):
        await Finisher(workspace, 1, pool).finish(gone, [Ended(RECORD, SPEC)])


def says(verdict: Verdict) -> Callable[..., Verdict]:
    def postprocess(*_: object, followed: Callable[[Verdict], bool], **__: object) -> Verdict:
        followed(verdict)
        return verdict

    return postprocess


async def test_the_judgement_of_plugins_is_the_end(
    workspace: Workspace, pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Verdict(JobStatus.FAILED, "checker 'text': no result", ("notifier 'mail' failed: no host",))
    monkeypatch.setattr("ganga.monitor.finisher.postprocess", says(verdict))
    again = replace(SPEC, resubmission=Resubmission(attempts=3))
    finishes = await finish(Shelf(), workspace, pool, Ended(SLOW, again))
    reason = "checker 'text': no result; notifier 'mail' failed: no host"
    assert finishes.endings == {SLOW.id: Ending(JobStatus.FAILED, reason, resubmit=True)}
    whole = replace(SLOW, subjobs=5)
    finishes = await finish(Shelf(), workspace, pool, Ended(whole, again))
    assert not finishes.endings[SLOW.id].resubmit, "its subjobs are tried again, not the whole"


async def test_a_plugin_that_raises_is_an_error_of_finishing(
    workspace: Workspace, pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def postprocess(*_: object, **__: object) -> Verdict:
        raise FinishingError("checker 'text' failed: OSError")

    monkeypatch.setattr("ganga.monitor.finisher.postprocess", postprocess)
    finishes = await finish(Shelf(), workspace, pool, Ended(SLOW, SPEC))
    assert finishes == Finishes({}, {SLOW.id: "checker 'text' failed: OSError"})


async def test_a_plugin_that_hangs_is_named(
    workspace: Workspace, hasty_pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def postprocess(*_: object, progress: Callable[[str], None], **__: object) -> Verdict:
        progress("checker 'slow'")
        release.wait(60.0)
        raise AssertionError

    monkeypatch.setattr("ganga.monitor.finisher.postprocess", postprocess)
    finishes = await finish(Shelf(), workspace, hasty_pool, Ended(SLOW, SPEC))
    assert "checker 'slow': site finishing: finishing did not return" in finishes.errors[SLOW.id]
    assert hasty_pool.stuck_threads == 1
    release.set()


async def test_a_notifier_that_hangs_changes_no_job(
    workspace: Workspace, hasty_pool: ThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def postprocess(
        *_: object, followed: Callable[[Verdict], bool], progress: Callable[[str], None], **__: object
    ) -> Verdict:
        followed(Verdict(JobStatus.COMPLETED))
        progress("notifier 'mail'")
        release.wait(60.0)
        raise AssertionError

    monkeypatch.setattr("ganga.monitor.finisher.postprocess", postprocess)
    finishes = await finish(Shelf(), workspace, hasty_pool, Ended(SLOW, SPEC))
    ending = finishes.endings[SLOW.id]
    assert ending.status is JobStatus.COMPLETED
    assert "notifier 'mail': site finishing: finishing did not return" in (ending.reason or "")
    release.set()


async def test_a_pool_that_is_closed_is_an_error_of_finishing(workspace: Workspace, pool: ThreadPool) -> None:
    pool.close()
    finishes = await finish(Shelf(), workspace, pool, Ended(SLOW, SPEC))
    assert "was not called" in finishes.errors[SLOW.id]
