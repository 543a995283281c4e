"""The conformance suite for back ends: whoever writes one runs it over theirs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ganga.backends.base import Backend, Retrieval, Retrieved, Submission
from ganga.model.ids import NativeId, Tag, job_id
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from ganga.model.status import JobStatus

#: What the good job writes to its standard output and to its file ``kept.txt``.
GREETING = b"hello\n"
#: A well-formed id, in most systems, of a job that was never there.
UNKNOWN = NativeId("999999999")
#: How the bad job ends.
EXIT_CODE = 3
UNKNOWN_TAG = Tag("ganga-00000000-999999999-1")

_GOOD = JobSpec(command=("sh", "-c", "echo hello | tee kept.txt"), name="good", outputs=("kept.txt",))
_BAD = JobSpec(command=("sh", "-c", f"exit {EXIT_CODE}"), name="bad")
_ENDLESS = JobSpec(command=("sleep", "3600"), name="endless")


@dataclass(frozen=True, slots=True)
class Samples:
    """Three jobs as the back end under trial can run them; the defaults are for any system with a shell."""

    #: Writes ``GREETING`` to its standard output and to ``kept.txt``, and ends well soon.
    good: JobSpec = _GOOD
    #: Ends with ``EXIT_CODE`` soon.
    bad: JobSpec = _BAD
    #: Runs until it is killed.
    endless: JobSpec = _ENDLESS


@dataclass(frozen=True, slots=True)
class Trial:
    """A back end with what it takes to try it."""

    backend: Backend
    #: For the output of jobs; must exist.
    folder: Path
    samples: Samples = field(default_factory=Samples)
    #: A well-formed id of a job that was never there, and a tag that no job has.
    unknown: NativeId = UNKNOWN
    unknown_tag: Tag = UNKNOWN_TAG
    #: Seconds between two questions about one job, and until a job that should have ended is given up.
    pause: float = 0.05
    patience: float = 60.0
    #: What makes the tags of this trial different from those of any other.
    prefix: str = "ganga-c0ffee00"
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def submission(self, spec: JobSpec) -> Submission:
        """A new job of this kind."""
        number = next(self._numbers)
        return Submission(job_id(number), Tag(f"{self.prefix}-{number}-1"), spec)

    async def submit(self, spec: JobSpec) -> NativeId:
        """Have the back end accept a new job of this kind."""
        submission = self.submission(spec)
        receipts = await self.backend.submit([submission])
        _expect("what is refused of a job that can be run", receipts.rejected, {})
        _expect("what a submission of one job accepts", set(receipts.accepted), {submission.tag})
        return receipts.accepted[submission.tag]

    async def end_of(self, native_id: NativeId) -> Observation:
        """Wait for the end of the job. Raises `AssertionError` if patience runs out."""
        return await self.until(native_id, lambda seen: seen.status.final, "ended")

    async def until(self, native_id: NativeId, reached: Callable[[Observation], bool], what: str) -> Observation:
        """Ask until the job is so. Raises `AssertionError` if patience runs out."""
        seen: Observation | None = None
        try:
            async with asyncio.timeout(self.patience):
                while True:
                    seen = (await self.backend.poll([native_id])).seen.get(native_id, seen)
                    if seen is not None and reached(seen):
                        return seen
                    await asyncio.sleep(self.pause)
        except TimeoutError:
            raise AssertionError(f"job {native_id} has not {what} within {self.patience} seconds: {seen!r}") from None

    async def fetch(self, native_id: NativeId, outputs: tuple[str, ...], name: str) -> tuple[Retrieved, Path]:
        """Bring the output of one job into a new folder of that name."""
        into = self.folder / f"{native_id}-{name}".replace("/", "_")
        await asyncio.to_thread(into.mkdir)
        brought: Mapping[NativeId, Retrieved] = await self.backend.fetch([Retrieval(native_id, outputs, into)])
        _expect("the jobs of which a retrieval speaks", set(brought), {native_id})
        return brought[native_id], into


Check = Callable[[Trial], Awaitable[None]]


async def check_backend(
    backend: Backend,
    folder: Path,
    *,
    samples: Samples | None = None,
    unknown: NativeId = UNKNOWN,
    pause: float = 0.05,
    patience: float = 60.0,
) -> None:
    """Try everything that `Backend` promises; `folder` is an empty one for the jobs' output.

    Raises `AssertionError` that names the promise and what was found instead. To have each promise as a test of its
    own, call each of `CHECKS` with a `Trial`.
    """
    trial = Trial(backend, folder, samples or Samples(), unknown, pause=pause, patience=patience)
    for check in CHECKS:
        try:
            await check(trial)
        except Exception as error:
            error.add_note(f"in the check {getattr(check, '__name__', check)!r}")
            raise


async def an_unknown_id_is_not_guessed_at(trial: Trial) -> None:
    """It is denied or passed over in silence, and others are spoken of all the same."""
    native_id = await trial.submit(trial.samples.good)
    answer = await trial.backend.poll([trial.unknown, native_id])
    _expect("what is seen of an unknown id", answer.seen.get(trial.unknown), None)
    _expect("what is denied besides the unknown id", answer.absent - {trial.unknown}, frozenset())
    await trial.backend.kill([trial.unknown])
    await trial.end_of(native_id)


async def a_good_job_completes(trial: Trial) -> None:
    """With exit code 0 or none told, and its end has a time."""
    seen = await trial.end_of(await trial.submit(trial.samples.good))
    _expect("how a good job ends", seen.status, JobStatus.COMPLETED)
    _expect("the exit code of a good job", seen.exit_code or 0, 0)
    if seen.started_at is not None and seen.ended_at is not None and seen.ended_at < seen.started_at:
        raise AssertionError(f"a good job ended before it began: {seen!r}")


async def a_bad_job_fails_with_its_exit_code(trial: Trial) -> None:
    """The job's own code, not that of a wrapper."""
    seen = await trial.end_of(await trial.submit(trial.samples.bad))
    _expect("how a bad job ends", (seen.status, seen.exit_code), (JobStatus.FAILED, EXIT_CODE))


