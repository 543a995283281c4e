"""Reads from the store which jobs an answer speaks of, beyond those that are followed."""

from ganga.core.orders import Recall, Recalled
from ganga.model.ids import parent_of
from ganga.store.base import Store


async def recalled(order: Recall, store: Store) -> Recalled:
    """The jobs of these native ids; one look into the store where none is ours."""
    records = await store.ended(order.target, order.ids)
    parents = sorted({parent for record in records.values() if (parent := parent_of(record.id)) is not None})
    if not parents:
        return Recalled(order, records)
    families = await store.families(order.target, parents)
    return Recalled(order, records, tuple(await store.get(parents)), families)
