"""What follows the end of a job, with plug-ins that object, raise and hang; each step twice has its effect once."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import Struct
from msgspec.structs import replace

from ganga.errors import FinishingError
from ganga.finishing.base import Ended, Notice, Verdict
from ganga.finishing.postprocess import postprocess
from ganga.model.clock import Utc
from ganga.model.ids import JobId
from ganga.model.job import JobRecord, JobSpec, Plugin
from ganga.model.status import JobStatus
from ganga.workspace import Workspace
from tests.finishing.conftest import record

JOB = JobId("12")


class Objecting(Struct, frozen=True):
    def check(self, _: Ended, /) -> str | None:
        return "too little"


class Raising(Struct, frozen=True):
    def check(self, _: Ended, /) -> str | None:
        raise ZeroDivisionError("by zero")

    def notify(self, _: Notice, /) -> None:
        raise ConnectionRefusedError("no server")


class Quitting(Struct, frozen=True):
    def check(self, _: Ended, /) -> str | None:
        raise SystemExit(1)


class Slow(Struct, frozen=True):
    entered: ClassVar[threading.Event]
    gate: ClassVar[threading.Event]

    def check(self, _: Ended, /) -> str | None:
        self.entered.set()
        self.gate.wait()
        return None


class Telling(Struct, frozen=True):
    told: ClassVar[list[Notice]]

    def notify(self, notice: Notice, /) -> None:
        self.told.append(notice)


class Crashing(Struct, frozen=True):
    partial: bool = False

    def merge(self, _: Sequence[Ended], into: Path, /) -> str | None:
        (into / "half").touch()
        raise OSError("disk trouble")


@pytest.fixture(autouse=True)
def offer_all(offer: Callable[..., None]) -> None:
    Telling.told = []
    Slow.entered, Slow.gate = threading.Event(), threading.Event()
    offer(
        "ganga.checkers",
        objecting=f"{__name__}:Objecting",
        raising=f"{__name__}:Raising",
        quitting=f"{__name__}:Quitting",
        slow=f"{__name__}:Slow",
    )


@pytest.fixture(name="notifying")
def offer_notifiers(offer: Callable[..., None]) -> None:
    offer("ganga.notifiers", telling=f"{__name__}:Telling", raising=f"{__name__}:Raising")


@pytest.fixture(name="workspace")
def with_output(tmp_path: Path) -> Workspace:
    """Of job 12 and of three subjobs."""
    workspace = Workspace(tmp_path)
    for job in ("12", "12.0", "12.1", "12.2"):
        incoming = workspace.incoming(JobId(job), 1, 1)
        (incoming / "stdout").write_text(f"{job}\n")
        workspace.publish(incoming, JobId(job), 1)
    return workspace


def spec_with(*, checkers: str = "", notifiers: str = "", mergers: tuple[Plugin, ...] = ()) -> JobSpec:
    def plugins(names: str) -> tuple[Plugin, ...]:
        return tuple(Plugin(name) for name in names.split())

    return JobSpec(command=("true",), checkers=plugins(checkers), notifiers=plugins(notifiers), mergers=mergers)


class TestChecking:
    def test_nothing_to_do(self, workspace: Workspace) -> None:
        assert postprocess(record("12"), spec_with(), workspace) == Verdict(JobStatus.COMPLETED)

    def test_no_objection(self, workspace: Workspace) -> None:
        spec = JobSpec(command=(), checkers=(Plugin("text", {"pattern": "12"}),))
        assert postprocess(record("12"), spec, workspace).status is JobStatus.COMPLETED

    @pytest.mark.parametrize("job", ["12", "12.1"])
    def test_an_objection_fails_what_completed(self, workspace: Workspace, job: str) -> None:
        verdict = postprocess(record(job), spec_with(checkers="objecting raising"), workspace)
        assert verdict == Verdict(JobStatus.FAILED, "checker 'objecting': too little")

    @pytest.mark.parametrize("outcome", [JobStatus.FAILED, JobStatus.KILLED])
    def test_what_did_not_complete_is_not_checked(self, workspace: Workspace, outcome: JobStatus) -> None:
        ended = replace(record("12", outcome), reason="why")
        assert postprocess(ended, spec_with(checkers="objecting"), workspace) == Verdict(outcome, "why")

    def test_without_an_outcome_it_has_failed(self, workspace: Workspace) -> None:
        ended = replace(record("12"), outcome=None)
        assert postprocess(ended, spec_with(), workspace).status is JobStatus.FAILED

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("raising", "checker 'raising' failed: ZeroDivisionError: by zero"),
            ("quitting", "checker 'quitting' failed: SystemExit: 1"),
            ("gone", "checker 'gone' failed: UsageError: there is no checker 'gone'; there are: "),
        ],
    )
    def test_one_that_cannot_judge_is_named_and_judges_nothing(
        self, workspace: Workspace, name: str, message: str
    ) -> None:
        with pytest.raises(FinishingError) as raised:
            postprocess(record("12"), spec_with(checkers=name), workspace)
        assert str(raised.value).startswith(message)

    async def test_a_slow_one_blocks_nobody_and_can_be_named(self, workspace: Workspace) -> None:
        steps: list[str] = []
        slow = asyncio.create_task(
            asyncio.to_thread(postprocess, record("12"), spec_with(checkers="slow"), workspace, progress=steps.append)
        )
        assert await asyncio.to_thread(Slow.entered.wait, 60)
        other = await asyncio.to_thread(postprocess, record("12.1"), spec_with(), workspace)
        assert other.status is JobStatus.COMPLETED
        assert not slow.done()
        assert steps == ["checker 'slow'"]
        Slow.gate.set()
        assert (await slow).status is JobStatus.COMPLETED


class TestMerging:
    TEXT = Plugin("text")
    PARTIAL = Plugin("text", {"partial": True, "into": "some"})

    def subjobs(self, *statuses: JobStatus) -> list[JobRecord]:
        return [replace(record(f"12.{index}"), status=status) for index, status in enumerate(statuses)]

    def parent(self, outcome: JobStatus = JobStatus.COMPLETED) -> JobRecord:
        return replace(record("12", outcome, subjobs=2), attempt=2)

    def test_joins_in_order_of_index_and_shows_it_whole(self, workspace: Workspace) -> None:
        subjobs = self.subjobs(JobStatus.COMPLETED, JobStatus.COMPLETED)
        spec = spec_with(mergers=(self.TEXT, Plugin("tar")))
        assert postprocess(self.parent(), spec, workspace, subjobs[::-1]) == Verdict(JobStatus.COMPLETED)
        output = workspace.output(JOB, 2)
        assert (output / "stdout").read_text() == "12.0\n12.1\n"
        assert (output / "outputs.tar.gz").is_file()

    def test_twice_is_once_and_a_later_end_is_merged_anew(self, workspace: Workspace) -> None:
        spec, subjobs = spec_with(mergers=(self.TEXT,)), self.subjobs(JobStatus.COMPLETED, JobStatus.COMPLETED)
        for _ in range(2):
            postprocess(self.parent(), spec, workspace, subjobs)
        (workspace.output(JobId("12.1"), 1) / "stdout").write_text("again\n")
        postprocess(self.parent(), spec, workspace, subjobs)
        assert (workspace.output(JOB, 2) / "stdout").read_text() == "12.0\nagain\n"

    def test_after_a_crash_in_the_middle(self, workspace: Workspace, offer: Callable[..., None]) -> None:
        offer("ganga.mergers", crashing=f"{__name__}:Crashing")
        subjobs = self.subjobs(JobStatus.COMPLETED, JobStatus.COMPLETED)
        (workspace.incoming(JOB, 2, 0) / "half").touch()
        with pytest.raises(FinishingError, match="merger 'crashing' failed: OSError: disk trouble"):
            postprocess(self.parent(), spec_with(mergers=(self.TEXT, Plugin("crashing"))), workspace, subjobs)
        assert not workspace.output(JOB, 2).exists()
        assert not list(workspace.folder(JOB).glob(".incoming*"))
        postprocess(self.parent(), spec_with(mergers=(self.TEXT,)), workspace, subjobs)
        assert [path.name for path in workspace.output(JOB, 2).iterdir()] == ["stdout"]

    def test_an_objection_fails_the_job_and_shows_nothing(self, workspace: Workspace) -> None:
        subjobs = self.subjobs(JobStatus.COMPLETED, JobStatus.COMPLETED)
        spec = spec_with(mergers=(self.TEXT, Plugin("text", {"file": "none"})))
        verdict = postprocess(self.parent(), spec, workspace, subjobs)
        assert verdict == Verdict(JobStatus.FAILED, "merger 'text': subjob 12.0 has no none")
        assert not workspace.output(JOB, 2).exists()

    def test_of_some_only_if_asked_for(self, workspace: Workspace) -> None:
        subjobs = self.subjobs(JobStatus.COMPLETED, JobStatus.FAILED)
        verdict = postprocess(
            self.parent(JobStatus.FAILED), spec_with(mergers=(self.TEXT, self.PARTIAL)), workspace, subjobs
        )
        assert verdict.status is JobStatus.FAILED
        assert [path.name for path in workspace.output(JOB, 2).iterdir()] == ["some"]
        assert (workspace.output(JOB, 2) / "some").read_text() == "12.0\n"

    def test_nothing_merged_is_nothing_shown(self, workspace: Workspace) -> None:
        subjobs = self.subjobs(JobStatus.COMPLETED, JobStatus.KILLED)
        parent = replace(self.parent(JobStatus.KILLED), reason="of 2 subjobs 1 killed")
        verdict = postprocess(parent, spec_with(mergers=(self.TEXT,)), workspace, subjobs)
        assert verdict == Verdict(JobStatus.KILLED, "of 2 subjobs 1 killed")
        assert not workspace.output(JOB, 2).exists()

    def test_an_objection_leaves_another_end_as_it_is(self, workspace: Workspace) -> None:
        parent = replace(self.parent(JobStatus.KILLED), reason="of 2 subjobs 1 killed")
        spec = spec_with(mergers=(Plugin("text", {"file": "none", "partial": True}),))
        verdict = postprocess(parent, spec, workspace, self.subjobs(JobStatus.COMPLETED, JobStatus.KILLED))
        assert verdict.status is JobStatus.KILLED
        assert verdict.reason == "of 2 subjobs 1 killed; merger 'text': subjob 12.0 has no none"

    def test_a_job_with_subjobs_is_not_checked_itself(self, workspace: Workspace) -> None:
        assert postprocess(self.parent(), spec_with(checkers="objecting"), workspace).status is JobStatus.COMPLETED


@pytest.mark.usefixtures("notifying")
class TestNotifying:
    def test_tells_the_verdict_once(self, workspace: Workspace) -> None:
        spec = spec_with(notifiers="telling telling")
        for _ in range(2):
            assert postprocess(record("12"), spec, workspace).problems == ()
        assert [notice.status for notice in Telling.told] == [JobStatus.COMPLETED] * 2
        assert Telling.told[0].output == workspace.output(JOB, 1)
        assert Telling.told[0].key == "12.1.1000000.2000000"

    def test_a_later_end_is_told_again(self, workspace: Workspace) -> None:
        for end in (2000.0, 3000.0, 3000.0):
            postprocess(replace(record("12"), ended_at=Utc(end)), spec_with(notifiers="telling"), workspace)
        assert len({notice.key for notice in Telling.told}) == len(Telling.told) == 2

    def test_without_a_folder_and_without_an_end(self, tmp_path: Path) -> None:
        workspace = Workspace(tmp_path / "new")
        for _ in range(2):
            postprocess(replace(record("7"), ended_at=None), spec_with(notifiers="telling"), workspace)
        assert len(Telling.told) == 1

    def test_nobody_is_told_of_subjobs_or_of_an_end_that_is_followed(self, workspace: Workspace) -> None:
        spec = spec_with(notifiers="telling")
        postprocess(record("12.1"), spec, workspace)
        postprocess(record("12"), spec, workspace, followed=lambda verdict: verdict.status is JobStatus.COMPLETED)
        assert Telling.told == []

    def test_one_that_fails_is_reported_changes_nothing_and_stops_nobody(
        self, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            verdict = postprocess(record("12"), spec_with(notifiers="raising telling"), workspace)
        problem = "notifier 'raising' failed: ConnectionRefusedError: no server"
        assert verdict == Verdict(JobStatus.COMPLETED, None, (problem,))
        assert f"job 12: {problem}" in caplog.text
        assert len(Telling.told) == 1

    def test_one_that_failed_is_asked_again_when_finishing_is_repeated(self, workspace: Workspace) -> None:
        spec = spec_with(notifiers="raising telling")
        assert len(postprocess(record("12"), spec, workspace).problems) == 1
        assert len(postprocess(record("12"), spec, workspace).problems) == 1
        assert len(Telling.told) == 1

    def test_a_crash_before_the_note_tells_twice_rather_than_never(
        self, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        spec = spec_with(notifiers="telling")
        with monkeypatch.context() as patch:
            patch.setattr(Workspace, "mark", crash)
            with pytest.raises(KeyboardInterrupt):
                postprocess(record("12"), spec, workspace)
        postprocess(record("12"), spec, workspace)
        first, second = Telling.told
        assert first.key == second.key
