"""The laws of the core, over random orders of everything that can happen."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ganga.core.orders import (
    Answered,
    CatchUp,
    Failed,
    Find,
    Finish,
    Finished,
    Found,
    Order,
    Result,
    Submit,
    Submitted,
    Sweep,
)
from ganga.model.clock import Utc
from ganga.model.identity import Identity
from ganga.model.ids import JobId, Tag
from ganga.model.observation import Answer
from ganga.model.status import JobStatus
from ganga.testing.world import Script
from tests.core.harness import Harness, Out

scripts = st.builds(
    Script,
    queued=st.sampled_from([0.0, 5.0, 40.0]),
    running=st.sampled_from([0.0, 7.0, 90.0]),
    exit_code=st.integers(0, 1),
)
#: Which of several things: a number from which as many choices are taken as there are.
choice = st.integers(0, 255)


class Laws(RuleBasedStateMachine):
    """One monitor after another follows the jobs of one target through everything that can go wrong."""

    @initialize(feed=st.booleans(), seed=st.integers(0, 3))
    def begin(self, *, feed: bool, seed: int) -> None:
        self.harness = Harness(feed=feed, seed=seed)
        self.identities = 0

    # Requests

    @rule(script=scripts, new=st.booleans())
    def track(self, script: Script, *, new: bool) -> None:
        self.harness.create(script, JobStatus.NEW if new else JobStatus.SUBMITTING)

    @rule(script=scripts, subjobs=st.integers(1, 4))
    def track_family(self, script: Script, subjobs: int) -> None:
        self.harness.create(script, subjobs=subjobs)

    @precondition(lambda self: self.harness.records)
    @rule(which=choice)
    def kill(self, which: int) -> None:
        self.harness.kill(self._job(which))

    @precondition(lambda self: self.harness.records)
    @rule(which=choice)
    def submit(self, which: int) -> None:
        self.harness.resubmit(self._job(which))

    @precondition(lambda self: self.harness.records)
    @rule(which=choice)
    def refresh(self, which: int) -> None:
        self.harness.refresh(self._job(which))

    @rule(paused=st.booleans())
    def pause(self, *, paused: bool) -> None:
        self.harness.pause(paused=paused)

    # The back end's own doings

    @precondition(lambda self: len(self.harness.world) > 0)
    @rule(which=choice)
    def requeue(self, which: int) -> None:
        live = [record for record in self.harness.records.values() if record.native_id is not None]
        if live:
            native_id = live[which % len(live)].native_id
            assert native_id is not None
            self.harness.requeue(native_id)

    @rule(script=scripts)
    def somebody_else(self, script: Script) -> None:
        """Another job of the same user, of which the feed tells and we know nothing."""
        self.harness.world.accept(Tag(f"other-{len(self.harness.world)}"), script, self.harness.moment.utc)

    @rule(name=st.sampled_from(["ada", "bob"]), life=st.sampled_from([30.0, 400.0, 4000.0]))
    def renew(self, name: str, life: float) -> None:
        self.identities += 1
        # No two are the same: whoever renews gets others.
        expires_at = Utc(self.harness.moment.utc + life + self.identities / 1000)
        self.harness.present(Identity(name=name, expires_at=expires_at, warn_before=300.0))

    # Time

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 15.0, 100.0]))
    def wake(self, seconds: float) -> None:
        self.harness.now += seconds
        self.harness.wake()

    @rule()
    def sleep(self) -> None:
        wakeup = self.harness.tracker.next_wakeup()
        if wakeup is not None:
            self.harness.now = max(self.harness.now, wakeup)
        self.harness.wake()

    @rule(rounds=st.integers(1, 6))
    def carry_on(self, rounds: int) -> None:
        """For a while all is well."""
        for _ in range(rounds):
            self.sleep()
            while self.harness.out:
                self.harness.receive(self.harness.carry_out(self.harness.out.pop(0).order))

    @rule()
    def deny_for_long(self) -> None:
        """The back end has forgotten its jobs, and says so for as long as it takes to be believed."""
        for _ in range(8):
            self.sleep()
            while self.harness.out:
                self.deny(0)

    # Replies

    @precondition(lambda self: self.harness.out)
    @rule(which=choice)
    def answer_whole(self, which: int) -> None:
        self.harness.receive(self.harness.carry_out(self._out(which).order))

    @precondition(lambda self: self.harness.out)
    @rule(which=choice)
    def answer_late(self, which: int) -> None:
        """What was true when it was asked arrives now."""
        out = self._out(which)
        if isinstance(out.order, Sweep | CatchUp):
            self.harness.receive(Answered(out.order, out.asked))
        else:
            self.harness.receive(self.harness.carry_out(out.order))

    @precondition(lambda self: self.harness.out)
    @rule(which=choice, left_out=choice, chunked=st.booleans())
    def answer_in_part(self, which: int, left_out: int, *, chunked: bool) -> None:
        order = self._out(which).order
        result = _in_part(self.harness.carry_out(_smaller(order, left_out)), order, left_out)
        if chunked and isinstance(result, Answered):
            self.harness.receive(Answered(result.order, Answer(result.answer.seen), last=False))
            result = Answered(result.order, Answer(cursor=result.answer.cursor))
        self.harness.receive(result)

    @precondition(lambda self: self.harness.out)
    @rule(which=choice)
    def deny(self, which: int) -> None:
        order = self._out(which).order
        if isinstance(order, Sweep):
            self.harness.denied.update(order.ids)
            self.harness.receive(Answered(order, Answer(absent=frozenset(order.ids))))
        else:
            self.harness.receive(self.harness.carry_out(order))

    @precondition(lambda self: self.harness.out)
    @rule(which=choice, retry_after=st.sampled_from([None, 0.0, 12.0, 45.0]))
    def fail(self, which: int, retry_after: float | None) -> None:
        self._fail(self._out(which).order, retry_after)

    @precondition(lambda self: self.harness.out)
    @rule(which=choice)
    def time_out(self, which: int) -> None:
        """It was done, but nobody learned of it."""
        order = self._out(which).order
        self.harness.carry_out(order)
        self._fail(order)

    @precondition(lambda self: self.harness.out)
    @rule(which=choice)
    def answer_and_die(self, which: int) -> None:
        """The tracker has digested the answer, but nothing of that was stored."""
        self.harness.receive(self.harness.carry_out(self._out(which).order), stored=False)

    # Monitors

    @rule(landed=choice)
    def restart(self, landed: int) -> None:
        self.harness.restart(landed)

    @rule(landed=choice)
    def take_over(self, landed: int) -> None:
        """A second monitor takes over while the first still believes that it is alone: what it says is refused."""
        old, out = self.harness.tracker, list(self.harness.out)
        self.harness.restart(landed)
        for left in out:
            if isinstance(left.order, Sweep | CatchUp):
                old.receive([Answered(left.order, left.asked)], self.harness.moment)

    # Laws

    @invariant()
    def submitted_once(self) -> None:
        assert all(count == 1 for count in self.harness.world.accepted.values())

    @invariant()
    def families_follow(self) -> None:
        self.harness.check_families()

    @invariant()
    def duties_are_booked(self) -> None:
        """The tracker sleeps only while something is under way, nothing is to be done, or it is to leave the target
        alone.
        """
        harness = self.harness
        idle = harness.out or harness.state.paused or all(_needs_nothing(r.status) for r in harness.records.values())
        assert idle or harness.tracker.next_wakeup() is not None

    def teardown(self) -> None:
        if hasattr(self, "harness"):
            self.harness.calm()

    def _job(self, which: int) -> JobId:
        jobs = list(self.harness.records)
        return jobs[which % len(jobs)]

    def _out(self, which: int) -> Out:
        return self.harness.out.pop(which % len(self.harness.out))

    def _fail(self, order: Order, retry_after: float | None = None) -> None:
        if isinstance(order, Sweep):
            self.harness.failed_sweep(order.ids)
        self.harness.receive(Failed(order, "out of order", retry_after=retry_after))


def _needs_nothing(status: JobStatus) -> bool:
    return status.final or status is JobStatus.NEW


def _smaller(order: Order, left_out: int) -> Order:
    """The part of the order that reaches the back end."""
    if isinstance(order, Submit):
        return Submit(order.target, order.jobs[left_out % (len(order.jobs) + 1) :])
    return order


def _in_part(result: Result, order: Order, left_out: int) -> Result:
    """The result without some of what it should say."""

    def keep(position: int) -> bool:
        return not left_out >> (position % 8) & 1

    match result:
        case Answered(order=asked, answer=answer):
            kept = {key: seen for position, (key, seen) in enumerate(answer.seen.items()) if keep(position)}
            return Answered(asked, Answer(kept, cursor=answer.cursor if isinstance(asked, Sweep) else None))
        case Submitted(accepted=accepted) if isinstance(order, Submit):
            return Submitted(order, {job: key for n, (job, key) in enumerate(accepted.items()) if keep(n)})
        case Found(present=present) if isinstance(order, Find):
            return Found(order, {job: key for n, (job, key) in enumerate(present.items()) if keep(n)})
        case Finished(endings=endings) if isinstance(order, Finish):
            kept_endings = {job: ending for n, (job, ending) in enumerate(endings.items()) if keep(n)}
            return Finished(order, kept_endings, dict.fromkeys(endings.keys() - kept_endings.keys(), "no such host"))
        case _:
            return result


TestLaws = Laws.TestCase
TestLaws.settings = settings(stateful_step_count=50)
