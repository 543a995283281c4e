"""The budgets in PostgreSQL: those of targets are their owner's, and those that the settings name are everybody's."""

from collections.abc import Collection
from typing import Final

import msgspec

from ganga.model.budget import Budget, is_shared
from ganga.model.ids import BudgetName
from ganga.store.base import BudgetChange, ResultT
from ganga.store.postgres.limits import fitting
from ganga.store.postgres.reading import Reader
from ganga.store.postgres.transaction import Transaction
from ganga.store.storable import encode, storable_struct

_NOBODY: Final = ""

# There is a row first, that it can be locked; it is empty until the transaction ends.
_ENSURE: Final = """
    INSERT INTO ganga.budgets (owner, name) VALUES (%(owner)s, %(name)s) ON CONFLICT (owner, name) DO NOTHING
"""
_LOCK: Final = "SELECT budget FROM ganga.budgets WHERE owner = %(owner)s AND name = %(name)s FOR UPDATE"
# Asked when the row is locked: whoever comes next is told a later time.
_CLOCK: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"
_WRITE: Final = "UPDATE ganga.budgets SET budget = %(budget)s WHERE owner = %(owner)s AND name = %(name)s"
_BUDGETS: Final = """
    SELECT name, budget FROM ganga.budgets
    WHERE owner IN (%(owner)s, %(nobody)s) AND (%(names)s::text[] IS NULL OR name = ANY (%(names)s))
        AND budget IS NOT NULL
"""

_decode = msgspec.json.Decoder(Budget).decode


async def change_budget(transaction: Transaction, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
    """See `Store.change_budget`. The clock is that of the server."""
    budget = {"owner": _NOBODY if is_shared(name) else transaction.owner, "name": name}
    await transaction.execute(_ENSURE, budget)
    locked = await transaction.execute(_LOCK, budget)
    [(at,)] = await transaction.rows(_CLOCK)
    [(encoded,)] = await locked.fetchall()
    old = None if encoded is None else _decoded(encoded)
    new, result = change(old, at)
    if new != old:
        await transaction.execute(_WRITE, {**budget, "budget": encode(storable_struct(new))})
    await transaction.commit()
    return result


async def budgets(reader: Reader, names: Collection[BudgetName] | None) -> dict[BudgetName, Budget]:
    """See `Store.budgets`."""
    wanted = None if names is None else list(names)
    rows = await reader.rows(_BUDGETS, nobody=_NOBODY, names=wanted)
    found = {BudgetName(name): _decoded(encoded) for name, encoded in rows}
    return {name: budget for name, budget in found.items() if budget is not None}


def _decoded(encoded: bytes) -> Budget | None:
    """None for what is none, or says what no reader can show: of what anybody may write, that must stop nobody else."""
    try:
        budget = _decode(encoded)
    except msgspec.MsgspecError:
        return None
    return budget if budget == fitting(budget) else None
