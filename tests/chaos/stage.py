"""Where a run takes place: a universe, a store, hosts with a monitor each, somebody who submits and one who reads."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.actors import ROOT, Actor
from tests.chaos.link import Link, open_link
from tests.chaos.monitor import DEFECT
from tests.chaos.plan import Kind
from tests.chaos.stores import Shop
from tests.faults.leftovers import end_all
from tests.live.clocks import LIBRARY, wrong_as_told

#: Seconds that a lease lasts.
LEASE: Final = 2.0

#: What each host is told: the same targets, each by its own line.
SETTINGS = """
default_target = "followed"

[monitor]
lease = {lease}

[store]
{store}

[targets.followed]
backend = "chaos"
port = {port}
feed = true

[targets.polled]
backend = "chaos"
port = {port}

[targets.local]
jobs_at_once = 6
linger = 5.0
"""

ENTRY_POINT = """
[ganga.backends]
chaos = tests.chaos.backend
"""


def clients(hosts: int) -> list[str]:
    """The names of all that use the store."""
    return [*(f"host-{host}" for host in range(hosts)), "reader", "submitter"]


@dataclass
class Stage:
    """All that a run consists of."""

    folder: Path
    shop: Shop
    seed: int
    defect: str | None
    #: Of the universe itself.
    port: int
    links: Sequence[Link]
    #: Where the clock of each host is set; none where clocks cannot be set.
    clocks: Sequence[Path]
    monitors: list[Actor] = field(default_factory=list)
    #: Which of them are dead or frozen just now.
    down: set[int] = field(default_factory=set)

    @property
    def home(self) -> Path:
        """The folder that all share."""
        return self.folder / "home"

    @property
    def kinds(self) -> frozenset[Kind]:
        """What can go wrong here."""
        always = {kind for kind in Kind if not kind.startswith(("store-", "restart-"))}
        never = {Kind.DISK, Kind.DISK_SLOW, Kind.FAILOVER} | (set() if self.clocks else {Kind.CLOCK})
        return frozenset(always - never) | self.shop.kinds

    def path(self, name: str) -> Path:
        """A file of the run's own."""
        return self.folder / name

    def set_clock(self, host: int, seconds: float) -> None:
        """Set the clock of a host wrong by so many seconds."""
        self.clocks[host].write_text(f"{seconds:+.0f}")

    def build(self, variables: Sequence[Mapping[str, str]]) -> None:
        """Make all actors; the variables are those of the clock of each host."""
        for host, clock in enumerate(variables):
            name = f"host-{host}"
            words = [str(self.path("notes.jsonl")), str(host), *([name] if self.shop.apart else [])]
            own = {**clock, DEFECT: self.defect or ""}
            self.monitors.append(self._actor(name, "tests.chaos.monitor", words, self.links[host].port, own))
        self.submitter = self._actor("submitter", "tests.chaos.submitter", [], self.port)
        self.submitter.words = lambda: [
            *("-m", "tests.chaos.submitter", str(self.path("deeds.jsonl")), str(self.path("trace"))),
            *(str(self.submitter.incarnations), str(self.seed)),
        ]
        self.reader = self._actor("reader", "tests.chaos.reader", [str(self.path("read.jsonl"))], self.port)

    @property
    def actors(self) -> list[Actor]:
        """All of them."""
        return [*self.monitors, self.reader, self.submitter]

    def _actor(
        self, name: str, module: str, words: Sequence[str], port: int, clock: Mapping[str, str] | None = None
    ) -> Actor:
        config = self.path(f"{name}.toml")
        config.write_text(SETTINGS.format(lease=LEASE, store=self.shop.section(name), port=port))
        environment = {
            "PYTHONPATH": f"{self.path('plugins')}:{ROOT}",
            "GANGA_HOME": str(self.home),
            "GANGA_CONFIG": str(config),
            **self.shop.environment,
            **(clock or {}),
        }
        return Actor(name, lambda: ["-m", module, *words], environment, self.folder)


@asynccontextmanager
async def set_stage(folder: Path, shop: Shop, *, seed: int, hosts: int, defect: str | None) -> AsyncIterator[Stage]:
    """Everything is there, and nobody has begun; all processes are gone when the block is left."""
    _install(folder / "plugins")
    async with AsyncExitStack() as stack:
        stack.callback(end_all, folder)
        port = _start_universe(folder, seed, stack)
        links = [await stack.enter_async_context(open_link(port)) for _ in range(hosts)]
        clocks = [folder / f"clock-{host}" for host in range(hosts if _has_clocks() else 0)]
        stage = Stage(folder, shop, seed, defect, port, links, clocks)
        for clock in range(len(clocks)):
            stage.set_clock(clock, 0.0)
        stage.build([stack.enter_context(wrong_as_told(file)) for file in clocks] or [{}] * hosts)
        for actor in stage.actors:
            stack.callback(actor.kill)
        yield stage


def _install(plugins: Path) -> None:
    """Have ganga find the back end as it finds that of any other package."""
    package = plugins / "ganga_chaos-1.dist-info"
    package.mkdir(parents=True)
    package.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: ganga-chaos\nVersion: 1\n")
    package.joinpath("entry_points.txt").write_text(ENTRY_POINT)


def _has_clocks() -> bool:
    return any(Path("/").glob(LIBRARY.removeprefix("/")))


def _start_universe(folder: Path, seed: int, stack: AsyncExitStack) -> int:
    """Its port. The universe itself does not fail: it is the truth."""
    command = [sys.executable, "-m", "tests.chaos.universe", str(folder / "universe.jsonl"), str(seed)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    stack.callback(process.stdout.close)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return int(process.stdout.readline())
