"""What all who ask one service expect of the budget that they share."""

import asyncio
from dataclasses import dataclass, field

from msgspec.structs import replace

from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.ids import BudgetName
from ganga.store.base import Store
from ganga.testing.store_checks.kit import Check, expect

OURS, THEIRS = BudgetName("lxplus"), BudgetName("target ünïcode")


@dataclass
class Noting:
    """A change that takes a token, and notes what it was given."""

    seen: list[tuple[Budget | None, float]] = field(default_factory=list)

    def __call__(self, budget: Budget | None, at: float) -> tuple[Budget, str]:
        """Called by the store."""
        self.seen.append((budget, at))
        before = budget or Budget(at=at, rate=0.25, tokens=100.0)
        return replace(before, at=at, tokens=before.tokens - 1.0), f"token {before.tokens:g}"


async def a_budget_comes_back_as_it_was_written(store: Store) -> None:
    """With all that it says; whoever changes it also learns what came of that."""
    expect("the budgets of a new store", await store.budgets(), {})
    full = Budget(
        at=1768000000.25,
        rate=0.1,
        tokens=2.5,
        use=1 / 3,
        rest=60.0,
        settling=5.0,
        cut_at=Utc(1768000060.5),
        reason="429: tôo much",
    )
    expect("what the change returns", await store.change_budget(OURS, lambda _, __: (full, "cut")), "cut")
    note = Noting()
    await store.change_budget(OURS, note)
    expect("what the next one is given", note.seen[0][0], full)
    await store.change_budget(THEIRS, lambda _, __: (replace(full, reason="a lone \ud800 surrogate"), None))
    budgets = await store.budgets()
    expect("the names", set(budgets), {OURS, THEIRS})
    expect("one by its name", set(await store.budgets([THEIRS, BudgetName("nobody's")])), {THEIRS})
    expect("what cannot be stored", budgets[THEIRS], replace(full, reason="a lone \ufffd surrogate"))


async def nobody_comes_between_reading_a_budget_and_writing_it(store: Store) -> None:
    """However many do so at once."""
    note = Noting()
    tokens = await asyncio.gather(*(store.change_budget(OURS, note) for _ in range(50)))
    expect("the tokens that were given away", set(tokens), {f"token {number}" for number in range(51, 101)})
    expect("what is left", (await store.budgets())[OURS].tokens, 50.0)


async def the_clock_of_budgets_goes_on(store: Store) -> None:
    """It is the store's, and a change that changes nothing leaves the budget as it was written."""
    note = Noting()
    for _ in range(3):
        await store.change_budget(OURS, note)
    times = [at for _, at in note.seen]
    expect("the times, in order", times, sorted(times))
    before = await store.budgets()
    await store.change_budget(OURS, lambda budget, at: (budget or Budget(at=at, rate=0.0, tokens=0.0), None))
    expect("what was left as it was", await store.budgets(), before)


async def a_change_that_fails_changes_nothing(store: Store) -> None:
    """And the budget can be changed by others."""
    await store.change_budget(OURS, Noting())
    before = await store.budgets()

    def fail(_: Budget | None, __: float) -> tuple[Budget, None]:
        raise ZeroDivisionError

    try:
        await store.change_budget(OURS, fail)
    except ZeroDivisionError:
        expect("what is stored", await store.budgets(), before)
    else:
        raise AssertionError("what the change raised was swallowed")
    expect("the next change", await store.change_budget(OURS, Noting()), "token 99")


CHECKS: tuple[Check, ...] = (
    a_budget_comes_back_as_it_was_written,
    nobody_comes_between_reading_a_budget_and_writing_it,
    the_clock_of_budgets_goes_on,
    a_change_that_fails_changes_nothing,
)
