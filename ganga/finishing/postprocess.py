"""What is done when a job has ended and its output is here; each step may be repeated and has its effect once.

- A subjob is checked. A job without subjobs is checked, then told of. A job with subjobs is merged, then told of.
- Only what completed is checked. A checker or merger that objects makes it failed, with its reason.
- What was merged is shown whole, and takes the place of what was merged at an earlier end of the same job.
- A checker or merger that raises is a failure of finishing: the job stays `completing` and all is tried again, since
  an unchecked job must not be called completed because of a passing trouble.
- A notifier that fails is reported and changes no job. One that has told of this end of the job is not asked again: a
  note in the folder of the job says so. The note is written after the telling, so a crash between the two makes it tell
  twice rather than never; `Notice.key` lets the reader see that it is the same.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ganga.errors import FinishingError
from ganga.finishing.base import Ended, Notice, Notifier, Place, Verdict, refusal
from ganga.finishing.plugins import CHECKERS, MERGERS, NOTIFIERS
from ganga.model.ids import number_and_index, parent_of
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus

Progress = Callable[[str], None]

_log = logging.getLogger(__name__)


def _no_progress(_: str) -> None:
    """Nobody wants to know."""


def _nothing_follows(_: Verdict) -> bool:
    return False


def postprocess(
    record: JobRecord,
    spec: JobSpec,
    place: Place,
    subjobs: Sequence[JobRecord] = (),
    *,
    epoch: int = 0,
    followed: Callable[[Verdict], bool] = _nothing_follows,
    progress: Progress = _no_progress,
) -> Verdict:
    """Check, merge and tell; blocking, for as long as the plug-ins take. Raises `FinishingError`, which names the
    plug-in.

    `subjobs` are the records of all subjobs, in any order. `followed` says whether another attempt follows this end, so
    that nobody is told of it. `progress` is called with the name of each step before it begins: whoever limits the
    time can name the one that took too long. Where the place is hosted, plug-ins that would act with the rights of this
    process are not used, and what a job asks of them fails with a reason.
    """
    outcome = record.outcome or JobStatus.FAILED
    if record.subjobs is not None:
        objection = _merge(record, spec, place, subjobs, epoch, progress)
    else:
        objection = _check(record, spec, place, progress) if outcome is JobStatus.COMPLETED else None
    verdict = _judged(outcome, record.reason, objection)
    if parent_of(record.id) is not None or followed(verdict):
        return verdict
    return Verdict(verdict.status, verdict.reason, tuple(_notify(record, spec, place, verdict, progress)))


def _judged(outcome: JobStatus, reason: str | None, objection: str | None) -> Verdict:
    """What completed fails by an objection; what ended otherwise stays as it ended."""
    if objection is None:
        return Verdict(outcome, reason)
    status = JobStatus.FAILED if outcome is JobStatus.COMPLETED else outcome
    return Verdict(status, f"{reason}; {objection}" if reason else objection)


def _check(record: JobRecord, spec: JobSpec, place: Place, progress: Progress) -> str | None:
    if not spec.checkers:
        return None
    with ExitStack() as stack:
        ended = _readable([record], spec, place, stack, progress)[0]
        for plugin in spec.checkers:
            title = CHECKERS.title(plugin)
            with _step(title, progress):
                checker = CHECKERS.load(plugin)
                objection = refusal(checker, hosted=place.hosted) or checker.check(ended)
            if objection is not None:
                return f"{title}: {objection}"
    return None


def _readable(
    jobs: Sequence[JobRecord], spec: JobSpec, place: Place, stack: ExitStack, progress: Progress
) -> list[Ended]:
    """The jobs with their outputs, which can be read as long as the stack stands."""
    with _step("reading the output", progress if place.hosted else _no_progress):
        return [
            Ended(job, spec, stack.enter_context(place.readable(job.id, job.attempt)), hosted=place.hosted)
            for job in jobs
        ]


def _merge(
    record: JobRecord, spec: JobSpec, place: Place, subjobs: Sequence[JobRecord], epoch: int, progress: Progress
) -> str | None:
    if not spec.mergers:
        return None
    completed = [job for job in subjobs if job.status is JobStatus.COMPLETED]
    completed.sort(key=lambda job: number_and_index(job.id))
    incoming = place.incoming(record.id, record.attempt, epoch)
    try:
        whole = len(completed) == record.subjobs
        with ExitStack() as stack:
            parts = _readable(completed, spec, place, stack, progress)
            objection = _merge_into(incoming, spec, parts, progress, whole=whole, hosted=place.hosted)
        if objection is None and any(incoming.iterdir()):
            place.publish(incoming, record.id, record.attempt, replace=True)
            return None
    except BaseException:
        place.discard(incoming)
        raise
    place.discard(incoming)
    return objection


def _merge_into(
    incoming: Path, spec: JobSpec, parts: Sequence[Ended], progress: Progress, *, whole: bool, hosted: bool
) -> str | None:
    for plugin in spec.mergers:
        title = MERGERS.title(plugin)
        with _step(title, progress):
            merger = MERGERS.load(plugin)
            objection = refusal(merger, hosted=hosted)
            if objection is None and (whole or merger.partial):
                objection = merger.merge(parts, incoming)
        if objection is not None:
            return f"{title}: {objection}"
    return None


def _notify(record: JobRecord, spec: JobSpec, place: Place, verdict: Verdict, progress: Progress) -> Iterator[str]:
    key = f"{record.id}.{record.attempt}.{record.created_at * 1000:.0f}.{(record.ended_at or 0) * 1000:.0f}"
    output = place.output(record.id, record.attempt)
    notice = Notice(record, spec, verdict.status, verdict.reason, output, key)
    for position, plugin in enumerate(spec.notifiers):
        note = f".told-{key}-{position}"
        if place.marked(record.id, note):
            continue
        try:
            with _step(NOTIFIERS.title(plugin), progress):
                notifier = NOTIFIERS.load(plugin)
                _check_used(notifier, hosted=place.hosted)
                notifier.notify(notice)
                place.mark(record.id, note)
        except FinishingError as error:
            _log.warning("job %s: %s", record.id, error)
            yield str(error)


def _check_used(notifier: Notifier, *, hosted: bool) -> None:
    reason = refusal(notifier, hosted=hosted)
    if reason is not None:
        raise FinishingError(reason)


@contextmanager
def _step(title: str, progress: Progress) -> Iterator[None]:
    progress(title)
    try:
        yield
    except (Exception, SystemExit) as error:
        raise FinishingError(f"{title} failed: {type(error).__name__}: {error}") from error
