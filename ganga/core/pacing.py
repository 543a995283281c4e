"""When to ask again: an interval that follows activity, and back-off with jitter. Time and chance are arguments."""

from math import inf, sqrt
from random import Random

from ganga.model.clock import Monotonic
from ganga.model.policy import Pace, Retry


class Backoff:
    """When to try again after failures: twice as long each time, with jitter so that retries do not fall in step."""

    __slots__ = ("_random", "_retry", "failures", "next_at")

    def __init__(self, retry: Retry, random: Random) -> None:
        self._retry = retry
        self._random = random
        #: Failures since the last success.
        self.failures = 0
        #: Nothing may be tried before this.
        self.next_at = Monotonic(-inf)

    def failed(self, now: Monotonic) -> None:
        """An attempt failed."""
        self.failures += 1
        longest = min(self._retry.first * 2.0 ** min(self.failures - 1, 30), self._retry.longest)
        self.next_at = Monotonic(now + longest * self._random.uniform(0.5, 1.0))

    def succeeded(self) -> None:
        """An attempt worked; the next one need not wait."""
        self.failures = 0
        self.next_at = Monotonic(-inf)


class Pacer:
    """The pace of one kind of question to one target.

    The interval follows the square-root law: if asking costs *c* seconds and *r* jobs change each second, the cost of
    asking plus the time that news wait is least at ``sqrt(2 c / (w r))``, where *w* is the impatience.
    """

    __slots__ = ("_asked_at", "_backoff", "_due_at", "_earliest_at", "_hurried", "_pace", "_rate", "interval")

    #: Seconds in which the memory of past activity fades to 1/e.
    MEMORY = 120.0
    #: Changes per second below which there is no activity.
    QUIET = 1e-9

    def __init__(self, pace: Pace, random: Random) -> None:
        self._pace = pace
        self._backoff = Backoff(pace.retry, random)
        self._rate = 0.0
        self._asked_at = Monotonic(-inf)
        self._due_at = Monotonic(-inf)
        self._earliest_at = Monotonic(-inf)
        self._hurried = False
        #: Seconds between two questions while all is well.
        self.interval = pace.fastest

    @property
    def next_at(self) -> Monotonic:
        """When the next question may be asked."""
        return max(self._due_at, self._backoff.next_at)

    @property
    def retry_at(self) -> Monotonic:
        """When the rest of a question may be asked: at once, or after the back-off."""
        return self._backoff.next_at

    def asked(self, now: Monotonic) -> None:
        """A question goes out."""
        self._hurried = False
        self._asked_at = now
        self._due_at = Monotonic(now + self.interval)
        self._earliest_at = Monotonic(now + self._pace.fastest)

    def answered(self, now: Monotonic, changes: int) -> None:
        """The question was answered to the end and told of so many changed jobs."""
        self.succeeded()
        cost = max(now - self._asked_at, 1e-3)
        elapsed = max(self.interval, cost)
        weight = min(1.0, elapsed / self.MEMORY)
        self._rate += weight * (changes / elapsed - self._rate)
        best = sqrt(2 * cost / (self._pace.impatience * self._rate)) if self._rate > self.QUIET else inf
        self.interval = min(max(best, self._pace.fastest), self._pace.slowest)
        # Whoever takes long to answer is not asked again without a pause.
        self._earliest_at = max(self._earliest_at, Monotonic(now + min(cost, self._pace.fastest)))
        usual = self._earliest_at if self._hurried else Monotonic(self._asked_at + self.interval)
        self._due_at = max(usual, self._earliest_at)

    def succeeded(self) -> None:
        """A part of the question was answered: there is nothing to back off from."""
        self._backoff.succeeded()

    def failed(self, now: Monotonic) -> None:
        """The question failed: back off."""
        self._backoff.failed(now)

    def hurry(self, now: Monotonic) -> None:
        """Something is new here: ask as soon as the fastest pace allows, unless the target is failing."""
        self._hurried = True
        self._due_at = min(self._due_at, max(now, self._earliest_at))
