"""How the SQLite store finds the jobs of a query: by the index that leads to them, however many others there are."""

from collections import Counter
from collections.abc import Iterator
from heapq import merge
from itertools import islice, product
from sqlite3 import Connection

from ganga.model.ids import JobId
from ganga.model.status import FINAL, JobStatus
from ganga.store import statements
from ganga.store.base import Query
from ganga.store.keys import WHOLE, Key, key_of
from ganga.store.patterns import beginning, behind_all
from ganga.store.rows import Row
from ganga.store.storable import storable_text

_Choice = tuple[list[str], list[object]]


def is_narrow(query: Query) -> bool:
    """Whether the query is about whole jobs by their status, target or name: then `chosen_numbers` finds them."""
    return _is_of_whole_jobs(query) and (bool(query.statuses or query.targets) or query.name is not None)


def choose(
    connection: Connection, query: Query, after: JobId | None, limit: int, statement: str = statements.SELECT
) -> list[Row]:
    """A page of the rows of jobs, in the order of `Store.select`. What is left of the job that the last page ended in
    comes first: SQLite seeks to each of the two.
    """
    conditions, values = _conditions(connection, query)
    rows: list[Row] = []
    for place, key in _behind(after):
        text = statement.format(" AND ".join([*conditions, *place]) or "TRUE")
        rows += connection.execute(text, (*values, *key, limit - len(rows)))
    return rows


def chosen_numbers(connection: Connection, query: Query, after: JobId | None, limit: int) -> list[int]:
    """A page of the numbers of whole jobs, newest first. Those of each target and status stand in that order in the
    index, and are merged.
    """
    streams = [_numbers(connection, choice, after, limit) for choice in _choices(connection, query)]
    return list(islice(merge(*streams, reverse=True), limit))


def counts(connection: Connection, query: Query) -> Counter[str]:
    """How many jobs there are of each status, by its word. Of whole jobs, ranges of the index are counted."""
    found: Counter[str] = Counter()
    for conditions, values in _counted(connection, query):
        statement = statements.COUNT.format(" AND ".join(conditions) or "TRUE")
        found.update(dict(connection.execute(statement, values)))
    return found


def _counted(connection: Connection, query: Query) -> Iterator[_Choice]:
    if _is_of_whole_jobs(query):
        yield from _pairs(connection, query)
        return
    conditions, values = _conditions(connection, query)
    if query.statuses and not query.statuses & FINAL:
        # It follows, and leads to the index of these.
        conditions.append(statements.LIVE)
    yield conditions, values


def _is_of_whole_jobs(query: Query) -> bool:
    return query.parent is None and not query.subjobs


def _conditions(connection: Connection, query: Query) -> _Choice:
    """The conditions of a query, with a value for each question mark in them."""
    conditions: list[str] = []
    values: list[object] = []
    if query.parent is not None:
        number, index = key_of(query.parent)
        conditions += ["job = ?", statements.SUBJOB if index == WHOLE else "FALSE"]
        values.append(number)
    elif not query.subjobs:
        conditions.append(statements.WHOLE)
    conditions += _kept(connection)
    for column, chosen in (("target", query.targets), ("status", query.statuses)):
        if chosen:
            conditions.append(f"{column} IN ({', '.join('?' for _ in chosen)})")
            values += [storable_text(str(word)) for word in chosen]
    named, texts = _named(query.name)
    return conditions + named, values + texts


def _choices(connection: Connection, query: Query) -> Iterator[_Choice]:
    """Conditions under each of which an index has the whole jobs in order."""
    if query.statuses or query.targets:
        yield from _pairs(connection, query)
    else:
        named, texts = _named(query.name)
        yield [statements.WHOLE, *_kept(connection), *named], texts


def _pairs(connection: Connection, query: Query) -> Iterator[_Choice]:
    """Conditions for the whole jobs of each target and status."""
    named, texts = _named(query.name)
    common = [statements.WHOLE, *_kept(connection), *named]
    targets = {storable_text(target) for target in query.targets} or _targets(connection)
    for target, status in product(targets, query.statuses or JobStatus):
        yield ["target = ?", "status = ?", *common], [target, status.value, *texts]


def _kept(connection: Connection) -> list[str]:
    """Seldom is anything just being forgotten; a look at each of a million rows would cost more than the rows."""
    return [] if connection.execute(statements.DOOMED).fetchone() is None else [statements.KEPT]


def _targets(connection: Connection) -> set[str]:
    return {target for (target,) in connection.execute(statements.TARGETS)}


def _numbers(connection: Connection, choice: _Choice, after: JobId | None, limit: int) -> Iterator[int]:
    """As many as are asked for are looked for, no more."""
    conditions, values = choice
    place = ([], []) if after is None else (["job < ?"], [key_of(after)[0]])
    statement = statements.NUMBERS.format(" AND ".join([*conditions, *place[0]]))
    return (number for (number,) in connection.execute(statement, (*values, *place[1], limit)))


def _named(pattern: str | None) -> _Choice:
    """The text before the first wildcard is compared by SQLite itself: few names are then left to be looked at here."""
    if pattern is None:
        return [], []
    pattern = storable_text(pattern)
    conditions, values = ["fits(name, ?)"], [pattern]
    begins = beginning(pattern)
    if begins:
        conditions.insert(0, "name >= ?")
        values.insert(0, begins)
    behind = behind_all(begins)
    if behind is not None:
        conditions.insert(0, "name < ?")
        values.insert(0, behind)
    return conditions, list(values)


def _behind(after: JobId | None) -> list[tuple[list[str], tuple[int, ...]]]:
    if after is None:
        return [([], ())]
    key: Key = key_of(after)
    return [(["job = ?", "subjob > ?"], key), (["job < ?"], key[:1])]