async def an_end_is_said_again(trial: Trial) -> None:
    """Whoever asks again about a job that has ended hears the same."""
    native_id = await trial.submit(trial.samples.bad)
    first = await trial.end_of(native_id)
    again = (await trial.backend.poll([native_id])).seen.get(native_id)
    if again is not None:
        _expect("an end that is asked for again", (again.status, again.exit_code), (first.status, first.exit_code))


async def killing_twice_is_once(trial: Trial) -> None:
    """And what has ended stays as it ended."""
    native_id = await trial.submit(trial.samples.endless)
    await trial.until(native_id, lambda seen: seen.status in _BEGUN, "begun")
    await asyncio.gather(trial.backend.kill([native_id]), trial.backend.kill([native_id]))
    ended = await trial.end_of(native_id)
    if ended.status not in {JobStatus.KILLED, JobStatus.FAILED}:
        raise AssertionError(f"a job that was killed ended as {ended!r}")
    await trial.backend.kill([native_id])
    _expect("the end of a job that is killed again", (await trial.end_of(native_id)).status, ended.status)


async def killing_spares_what_has_ended(trial: Trial) -> None:
    """A kill that comes too late changes nothing."""
    native_id = await trial.submit(trial.samples.good)
    await trial.end_of(native_id)
    await trial.backend.kill([native_id])
    _expect("a good job that is killed after its end", (await trial.end_of(native_id)).status, JobStatus.COMPLETED)


async def a_submitted_job_is_found_by_its_tag(trial: Trial) -> None:
    """From the moment on at which its submission returned."""
    submission = trial.submission(trial.samples.good)
    native_id = (await trial.backend.submit([submission])).accepted[submission.tag]
    finding = await trial.backend.find([submission.tag, trial.unknown_tag])
    _expect("what is found by tag", dict(finding.present), {submission.tag: native_id})
    _expect("tags surely absent besides the unknown one", finding.absent - {trial.unknown_tag}, frozenset())
    await trial.end_of(native_id)
    finding = await trial.backend.find([submission.tag])
    _expect("a tag denied although its job was there", finding.absent, frozenset())


