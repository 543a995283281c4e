"""No list, count or sheet that a user asks for looks at all of a million jobs or events: an index leads to them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from ganga.model.ids import JobId, NativeId, Seq, TargetName
from ganga.model.status import FINAL, JobStatus
from ganga.store.base import Query
from ganga.store.postgres import keeping
from ganga.store.postgres.address import read_address
from ganga.store.postgres.reading import Reader
from ganga.store.rows import Row
from tests.store.postgres.filling import FAILED, JOBS, LARGE, NEWCOMER, PARENT, RARE_TARGET, SUBJOBS
from tests.store.postgres.plans import EXPLAIN, Node, plan_of

HERE, RARE = frozenset({TargetName("here")}), frozenset({TargetName(RARE_TARGET)})
FEW = frozenset({JobStatus.FAILED, JobStatus.LOST})
FAMILY, SUBJOB = JobId(str(PARENT)), JobId(f"{PARENT}.1")
LATER: Final = JobId(str(JOBS))
PAGE: Final = 50

Question = Callable[[Reader], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Explaining(Reader):
    """Notes the plan of each statement."""

    plans: list[Node] = field(default_factory=list)

    async def rows(self, statement: str, **values: object) -> list[Row]:
        text = f"{EXPLAIN} {statement}"
        cursor = await self.connection.execute(text.encode(), {"owner": self.owner, **values})
        self.plans.append(plan_of(await cursor.fetchall()))
        return await super(Explaining, self).rows(statement, **values)


#: With how many rows of tables each may look at.
QUESTIONS: Final[dict[str, tuple[int, Question]]] = {
    "list": (60, lambda reader: reader.select(Query(), None, PAGE)),
    "list --after": (60, lambda reader: reader.select(Query(), LATER, PAGE)),
    "list --subjobs": (60, lambda reader: reader.select(Query(subjobs=True), SUBJOB, PAGE)),
    "list --status": (80, lambda reader: reader.select(Query(statuses=FEW), None, PAGE)),
    "list --status --after": (80, lambda reader: reader.select(Query(statuses=FEW), LATER, PAGE)),
    "list --status, of many": (
        200,
        lambda reader: reader.select(Query(statuses=frozenset({JobStatus.COMPLETED})), None, PAGE),
    ),
    "list --target": (200, lambda reader: reader.select(Query(targets=RARE), LATER, PAGE)),
    "list --target --status": (80, lambda reader: reader.select(Query(statuses=FEW, targets=RARE), None, PAGE)),
    "list --targets --status": (
        80,
        lambda reader: reader.select(Query(statuses=FEW, targets=RARE | HERE), LATER, PAGE),
    ),
    "list --name --status": (80, lambda reader: reader.select(Query(name="fit-1*", statuses=FEW), None, PAGE)),
    "list --name": (JOBS + 60, lambda reader: reader.select(Query(name="fit-1234*"), LATER, PAGE)),
    "list --parent": (60, lambda reader: reader.select(Query(parent=FAMILY, subjobs=True), SUBJOB, PAGE)),
    "list --status, in all": (40, lambda reader: reader.count(Query(statuses=FEW))),
    "list --target, in all": (JOBS // 1000 + 10, lambda reader: reader.count(Query(targets=RARE))),
    "list --parent --status, in all": (
        SUBJOBS + 10,
        lambda reader: reader.count(Query(parent=FAMILY, statuses=FEW, subjobs=True)),
    ),
    "list, the column of subjobs": (SUBJOBS + 10, lambda reader: reader.families(TargetName("here"), [FAMILY])),
    "targets": (
        100,
        lambda reader: reader.count(Query(statuses=frozenset(JobStatus) - FINAL, targets=HERE, subjobs=True)),
    ),
    "show": (10, lambda reader: reader.get([FAMILY, SUBJOB])),
    "show, what to run": (10, lambda reader: reader.specifications([FAMILY, SUBJOB])),
    "show, events": (10, lambda reader: reader.events(Seq(0), PAGE, FAMILY)),
    "show, events of a subjob": (10, lambda reader: reader.events(Seq(0), PAGE, SUBJOB)),
    "events": (60, lambda reader: reader.events(Seq(JOBS // 2), PAGE, None)),
    "events, the last": (10, Reader.last_seq),
    "monitor, live jobs": (200, lambda reader: reader.live(TargetName("here"), None, PAGE)),
    "monitor, live jobs behind": (200, lambda reader: reader.live(TargetName("here"), LATER, PAGE)),
    "monitor, handed over": (100, lambda reader: reader.handed_over(TargetName("here"))),
    "monitor, live families": (100, lambda reader: reader.families(TargetName("here"), None)),
    "monitor, concerned": (60, lambda reader: reader.concerned(FAMILY, SUBJOB, PAGE)),
    "monitor, ended": (10, lambda reader: reader.ended(TargetName("here"), [NativeId("native-3")])),
    "target states": (10, Reader.target_states),
    "lease": (10, lambda reader: reader.holder(TargetName("here"))),
    "store check": (300, lambda reader: keeping.dump(reader, SUBJOB, PAGE)),
}


@pytest.fixture
async def reader(large: str) -> AsyncIterator[Explaining]:
    conninfo = make_conninfo("", **read_address(large).named("tests", 5.0))
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        yield Explaining(connection, connection.info.user)


@pytest.mark.parametrize("owner", ["", NEWCOMER])
@pytest.mark.parametrize("name", QUESTIONS)
async def test_each_question_looks_at_few_rows(name: str, owner: str, reader: Explaining) -> None:
    most, question = QUESTIONS[name]
    reader = replace(reader, owner=owner or reader.owner)
    for mode in ("force_custom_plan", "force_generic_plan"):
        await reader.connection.execute(f"SET plan_cache_mode = {mode}".encode())
        await question(reader)
    assert reader.plans
    for plan in reader.plans:
        assert plan.looked_at <= most
        assert not plan.scanned & LARGE


async def test_names_are_looked_at_in_an_index(reader: Explaining) -> None:
    found = await reader.select(Query(name="fit-1234?"), None, PAGE)
    assert [record.name for record in found] == [f"fit-{number}" for number in range(12349, 12339, -1)]
    [plan] = reader.plans
    assert [step.node for step in plan.all() if step.relation == "jobs" and step.removed] == ["Index Only Scan"]


async def test_all_whole_jobs_are_counted_in_an_index(reader: Explaining) -> None:
    counted = await reader.count(Query())
    assert counted[JobStatus.FAILED] == FAILED
    assert sum(counted.values()) == JOBS
    [plan] = reader.plans
    assert {step.node for step in plan.all() if step.relation == "jobs"} == {"Index Only Scan"}
