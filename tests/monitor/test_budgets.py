"""Three monitors on one store share what a service allows, which says no more than 429 above a rate of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from ganga.backends.arc.backend import ArcBackend
from ganga.backends.arc.settings import Settings
from ganga.backends.base import Finding, Receipts, Retrieval, Retrieved, Submission
from ganga.backends.web.proxy import Proxy
from ganga.errors import BackendUnavailable, Overloaded
from ganga.model.clock import Utc
from ganga.model.ids import BudgetName, JobId, NativeId, Tag, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Answer
from ganga.model.policy import Allowance
from ganga.model.status import JobStatus
from ganga.monitor.purse import LASTING
from ganga.monitor.service import Service
from ganga.store.base import BudgetChange, NewJob, ResultT
from ganga.store.memory import MemoryStore
from ganga.testing.world import Script
from tests.backends.arc.element import Scripted, asked
from tests.monitor.doubles import BRISK, Odd, Site, clock, now, scripted, target, that, virtual

LXPLUS = BudgetName("lxplus")
SHARED = Allowance(budget=LXPLUS, strict=True)
NAMES = ("one", "two", "three")
MINUTE = 60.0


@dataclass
class Gate:
    """The service behind all of them: so many calls in a second are served, and five at once."""

    limit: float
    #: The calls: when, of which target, which, and whether it was served.
    calls: list[tuple[float, str, str, bool]] = field(default_factory=list)
    #: What it asks for with its next refusal, which does not wait for the limit.
    retry_after: float | None = None
    _tokens: float = 5.0
    _at: float = 0.0

    def pass_through(self, name: str, verb: str) -> None:
        self._tokens = min(5.0, self._tokens + self.limit * (now() - self._at))
        self._at = now()
        served = self._tokens >= 1.0 and self.retry_after is None
        self.calls.append((now(), name, verb, served))
        if not served:
            wait, self.retry_after = self.retry_after, None
            raise Overloaded("not ready (429)", retry_after=wait)
        self._tokens -= 1.0

    def served(self, since: float) -> Counter[str]:
        """How many calls of each target were served since then."""
        return Counter(name for at, name, _, served in self.calls if at >= since and served)

    def refused(self, since: float) -> int:
        return sum(at >= since and not served for at, _, _, served in self.calls)

    def has_killed(self, times: int) -> bool:
        return len(self.times("kill")) >= times

    def times(self, verb: str) -> list[float]:
        return [at for at, _, called, _ in self.calls if called == verb]


class Guarded(Odd):
    """A back end whose every call passes the gate."""

    def __init__(self, name: str, gate: Gate) -> None:
        super().__init__()
        self.sane = scripted(Script(running=1e6))
        self._name, self._gate = name, gate

    async def submit(self, batch: Sequence[Submission], /) -> Receipts:
        self._gate.pass_through(self._name, "submit")
        return await super().submit(batch)

    async def find(self, tags: Collection[Tag], /) -> Finding:
        self._gate.pass_through(self._name, "find")
        return await super().find(tags)

    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        self._gate.pass_through(self._name, "poll")
        return await super().poll(ids)

    async def kill(self, ids: Collection[NativeId], /) -> None:
        self._gate.pass_through(self._name, "kill")
        await super().kill(ids)

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        self._gate.pass_through(self._name, "fetch")
        return await super().fetch(retrievals)


class Telling(MemoryStore):
    """Says when a budget was changed."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    async def change_budget(self, name: BudgetName, change: BudgetChange[ResultT]) -> ResultT:
        result = await super().change_budget(name, change)
        self.changed.set()
        return result


@asynccontextmanager
async def monitors(
    folder: Path, gate: Gate, allowance: Allowance, names: Sequence[str] = NAMES
) -> AsyncIterator[tuple[Site, list[JobId]]]:
    """A process for each target, all on one store; each target has one job, which runs."""
    store = MemoryStore()
    policy = replace(BRISK, allowance=allowance)
    sites = [Site(folder, target(name, Guarded(name, gate), policy), store=store) for name in names]
    async with AsyncExitStack() as stack:
        for site in sites:
            await stack.enter_async_context(site.service())
        jobs = [await sites[0].create(name) for name in names]
        for job in jobs:
            await sites[0].until(job, JobStatus.RUNNING, within=600.0)
        yield sites[0], jobs


@virtual
async def test_monitors_settle_just_below_the_limit_and_share_it_and_follow_it_when_it_rises(tmp_path: Path) -> None:
    gate = Gate(limit=30 / MINUTE)
    async with monitors(tmp_path, gate, SHARED):
        await asyncio.sleep(30 * MINUTE)
        settled = now()
        await asyncio.sleep(60 * MINUTE)
        served, refused = gate.served(settled), gate.refused(settled)
        assert 20 < served.total() / 60 <= 30.1
        assert refused < 0.05 * served.total()
        for name in NAMES:
            assert 0.8 < served[name] / (served.total() / 3) < 1.2
        gate.limit = 1000 / MINUTE
        await asyncio.sleep(30 * MINUTE)
        settled = now()
        await asyncio.sleep(10 * MINUTE)
        # All that they want: a question every other second each.
        assert gate.served(settled).total() / 10 > 85
        assert gate.refused(settled) == 0


