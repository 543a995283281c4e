"""How often a target may be asked: for people, and as JSON."""

from collections.abc import Iterable, Mapping

import msgspec

from ganga.cli.words import clock_time
from ganga.model.budget import Budget, own_budget
from ganga.model.clock import Utc, rfc3339
from ganga.model.ids import BudgetName
from ganga.model.policy import Allowance
from ganga.monitor.connection import Target

_MINUTE = 60.0


class Quota(msgspec.Struct, frozen=True):
    """What one target is allowed, and what is left of it."""

    name: BudgetName
    allowance: Allowance
    #: As it was written last; None if nobody has drawn on it, and it was never cut.
    budget: Budget | None

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.allowance.ceiling if self.budget is None else _bounded(self.budget.rate, self.allowance)

    @property
    def holds(self) -> bool:
        """Whether it is drawn on, or has been cut and is not whole again."""
        return self.allowance.strict or self.rate < self.allowance.ceiling


def budgets_of(targets: Iterable[Target]) -> set[BudgetName]:
    """The budgets that these draw on."""
    return {target.policy.allowance.budget or own_budget(target.name) for target in targets}


def quota_of(target: Target, budgets: Mapping[BudgetName, Budget]) -> Quota:
    """That of a target, of the budgets in the store."""
    [name] = budgets_of([target])
    return Quota(name, target.policy.allowance, budgets.get(name))


def _bounded(rate: float, allowance: Allowance) -> float:
    """What is drawn on it by: any user may have written another rate there."""
    return min(max(rate, allowance.floor), allowance.ceiling)


def quota_words(quota: Quota, now: Utc) -> str:
    """``21 of 60 a minute (budget lxplus), cut at 07:12: not ready (429)``; ``as needed`` where nothing limits it."""
    if not quota.holds:
        return "as needed"
    shared = f" (budget {quota.name})" if quota.allowance.budget is not None else ""
    words = f"{quota.rate * _MINUTE:.3g} of {quota.allowance.ceiling * _MINUTE:.3g} a minute{shared}"
    if quota.budget is None or quota.budget.cut_at is None:
        return words
    return f"{words}, cut at {clock_time(quota.budget.cut_at, now)}: {quota.budget.reason}"


def quota_object(quota: Quota) -> dict[str, object]:
    """As JSON shows it, with calls per minute."""
    budget = quota.budget
    cut_at = None if budget is None else budget.cut_at
    return {
        "name": quota.name,
        "holds": quota.holds,
        "calls_per_minute": quota.rate * _MINUTE,
        "least": quota.allowance.floor * _MINUTE,
        "most": quota.allowance.ceiling * _MINUTE,
        "cut_at": None if cut_at is None else rfc3339(cut_at),
        "reason": None if budget is None else budget.reason,
    }
