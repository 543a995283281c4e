"""SQLite uses a partial index only where the query repeats its condition word for word."""

import pytest

from ganga.store import statements
from ganga.store.sqlite import SqliteStore

KEY = {"target": "here", "job": 0, "subjob": -1, "limit": 2000}


@pytest.mark.parametrize(
    ("statement", "values", "indexes"),
    [
        (statements.LIVE_PAGE, KEY, {"live_jobs", "wanted_subjobs"}),
        (statements.LIVE_PARENTS, {"target": "here"}, {"live_parents", "wanted_subjobs"}),
        (statements.HANDED_OVER, ("here",), {"live_jobs"}),
        (statements.SELECT.format(statements.WHOLE), (1,), {"whole_jobs"}),
        (statements.ENDED_JOB, ("here", "4711"), {"ended_jobs"}),
        (statements.EVENTS_OF_FAMILY, (1, 0, 10), {"events_of_jobs"}),
    ],
)
async def test_the_indexes_are_used(
    sqlite: SqliteStore, statement: str, values: tuple[object, ...] | dict[str, object], indexes: set[str]
) -> None:
    plan = await sqlite._reader.run(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    )
    steps = [step[-1] for step in plan]
    assert {step.split("INDEX ")[1].split()[0] for step in steps if "INDEX " in step} == indexes
    assert not any("ORDER BY" in step for step in steps)
