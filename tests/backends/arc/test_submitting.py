"""Jobs are handed over once, and found when that was interrupted."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from ganga.backends.arc.naming import Names
from ganga.backends.arc.settings import Settings
from ganga.backends.arc.submitting import Submitter
from ganga.backends.base import Finding, Submission
from ganga.errors import BackendProtocolError, BackendUnavailable
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.resources import Resources
from tests.backends.arc.element import Scripted, asked, recorded

CREATE, LIST, INFO = "POST /1.0/jobs?action=new", "GET /1.0/jobs?state", "POST /1.0/jobs?action=info"
#: Of the two jobs in the recorded reply to a submission of two.
FIRST = "qDzKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmBBFKDmCpdvIm"
SECOND = "WrzKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmCBFKDmdODm1n"
A, B = Tag("ganga-1-1"), Tag("ganga-2-1")


@dataclass
class Trial:
    script: Scripted = field(default_factory=Scripted)
    now: float = 1000.0

    def answers(self, **states: str) -> None:
        """The element lists these jobs, each under the first tag."""
        listed = [{"id": job, "state": state} for job, state in states.items()]
        named = [
            {"status-code": "200", "id": job, "info_document": {"ComputingActivity": {"Name": A}}} for job in states
        ]
        self.script.answers |= {LIST: msgspec.json.encode({"job": listed}), INFO: msgspec.json.encode({"job": named})}

    def put(self) -> list[str]:
        return [question.rpartition("/session/")[2] for question in self.script.asked if question.startswith("PUT")]


@asynccontextmanager
async def submitting(trial: Trial, folder: Path) -> AsyncIterator[Submitter]:
    settings = Settings(commit_delay=60.0, jobs_per_submission=2)
    async with asked(trial.script) as service:
        yield Submitter(service, Names(service), settings, folder / "target", now=lambda: trial.now)


def submission(number: int, spec: JobSpec | None = None, share: Share | None = None) -> Submission:
    spec = spec or JobSpec(command=("echo", "it's $HOME"))
    return Submission(job_id(number), Tag(f"ganga-{number}-1"), spec, share or Share())


def taking(trial: Trial, jobs: Sequence[str], names: Sequence[str] = ("ganga.sh",)) -> None:
    trial.script.answers |= {
        f"PUT /1.0/jobs/{job}/session/{name}": lambda _body: web.Response() for job in jobs for name in names
    }


async def test_jobs_are_created_together_and_sent_their_files_each(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: recorded("new-multi")}
    taking(trial, (FIRST, SECOND))
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1), submission(2)])
    assert dict(receipts.accepted) == {A: FIRST, B: SECOND}
    assert not receipts.rejected
    launcher = trial.script.bodies[-1].decode()
    assert launcher.startswith("#!/bin/sh\n")
    assert "'it'\"'\"'s $HOME'" in launcher
    created = trial.script.bodies[1].decode()
    assert f'(inputfiles=("ganga.sh" "{len(launcher)}"))' in created
    assert "HOME" not in created


async def test_input_files_come_before_the_launcher_and_leave_nothing_here(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: recorded("new-single")}
    taking(trial, [job := "VSnKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmABFKDmj79MGn"], ("ganga.tar", "ganga.sh"))
    (tmp_path / "data").write_text("x")
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1, share=Share(inputs=(str(tmp_path / "data"),)))])
    assert dict(receipts.accepted) == {A: job}
    assert trial.put() == ["ganga.tar", "ganga.sh"]
    assert b"tar -xf ganga.tar" in trial.script.bodies[-1]
    assert list((tmp_path / "target").iterdir()) == []


async def test_a_refusal_is_that_of_one_job(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: recorded("new-bad-queue")}
    wish = JobSpec(command=("true",), resources=Resources(gpus=1))
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1), submission(2, wish), submission(3, JobSpec(command=("",)))])
    assert not receipts.accepted
    assert "Requested queue nope is not allowed" in receipts.rejected[A]
    assert "gpus" in receipts.rejected[B]
    assert "command is empty" in receipts.rejected[Tag("ganga-3-1")]


@pytest.mark.parametrize("reason", ["No more jobs allowed", "Failed to create session dir", "No space left on device"])
async def test_what_passes_is_no_refusal(reason: str, tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: msgspec.json.encode({"job": {"status-code": "500", "reason": reason}})}
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1)])
    assert not receipts.accepted
    assert not receipts.rejected


async def test_descriptions_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: web.Response(status=500, reason="nordugrid:xrsl parsing error: bad count")}
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1), submission(2)])
    assert receipts.rejected.keys() == {A, B}


async def test_a_job_that_was_not_sent_its_files_is_not_accepted(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: recorded("new-multi")}
    taking(trial, [SECOND])
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(1), submission(2)])
    assert dict(receipts.accepted) == {B: SECOND}
    assert not receipts.rejected


async def test_too_few_verdicts_are_none(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {CREATE: recorded("new-single")}
    async with submitting(trial, tmp_path) as submitter:
        with pytest.raises(BackendProtocolError, match="2 jobs with 1 verdicts"):
            await submitter.submit([submission(1), submission(2)])


async def test_what_was_accepted_before_a_failure_is_told(tmp_path: Path) -> None:
    trial = Trial()
    replies: Iterator[bytes | web.Response] = iter([recorded("new-multi"), web.Response(status=503)])
    trial.script.answers = {CREATE: lambda _body: next(replies)}
    taking(trial, (FIRST, SECOND))
    async with submitting(trial, tmp_path) as submitter:
        receipts = await submitter.submit([submission(number) for number in (1, 2, 3)])
    assert receipts.accepted.keys() == {A, B}


async def test_inputs_that_are_gone_are_told(tmp_path: Path) -> None:
    async with submitting(Trial(), tmp_path) as submitter:
        with pytest.raises(BackendUnavailable, match="input files cannot be sent"):
            await submitter.submit([submission(1, share=Share(inputs=(str(tmp_path / "gone"),)))])


async def found(trial: Trial, folder: Path) -> Finding:
    """What is found when the element has had all the time that it needs."""
    async with submitting(trial, folder) as submitter:
        assert (await submitter.find([A])).absent == frozenset()
        trial.now += 60
        return await submitter.find([A])


@pytest.mark.parametrize("state", ["SUBMITTING", "QUEUING", "RUNNING", "FINISHED"])
async def test_a_job_that_is_beyond_its_preparation_is_there(state: str, tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(x=state)
    async with submitting(trial, tmp_path) as submitter:
        assert dict((await submitter.find([A, B])).present) == {A: "x"}


@pytest.mark.parametrize("state", ["ACCEPTING", "PREPARING", "FAILED", "KILLED"])
async def test_a_job_with_its_launcher_is_there(state: str, tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(x=state)
    trial.script.answers["GET /1.0/jobs/x/diagnose/input_status"] = b"\n/ganga.tar\n/ganga.sh\n"
    finding = await found_at_once(trial, tmp_path)
    assert dict(finding.present) == {A: "x"}
    assert "POST /1.0/jobs?action=kill" not in trial.script.asked


async def found_at_once(trial: Trial, folder: Path) -> Finding:
    async with submitting(trial, folder) as submitter:
        return await submitter.find([A])


async def test_a_job_without_its_launcher_is_called_off_and_absent_once_it_has_ended(tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(x="PREPARING")
    trial.script.answers |= {
        "GET /1.0/jobs/x/diagnose/input_status": b"/ganga.tar\n",
        "POST /1.0/jobs?action=kill": recorded("kill"),
        "POST /1.0/jobs?action=clean": recorded("clean"),
    }
    async with submitting(trial, tmp_path) as submitter:
        await submitter.find([A])
        trial.now += 60
        for state, absent in (("PREPARING", set()), ("KILLING", set()), ("KILLED", {A})):
            trial.answers(x=state)
            finding = await submitter.find([A])
            assert not finding.present
            assert finding.absent == absent
    assert trial.script.asked.count("POST /1.0/jobs?action=kill") == 2
    assert trial.script.asked.count("POST /1.0/jobs?action=clean") == 1


async def test_what_is_not_there_counts_after_a_while(tmp_path: Path) -> None:
    trial = Trial()
    trial.script.answers = {LIST: b""}
    assert (await found(trial, tmp_path)).absent == {A}


async def test_of_two_jobs_of_one_name_the_first_counts(tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(y="RUNNING", x="RUNNING")
    assert dict((await found_at_once(trial, tmp_path)).present) == {A: "x"}


async def test_each_job_is_asked_for_its_name_once_and_by_itself_where_nothing_is_written_down(tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(x="RUNNING")
    trial.script.answers |= {
        INFO: b'{"job":{"status-code":"200","id":"x","info_document":""}}',
        "GET /1.0/jobs/x/diagnose/local": f"lrms=fork\njobname={A}\n".encode(),
    }
    async with submitting(trial, tmp_path) as submitter:
        for _ in range(3):
            assert dict((await submitter.find([A])).present) == {A: "x"}
    assert len([question for question in trial.script.asked if "info" in question or "local" in question]) == 2


async def test_while_the_name_of_a_job_is_not_known_it_may_be_any(tmp_path: Path) -> None:
    trial = Trial()
    trial.answers(x="ACCEPTING")
    trial.script.answers |= {INFO: b"", "GET /1.0/jobs/x/diagnose/local": b"lrms=fork\n"}
    assert (await found(trial, tmp_path)) == Finding()
    trial.answers(x="RUNNING")
    trial.script.answers[INFO] = b""
    assert (await found(trial, tmp_path)).absent == {A}


async def test_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    trial = Trial()
    async with submitting(trial, tmp_path) as submitter:
        assert not (await submitter.submit([])).accepted
        assert not (await submitter.find([])).absent
    assert len(trial.script.asked) == 1