@virtual
async def test_who_is_never_refused_draws_on_no_budget(tmp_path: Path) -> None:
    gate = Gate(limit=1e9)
    async with monitors(tmp_path, gate, Allowance()) as (site, _):
        await asyncio.sleep(10 * MINUTE)
        assert await site.store.budgets() == {}
        assert gate.served(now() - MINUTE).total() > 85


@virtual
async def test_a_budget_of_ones_own_holds_after_a_refusal_and_no_longer_than_needed(tmp_path: Path) -> None:
    gate = Gate(limit=1e9)
    allowance = Allowance(ceiling=1.0)
    async with monitors(tmp_path, gate, allowance, ["one", "two"]) as (site, _):
        await asyncio.sleep(5 * MINUTE)
        gate.retry_after = 1.0
        await that(lambda: gate.retry_after is None)
        [(name, budget)] = (await site.store.budgets()).items()
        refused = next(who for _, who, _, served in gate.calls if not served)
        assert name == f"target {refused}", "the other target has nothing to do with it"
        assert 0.7 * 0.35 < budget.rate < 0.7 * 0.6, "a part of what was used, not of the ceiling"
        assert budget.reason == "not ready (429)"
        assert budget.cut_at is not None
        await asyncio.sleep(30 * MINUTE)
        assert (await site.store.budgets())[name].rate == allowance.ceiling
        before = await site.store.budgets()
        await asyncio.sleep(MINUTE)
        assert await site.store.budgets() == before, "what is whole again costs no write"


@virtual
async def test_all_leave_a_service_alone_that_asks_one_of_them_for_it(tmp_path: Path) -> None:
    gate = Gate(limit=1e9)
    async with monitors(tmp_path, gate, SHARED):
        await asyncio.sleep(5 * MINUTE)
        gate.retry_after = 120.0
        await that(lambda: gate.retry_after is None)
        asked = now()
        await asyncio.sleep(5 * MINUTE)
        later = [at - asked for at, _, _, _ in gate.calls if at > asked + LASTING]
        assert min(later) > 119.0, "portions that were out were used up before"


@virtual
async def test_a_kill_goes_through_at_once_where_polls_have_to_wait(tmp_path: Path) -> None:
    gate = Gate(limit=1e9)
    allowance = replace(SHARED, ceiling=6 / MINUTE, floor=6 / MINUTE, burst=4.0)
    async with monitors(tmp_path, gate, allowance) as (site, jobs):
        await asyncio.sleep(5 * MINUTE)
        before = len(gate.times("poll"))
        for number, job in enumerate(jobs[:2], 1):
            asked = now()
            await site.store.request_kill([job], "ada", clock().utc)
            await that(partial(gate.has_killed, number))
            assert gate.times("kill")[-1] - asked < 1.0
        await asyncio.sleep(10 * MINUTE)
        polls = len(gate.times("poll")) - before
        assert 40 < polls <= 65, "and the polls go on, at the rate of the budget"
        assert gate.refused(0.0) == 0


@virtual
async def test_a_target_that_has_to_wait_keeps_no_other_waiting(tmp_path: Path) -> None:
    gate = Gate(limit=1e9, retry_after=3000.0)
    well = target("well", scripted(Script(running=5.0)))
    site = Site(tmp_path, target("shut", Guarded("shut", gate), replace(BRISK, allowance=SHARED)), well)
    async with site.service() as service:
        shut, job = await site.create("shut"), await site.create("well")
        await site.until(job, within=20.0)
        assert (await site.get(shut)).status is JobStatus.SUBMITTING
        assert service.leading == {"shut", "well"}
        # What waits for the budget is let go of at once, and goes out when it may.
        left = now()
    assert now() - left < 1.0
    async with site.service():
        await site.until(shut, JobStatus.RUNNING, within=3600.0)
    assert gate.refused(0.0) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_computing_element_that_has_too_much_to_do_is_left_alone_as_it_asks(
    status: int, tmp_path: Path
) -> None:
    """Over HTTP, in real time, with a back end as it is."""
    element = Scripted()
    element.answers["POST /1.0/jobs?action"] = web.Response(status=status, headers={"Retry-After": "3000"})
    async with asked(element) as service, asyncio.timeout(60.0):
        backend = ArcBackend(service, Proxy(tmp_path / "none", None), Settings(), tmp_path)
        store = Telling()
        site = Site(tmp_path, target("arc", backend), store=store)
        monitors = Service(site.store, site.workspace, site.targets)
        async with monitors:
            await site.store.create(NewJob(JobSpec(command=("true",)), TargetName("arc")), Utc(1.8e9))
            await store.changed.wait()
            [budget] = (await store.budgets()).values()
            begun = len(element.asked)
            with pytest.raises(BackendUnavailable, match="arc is not to be asked now"):
                async with monitors.purses[TargetName("arc")].call(0.1, urgent=True):
                    raise AssertionError
            assert len(element.asked) == begun
    assert f"is not ready ({status}) and asks to wait 3000 s" in str(budget.reason)
    assert 2900 < budget.rest <= 3000
