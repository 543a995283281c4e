"""How the PostgreSQL store finds the jobs of a query: by the index that leads to them, however many there are."""

from typing import Final

from ganga.model.ids import JobId
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query
from ganga.store.keys import WHOLE, key_of
from ganga.store.patterns import beginning, behind_all
from ganga.store.postgres import statements
from ganga.store.postgres.patterns import regular_expression
from ganga.store.statements import LIVE, SUBJOB
from ganga.store.statements import WHOLE as WHOLE_JOB
from ganga.store.storable import storable_text

#: A statement, and the values that come in for its names.
Question = tuple[str, dict[str, object]]

#: No job has a higher number.
LARGEST: Final = 2**63 - 1


def selection(query: Query, after: JobId | None, limit: int) -> Question:
    """What gives a page of the rows of jobs, in the order of `Store.select`."""
    number, index = (LARGEST, WHOLE) if after is None else key_of(after)
    place = {"job": number, "subjob": index, "limit": limit}
    if _is_of_whole_jobs(query) and (query.statuses or query.targets):
        named, values = _named(query)
        return statements.SELECT_OF_PAIRS.format(targets=_targets(query), named=named), {**values, **place}
    if _is_of_whole_jobs(query) and query.name is not None:
        named, values = _named(query)
        return statements.SELECT_NAMED.format(named=named), {**values, **place}
    conditions, values = _conditions(query)
    statement = statements.SELECT if after is None else statements.SELECT_BEHIND
    return statement.format(" AND ".join(conditions) or "TRUE"), {**values, **place}


def counting(query: Query) -> Question:
    """What gives the number of jobs of each status. Of whole jobs, ranges of the index are counted."""
    if _is_of_whole_jobs(query):
        named, values = _named(query)
        return statements.COUNT_OF_PAIRS.format(targets=_targets(query), named=named), values
    conditions, values = _conditions(query)
    if query.statuses and not query.statuses & FINAL:
        # It follows, and leads to the index of these.
        conditions.append(LIVE)
    return statements.COUNT.format(" AND ".join(conditions) or "TRUE"), values


def _is_of_whole_jobs(query: Query) -> bool:
    return query.parent is None and not query.subjobs


def _targets(query: Query) -> str:
    return statements.TARGETS_GIVEN if query.targets else statements.TARGETS


def _named(query: Query) -> Question:
    """The condition on the name, and all values of a query about whole jobs."""
    condition, values = ("TRUE", {}) if query.name is None else _fitting(query.name)
    statuses = sorted(status.value for status in query.statuses or JobStatus)
    return condition, {**values, "statuses": statuses, "targets": sorted(map(storable_text, query.targets))}


def _fitting(pattern: str) -> Question:
    """The condition on a name, and its values. What stands before the first wildcard is quicker to compare than the
    rest: few names are then left for that.
    """
    pattern = storable_text(pattern)
    begins = beginning(pattern)
    behind = behind_all(begins)
    conditions = ["name >= %(begins)s"] if begins else []
    conditions += [] if behind is None else ["name < %(behind)s"]
    values: dict[str, object] = {"begins": begins, "behind": behind, "pattern": regular_expression(pattern)}
    return " AND ".join([*conditions, "name ~ %(pattern)s"]), values


def _conditions(query: Query) -> tuple[list[str], dict[str, object]]:
    """Of any query, and the values in them."""
    conditions: list[str] = []
    values: dict[str, object] = {}
    if query.parent is not None:
        number, index = key_of(query.parent)
        conditions += ["job = %(parent)s", SUBJOB if index == WHOLE else "FALSE"]
        values["parent"] = number
    elif not query.subjobs:
        conditions.append(WHOLE_JOB)
    if query.statuses:
        conditions.append("status = ANY (%(statuses)s)")
        values["statuses"] = sorted(status.value for status in query.statuses)
    if query.targets:
        conditions.append("target = ANY (%(targets)s)")
        values["targets"] = sorted(map(storable_text, query.targets))
    if query.name is not None:
        condition, fitting = _fitting(query.name)
        conditions.append(condition)
        values |= fitting
    return conditions, values
