"""How often a service may be asked by all who share a budget: the rate rises little by little while all is well, and is
cut by a part of itself when the service complains.

A bucket of tokens, one for each call, is filled at that rate. Time is an argument: seconds of the store's clock, of
which only the difference to the last time counts. A clock that was set back stands still; one that jumps ahead fills
the bucket, and no more.
"""

from dataclasses import dataclass
from math import exp, isfinite
from typing import NamedTuple

from msgspec.structs import replace

from ganga.core.rest import Rest
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.policy import Allowance

#: What is left of the rate after a complaint.
DECREASE = 0.7
#: Seconds in which the memory of calls fades to 1/e.
MEMORY = 60.0
#: Seconds for which the rate rises at most if nobody asks: that there is no complaint then says nothing.
LULL = 60.0
#: Seconds after a cut in which nothing is cut again.
SETTLING = 5.0
#: Seconds by which the clock of the store may have been set back, as when another server takes over.
AHEAD = 600.0
#: The part of a token by which sums of seconds may be wrong.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Complaint:
    """The service says that it is asked too much."""

    #: By the clock of whoever heard it, for people.
    at: Utc
    reason: str
    #: Seconds from the question to the complaint: other calls that were out meanwhile will fare alike.
    took: float = 0.0
    #: Seconds for which the service asked to be left alone; None if it did not.
    retry_after: float | None = None


class Grant(NamedTuple):
    """How many calls may be made now; if none, how many seconds to wait before asking again."""

    calls: int
    wait: float = 0.0


def full(allowance: Allowance, at: float) -> Budget:
    """A budget on which nobody has drawn yet."""
    return Budget(at=at, rate=allowance.ceiling, tokens=allowance.burst)


def believed(budget: Budget | None, allowance: Allowance, at: float) -> Budget:
    """The budget; or a full one where there is none, or none that comes about by the rules: whoever shares a budget can
    write there what they like.
    """
    return full(allowance, at) if budget is None or not _is_possible(budget, at) else budget


def is_whole(budget: Budget, allowance: Allowance) -> bool:
    """Whether nothing is left of any complaint."""
    return budget.rate >= allowance.ceiling and not budget.rest


def aged(budget: Budget, allowance: Allowance, at: float) -> Budget:
    """The budget at a later time. While the service is left alone, nothing grows or fades."""
    elapsed = max(at - budget.at, 0.0)
    working = max(elapsed - budget.rest, 0.0)
    rate = _bounded(budget.rate, allowance)
    return replace(
        budget,
        at=at,
        rate=_bounded(rate + allowance.rise * min(working, LULL), allowance),
        tokens=min(budget.tokens + rate * working, allowance.burst),
        use=budget.use * exp(-working / MEMORY),
        rest=max(budget.rest - elapsed, 0.0),
        settling=max(budget.settling - elapsed, 0.0),
    )


def spent(budget: Budget, allowance: Allowance, at: float, calls: int, *, urgent: bool) -> tuple[Budget, Grant]:
    """The budget after so many calls, or as many as it has: at least one, or the grant says how long to wait.

    Only urgent calls may use the reserve: what people ask for, and a poll that has let enough of these pass. Without
    the latter a steady stream of them at a low rate would leave nothing for polls, and no end of a job would be known.
    """
    now = aged(budget, allowance, at)
    kept = 0.0 if urgent else allowance.reserve
    affordable = int(now.tokens - kept + _ROUNDING)
    if now.rest or affordable < 1:
        return budget, Grant(0, now.rest + max(0.0, 1.0 + kept - now.tokens) / now.rate)
    granted = min(calls, affordable)
    left = max(now.tokens - granted, 0.0)
    return replace(now, tokens=left, use=now.use + granted / MEMORY), Grant(granted)


def noted(budget: Budget, allowance: Allowance, at: float) -> Budget:
    """The budget after one call for which nobody asks it, since the service has never complained."""
    now = aged(budget, allowance, at)
    return replace(now, tokens=max(now.tokens - 1.0, 0.0), use=now.use + 1.0 / MEMORY)


def cut(budget: Budget, allowance: Allowance, at: float, complaint: Complaint) -> Budget:
    """The budget after a complaint: a part of the rate at which calls were really made.

    Of several complaints about the same calls only the first cuts; that the service is to be left alone counts always.
    What was saved up is gone, but for the reserve.
    """
    now = aged(budget, allowance, at)
    rested = replace(now, rest=max(now.rest, min(complaint.retry_after or 0.0, Rest.LONGEST)))
    if now.settling:
        return rested
    return replace(
        rested,
        rate=_bounded(DECREASE * min(now.rate, now.use), allowance),
        tokens=min(now.tokens, allowance.reserve),
        settling=max(SETTLING, min(complaint.took, Rest.LONGEST)),
        cut_at=complaint.at,
        reason=complaint.reason,
    )


def _is_possible(budget: Budget, at: float) -> bool:
    numbers = (budget.at, budget.rate, budget.tokens, budget.use)
    return (
        all(map(isfinite, numbers))
        and budget.at <= at + AHEAD
        and min(budget.rate, budget.tokens, budget.use) >= 0.0
        and 0.0 <= budget.rest <= Rest.LONGEST
        and 0.0 <= budget.settling <= Rest.LONGEST
    )


def _bounded(rate: float, allowance: Allowance) -> float:
    return min(max(rate, allowance.floor), allowance.ceiling)
