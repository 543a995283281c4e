"""How the server carries a statement out, as it tells of it."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ganga.store.rows import Row

#: Before a statement, which is then carried out.
EXPLAIN: Final = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"


class Node(msgspec.Struct, rename={"node": "Node Type", "rows": "Actual Rows", "loops": "Actual Loops"}):
    """A step of a plan, with what the server says of it."""

    node: str
    rows: float
    loops: float
    relation: str = msgspec.field(name="Relation Name", default="")
    removed: float = msgspec.field(name="Rows Removed by Filter", default=0)
    unfit: float = msgspec.field(name="Rows Removed by Index Recheck", default=0)
    steps: list["Node"] = msgspec.field(name="Plans", default_factory=list)

    @property
    def looked_at(self) -> float:
        """Rows of tables, in all."""
        own = (self.rows + self.removed + self.unfit) * self.loops if self.relation else 0
        return own + sum(step.looked_at for step in self.steps)

    @property
    def scanned(self) -> set[str]:
        """The tables of which each row was looked at."""
        return {step.relation for step in self.all() if step.node == "Seq Scan"}

    def all(self) -> Iterator["Node"]:
        """It and what it is made of."""
        yield self
        for step in self.steps:
            yield from step.all()


class _Explained(msgspec.Struct):
    """The plan of a statement, which was carried out."""

    plan: Node = msgspec.field(name="Plan")


def plan_of(rows: Sequence[Row]) -> Node:
    """The plan in the answer."""
    [(plans,)] = rows
    [explained] = msgspec.convert(plans, list[_Explained])
    return explained.plan