async def an_interrupted_submission_is_settled(trial: Trial) -> None:
    """After a submission that was cancelled at any moment, a tag is present or absent, and stays what it was said to
    be.
    """
    submission = trial.submission(trial.samples.good)
    submitting = asyncio.ensure_future(trial.backend.submit([submission]))
    await asyncio.sleep(0)
    submitting.cancel()
    await asyncio.gather(submitting, return_exceptions=True)
    first = await _settled(trial, submission.tag)
    await asyncio.sleep(10 * trial.pause)
    _expect("where an interrupted submission is, later", await _settled(trial, submission.tag), first)
    native_id = first or (await trial.backend.submit([submission])).accepted[submission.tag]
    _expect(
        "how a job ends whose submission was interrupted", (await trial.end_of(native_id)).status, JobStatus.COMPLETED
    )


async def output_is_whole_and_may_be_fetched_again(trial: Trial) -> None:
    """Both times the same."""
    native_id = await trial.submit(trial.samples.good)
    await trial.end_of(native_id)
    for name in ("first", "second"):
        retrieved, into = await trial.fetch(native_id, trial.samples.good.outputs, name)
        _expect("what is missing of the output of a good job", (retrieved.missing, retrieved.error), ((), None))
        for file in ("stdout", *trial.samples.good.outputs):
            content = await asyncio.to_thread((into / file).read_bytes)
            _expect(f"the content of {file!r}", content, GREETING)
        _expect("whether there is a file for the standard error", (into / "stderr").exists(), expected=True)


async def missing_outputs_are_named(trial: Trial) -> None:
    """And the rest comes all the same."""
    native_id = await trial.submit(trial.samples.good)
    await trial.end_of(native_id)
    retrieved, into = await trial.fetch(native_id, ("no-such-*.root",), "missing")
    _expect("the patterns that match nothing", retrieved.missing, ("no-such-*.root",))
    _expect("the standard output beside what is missing", (into / "stdout").exists(), expected=True)


async def output_of_an_unknown_job_is_an_error(trial: Trial) -> None:
    """Said of that job alone, or not spoken of; never as if it were whole."""
    into = trial.folder / "unknown"
    await asyncio.to_thread(into.mkdir)
    retrieved = (await trial.backend.fetch([Retrieval(trial.unknown, (), into)])).get(trial.unknown)
    if retrieved is not None and retrieved.error is None:
        raise AssertionError(f"the output of the unknown job {trial.unknown} is said to be whole")


async def empty_calls_are_harmless(trial: Trial) -> None:
    """Each verb takes nothing and does nothing."""
    receipts, finding = await trial.backend.submit([]), await trial.backend.find([])
    _expect("what an empty submission says", (dict(receipts.accepted), dict(receipts.rejected)), ({}, {}))
    _expect("what an empty search says", (dict(finding.present), finding.absent), ({}, frozenset()))
    answer = await trial.backend.poll([])
    _expect("what is denied to an empty question", answer.absent, frozenset())
    await trial.backend.kill([])
    _expect("what an empty retrieval says", dict(await trial.backend.fetch([])), {})


#: One for each promise of `Backend`; the name of the function says the promise.
CHECKS: tuple[Check, ...] = (
    an_unknown_id_is_not_guessed_at,
    a_good_job_completes,
    a_bad_job_fails_with_its_exit_code,
    an_end_is_said_again,
    killing_twice_is_once,
    killing_spares_what_has_ended,
    a_submitted_job_is_found_by_its_tag,
    an_interrupted_submission_is_settled,
    output_is_whole_and_may_be_fetched_again,
    missing_outputs_are_named,
    output_of_an_unknown_job_is_an_error,
    empty_calls_are_harmless,
)

_BEGUN = frozenset({JobStatus.RUNNING, JobStatus.SUSPENDED}) | frozenset(status for status in JobStatus if status.final)


async def _settled(trial: Trial, tag: Tag) -> NativeId | None:
    """The job with this tag, None if it surely is not there; asked until the back end is sure."""
    try:
        async with asyncio.timeout(trial.patience):
            while True:
                finding = await trial.backend.find([tag])
                if tag in finding.present or tag in finding.absent:
                    return finding.present.get(tag)
                await asyncio.sleep(trial.pause)
    except TimeoutError:
        raise AssertionError(f"the back end is not sure about the tag {tag} after {trial.patience} seconds") from None


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")
