"""What is left of the calls of a service that all who share a budget may make together, as it is stored."""

from typing import Final

from msgspec import Struct

from ganga.model.clock import Utc
from ganga.model.ids import BudgetName, TargetName


class Budget(Struct, frozen=True, kw_only=True):
    """One budget, as of `at`. Rates are calls per second; `ganga.core.budget` says how it goes on."""

    #: When the store said that it was changed last. By the store's own clock: only how much of it has passed counts.
    at: float
    #: How many calls may be made on average.
    rate: float
    #: How many calls may be made at once.
    tokens: float
    #: How many calls were made of late.
    use: float = 0.0
    #: Seconds from `at` for which the service asked to be left alone.
    rest: float = 0.0
    #: Seconds from `at` in which a complaint is about calls that were made before the last cut.
    settling: float = 0.0
    #: When the rate was cut last, by the clock of whoever heard the complaint, and the complaint.
    cut_at: Utc | None = None
    reason: str | None = None


#: With a space, which no name in the settings has.
_OWN: Final = "target "


def own_budget(target: TargetName) -> BudgetName:
    """The budget of a target that shares none."""
    return BudgetName(f"{_OWN}{target}")


def is_shared(name: BudgetName) -> bool:
    """Whether the settings name the budget, for any targets of anybody."""
    return not name.startswith(_OWN)
