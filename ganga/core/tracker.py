"""All that is decided about the jobs of one target: what to ask of its back end, when, and what the replies mean."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import assert_never

from msgspec.structs import replace

from ganga.core import answers, credentials, ending, recall, requests, submission
from ganga.core.census import Census
from ganga.core.circuit import Circuit
from ganga.core.feed import Feed
from ganga.core.lane import Lane
from ganga.core.news import Draft
from ganga.core.orders import (
    Answered,
    CatchUp,
    Failed,
    Find,
    Finish,
    Finished,
    Found,
    Kill,
    KillSent,
    Order,
    Presented,
    Recall,
    Recalled,
    Requested,
    Result,
    Strain,
    Submit,
    Submitted,
    Sweep,
)
from ganga.core.questions import Questions
from ganga.core.rest import Rest
from ganga.core.roster import Roster
from ganga.model.clock import Moment, Monotonic
from ganga.model.event import EventKind
from ganga.model.ids import Cursor, JobId, NativeId, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.observation import Answer
from ganga.model.policy import Policy
from ganga.model.status import JobStatus
from ganga.model.update import Update


class Tracker:
    """The jobs of one target. No I/O, no clock: a day of ten thousand jobs and three outages is a loop over numbers."""

    def __init__(self, name: TargetName, policy: Policy, random: Random, *, state: TargetState | None = None) -> None:
        self.name = name
        self.state = state or TargetState(name=name)
        self._roster = Roster(policy, random)
        self._feed = Feed(policy.feed, policy.idle_feed, random) if policy.feed is not None else None
        self._circuit = Circuit(policy.failures_until_down, self.state.down_since)
        self._questions = Questions()
        self._rest = Rest()
        self._census = Census()

    def __repr__(self) -> str:
        return f"<Tracker {self.name}: {len(self)} jobs, {len(self._roster.sweeper)} polled>"

    def __len__(self) -> int:
        return len(self._roster)

    def record(self, job: JobId) -> JobRecord | None:
        """The record of a job that is followed, as the tracker sees it now."""
        return self._roster.get(job)

    @property
    def jobs(self) -> Mapping[JobStatus, int]:
        """How many jobs and subjobs are followed of each status."""
        return self._roster.tally.counts()

    @property
    def interval(self) -> float:
        """Seconds from one sweep to the next while all is well."""
        return self._roster.sweeper.interval

    def due(self, moment: Moment) -> list[Order]:
        """What is to be done now. Each order must come back as one result (an answer may come in parts)."""
        now, roster = moment.monotonic, self._roster
        if self.state.paused or now < self._rest.until:
            return []
        orders: list[Order] = [Find(self.name, jobs) for jobs in roster.find.take(now)]
        orders += [Submit(self.name, jobs) for jobs in roster.submit.take(now)]
        orders += [Kill(self.name, ids) for ids in roster.kill.take(now)]
        orders += [Kill(self.name, ids, again=True) for ids in roster.kill_again.take(now)]
        orders += [Finish(self.name, jobs) for jobs in roster.finish.take(now)]
        orders += [Sweep(self.name, ids, self._questions.ask(ids)) for ids in roster.sweeper.take(now, moment.utc)]
        return orders + self._catch_up(now)

    def next_wakeup(self) -> Monotonic | None:
        """When `due` may have something; None if nothing will be due before another result comes."""
        if self.state.paused:
            return None
        roster = self._roster
        wakeups = [
            roster.find.next_wakeup(),
            roster.submit.next_wakeup(),
            roster.kill.next_wakeup(),
            roster.kill_again.next_wakeup(),
            roster.finish.next_wakeup(),
            roster.sweeper.next_wakeup(),
            self._feed_at(),
        ]
        first = min((wakeup for wakeup in wakeups if wakeup is not None), default=None)
        return None if first is None else max(first, self._rest.until)

    def recall(self, results: Iterable[Result]) -> Recall | None:
        """What is to be read from the store, and received as `Recalled`, together with these results and before
        them.
        """
        told = (result.answer.seen for result in results if isinstance(result, Answered))
        unknown = tuple(dict.fromkeys(name for seen in told for name in self._roster.unknown(seen)))
        return Recall(self.name, unknown) if unknown else None

    def receive(self, results: Iterable[Result], moment: Moment) -> Update:
        """What follows from the results. The update must be stored before anybody is told of it."""
        draft = Draft(self.name, moment)
        for result in results:
            self._digest(result, draft)
        for job in self._roster.families.touched():
            self._settle(job, draft)
        self._warn(draft)
        return draft.finish()

    def _digest(self, result: Result, draft: Draft) -> None:
        match result:
            case Requested():
                self._requested(result, draft)
            case Failed():
                self._failed(result, draft)
            case Recalled():
                recall.recalled(self._roster, result)
            case Strain():
                self._change_state(draft, replace(self.state, stuck_threads=result.stuck))
            case Presented():
                self._change_state(draft, credentials.presented(self.state, result.identity, draft.moment.utc))
            case Finished():
                was_there = any(map(self._is_there, result.endings))
                ending.finished(self._roster, result, draft)
                if was_there:
                    self._heard(draft)
            case _:
                self._succeeded(result, draft)

    def _is_there(self, job: JobId) -> bool:
        """Whether the back end knows the job: what is merged here says nothing of it."""
        record = self._roster.get(job)
        return record is not None and record.native_id is not None

    def _succeeded(self, result: Answered | Submitted | Found | KillSent, draft: Draft) -> None:
        match result:
            case Answered():
                self._answered(result, draft)
            case Submitted():
                submission.submitted(self._roster, result, draft)
            case Found():
                submission.found(self._roster, result, draft)
            case KillSent():
                self._kill_sent(result.order, draft)
            case _:
                assert_never(result)
        self._heard(draft)

    def _heard(self, draft: Draft) -> None:
        self._circuit.closed()
        if self.state.down_since is not None:
            self._change_state(draft, replace(self.state, down_since=None, error=None))
            draft.target(EventKind.TARGET_UP, None)

    def _requested(self, result: Requested, draft: Draft) -> None:
        if result.paused is not None:
            self.state = replace(self.state, paused=result.paused)
        requests.requested(self._roster, result, draft)

    def _warn(self, draft: Draft) -> None:
        warning = credentials.warning(self.state, draft.moment.utc)
        if warning is not None:
            self._change_state(draft, replace(self.state, expiry_told=True))
            draft.target(EventKind.CREDENTIALS_EXPIRING, warning)

    # Questions

    @property
    def _live(self) -> bool:
        return len(self._roster.sweeper) > 0

    def _feed_at(self) -> Monotonic | None:
        """When a question for what is new may be asked. A target that was never asked has had no jobs."""
        if self._feed is None or self._questions.feeding or not (self._live or self.state.cursor is not None):
            return None
        return self._feed.due_at(live=self._live)

    def _catch_up(self, now: Monotonic) -> list[Order]:
        if self._feed is None:
            return []
        self._feed.look(now, live=self._live)
        feed_at = self._feed_at()
        if feed_at is None or feed_at > now:
            return []
        self._feed.asked(now)
        self._census.asked(self._roster.believed())
        cursor = None if self.state.cursor is None else Cursor(self.state.cursor)
        return [CatchUp(self.name, cursor, self._questions.feed())]

    def _answered(self, result: Answered, draft: Draft) -> None:
        answers.digest(self._roster, self._questions, result, self.state, draft)
        if isinstance(result.order, CatchUp):
            self._census.ended(self._roster.others_ended(result.answer.seen))
        if result.last:
            changes = self._questions.close(result.order.number)
            if changes is not None:
                self._close(result, changes, draft)

    def _close(self, result: Answered, changes: int, draft: Draft) -> None:
        now, cursor = draft.moment.monotonic, result.answer.cursor
        if isinstance(result.order, Sweep):
            confirmed_at = self._roster.sweeper.answered(now, changes)
            if confirmed_at is not None:
                self._change_state(draft, replace(self.state, confirmed_at=confirmed_at))
        elif self._feed is not None:
            self._feed.answered(now, changes)
            self._count(result.answer, now)
            if cursor is not None and cursor != self.state.cursor:
                self._change_state(draft, replace(self.state, cursor=cursor))

    def _count(self, answer: Answer, now: Monotonic) -> None:
        if answer.living is not None and self._census.counted(answer.living, self._roster.believed()):
            self._roster.sweeper.hurry(now)

    def _kill_sent(self, order: Kill, draft: Draft) -> None:
        self._kills(order).done(order.ids)
        again = Monotonic(draft.moment.monotonic + self._roster.policy.kill_again)
        for native_id in self._roster.to_kill(order.ids):
            self._roster.kill_again.postpone(native_id, again)

    def _kills(self, order: Kill) -> Lane[NativeId]:
        return self._roster.kill_again if order.again else self._roster.kill

    # Failures

    def _failed(self, result: Failed, draft: Draft) -> None:
        order, roster = result.order, self._roster
        match order:
            case Sweep() | CatchUp():
                self._unanswered(order, draft)
            case Submit() | Find():
                submission.unsubmitted(roster, order, draft)
            case Kill():
                kills = self._kills(order)
                kills.failed(order.ids, draft.moment.monotonic)
                for native_id in roster.to_kill(order.ids):
                    kills.add(native_id)
            case Finish():
                healthy = self._circuit.failing_since is None and not result.ours
                ending.unfinished(roster, result, order, draft, blamed=healthy)
            case _:
                assert_never(order)
        if not result.ours:
            self._blame(result, draft)

    def _blame(self, result: Failed, draft: Draft) -> None:
        announced = self._rest.asked_for(result.retry_after, draft.moment.monotonic)
        if self._circuit.failed(draft.moment.utc, announced=announced):
            self._change_state(draft, replace(self.state, down_since=self._circuit.failing_since, error=result.error))
            draft.target(EventKind.TARGET_DOWN, result.error)

    def _unanswered(self, order: Sweep | CatchUp, draft: Draft) -> None:
        if self._questions.close(order.number) is None:
            return
        if isinstance(order, Sweep):
            self._roster.sweeper.failed(order.ids, draft.moment.monotonic)
            self._roster.dismiss(order.ids)
        elif self._feed is not None:
            self._feed.failed(draft.moment.monotonic)

    # Records

    def _settle(self, job: JobId, draft: Draft) -> None:
        parent = self._roster.get(job)
        if parent is None:
            return
        settled = self._roster.families.settle(parent, draft.moment.utc)
        if settled is parent:
            self._roster.put(parent)
        else:
            self._roster.replace(parent, settled, draft)

    def _change_state(self, draft: Draft, state: TargetState) -> None:
        self.state = state
        draft.state(state)
