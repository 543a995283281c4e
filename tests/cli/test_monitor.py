"""``ganga monitor`` as a service: what systemd and Prometheus hear of a real process."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.model.job import JobSpec
from ganga.store.base import NewJob
from ganga.store.portion import Passage, Step
from ganga.store.postgres.rights import admit, trust, trusted
from ganga.store.postgres.store import open_postgres
from tests.cli.conftest import Ganga
from tests.live.postgres_server.server import PostgresServer
from tests.telemetry.test_observing import free_port


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(100.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        yield listener


def heard(manager: socket.socket, awaited: str) -> list[str]:
    """All that is said up to this."""
    said = [manager.recv(4096).decode()]
    while said[-1] != awaited:
        said.append(manager.recv(4096).decode())
    return said


def scrape(port: int) -> Callable[[str], list[float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=100) as reply:
        families = list(text_string_to_metric_families(reply.read().decode()))
    return lambda name: [one.value for family in families for one in family.samples if one.name == name]


def test_a_service_from_its_start_to_its_end(manager: socket.socket) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ganga", "monitor", "--metrics", str(port), "--log-format", "json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = heard(manager, "STATUS=looks after 1 of 1 target: local")
    assert {"READY=1", "WATCHDOG=1"} <= set(said)
    values = scrape(port)
    assert values("ganga_lease_held") == [1]
    assert values("ganga_info") == [1]
    assert values("process_resident_memory_bytes")
    process.send_signal(signal.SIGTERM)
    heard(manager, "STOPPING=1")
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (0, b"")


@pytest.fixture
def robot(postgres_server: PostgresServer, database: str, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Settings of a service that ada trusts, with these targets; returns what writes them."""
    ada, robot = f"ada_{token_hex(4)}", f"robot_{token_hex(4)}"

    async def made() -> None:
        for role in (ada, robot):
            postgres_server.new_role(role, token_hex())
            await admit(postgres_server.url(database), role)
        await trust(postgres_server.url(database, ada), robot)

    asyncio.run(made())
    (tmp_path / "homes" / ada).mkdir(parents=True)

    def settings(targets: str) -> str:
        (tmp_path / "ganga.toml").write_text(
            f"[store]\nurl = '{postgres_server.url(database, robot)}'\n[monitor]\nlease = 2\n"
            f"[service]\nhome = '{tmp_path}/homes/{{owner}}'\n{targets}"
        )
        return ada

    yield settings
    postgres_server.drop_database(database)
    for role in (ada, robot):
        postgres_server.drop_role(role)


CLUSTER = "[targets.cluster]\nbackend = 'slurm'\nhost = '{owner}@127.0.0.1:1'\n"


def test_a_service_for_all_from_its_start_to_its_end(
    manager: socket.socket, robot: Callable[[str], str], cli: Ganga
) -> None:
    port = free_port()
    ada = robot(CLUSTER)
    nobody = cli("monitor", "--for-all", "--status", "--json")
    assert [(line["owner"], line["target"], line["pid"]) for line in nobody.objects] == [(ada, "cluster", None)]
    command = [sys.executable, "-m", "ganga", "monitor", "--for-all", "--json", "--metrics", str(port)]
    process = subprocess.Popen([*command, "--log-format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = heard(manager, "STATUS=looks after 1 target of 1 owner")
    assert "READY=1" in said
    assert scrape(port)("ganga_lease_held") == [1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=100) as reply:
        assert ada not in reply.read().decode()
    [line] = cli("monitor", "--for-all", "--status", "--json").objects
    assert (line["owner"], line["target"], line["pid"]) == (ada, "cluster", process.pid)
    assert ada in cli("monitor", "--for-all", "--status").out
    process.send_signal(signal.SIGTERM)
    heard(manager, "STOPPING=1")
    out, errors = process.communicate(timeout=100)
    assert process.returncode == 0
    news = [json.loads(line) for line in out.splitlines()]
    assert [one["what"] for one in news] == ["monitor started", "took over", "monitor stopped"]
    assert (news[1]["owner"], news[1]["target"]) == (ada, "cluster")
    assert [json.loads(line)["level"] for line in errors.splitlines()] == ["info"]


def test_jobs_that_nobody_looks_after_are_a_failure(
    robot: Callable[[str], str], cli: Ganga, postgres_server: PostgresServer, database: str
) -> None:
    ada = robot(CLUSTER)
    assert cli("monitor", "--for-all", "--status").code == 0

    async def submitted() -> None:
        async with open_postgres(postgres_server.url(database, ada)) as store:
            await store.create(NewJob(JobSpec(command=("true",)), TargetName("cluster")), Utc(1_800_000_000.0))

    asyncio.run(submitted())
    found = cli("monitor", "--for-all", "--status")
    assert found.code == 1
    assert f"{ada} cluster: nobody looks after 1 job" in found.out


def test_an_owner_whose_store_has_gone_hides_nobody_else(
    robot: Callable[[str], str], cli: Ganga, postgres_server: PostgresServer, database: str
) -> None:
    ada, eve = robot(CLUSTER), f"eve_{token_hex(4)}"

    async def moved_away() -> None:
        postgres_server.new_role(eve, token_hex())
        await admit(postgres_server.url(database), eve)
        [service] = await trusted(postgres_server.url(database, ada))
        await trust(postgres_server.url(database, eve), service)
        leaving = Passage(step=Step.LEAVING, place="elsewhere", mark="m")
        async with open_postgres(postgres_server.url(database, eve)) as store:
            await store.pass_over(leaving)
            await store.pass_over(replace(leaving, step=Step.LEFT))

    asyncio.run(moved_away())
    found = cli("monitor", "--for-all", "--status", "--json")
    assert (found.code, [line["owner"] for line in found.objects]) == (1, [ada])
    assert f"{eve}: who looks after these targets cannot be known: the store" in found.err
    postgres_server.drop_database(database)
    postgres_server.drop_role(eve)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("", "there is no target that can be looked after for others"),
        ("[targets.cluster]\nbackend = 'slurm'\nhost = 'cluster'\n", "there is no target"),
        ("[targets.cluster]\nbackend = 'slurm'\nhost = '{user}@cluster'\n", "targets.cluster.host has '{user}'"),
        ("[targets.cluster]\nbackend = 'slurm'\nhost = '{owner}@cluster'\nqueu = 'x'\n", "did you mean 'queue'?"),
    ],
)
def test_a_service_for_all_that_could_do_nothing_ends_with_a_reason(
    robot: Callable[[str], str], cli: Ganga, targets: str, words: str
) -> None:
    robot(targets)
    ended = cli("monitor", "--for-all")
    assert ended.code == 2
    assert words in ended.err


@pytest.mark.parametrize("status", [(), ("--status",)])
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("", "store.url is missing"),
        ("[store]\nurl = 'postgresql://h/d'\n", "service.home is missing"),
        ("[store]\nurl = 'postgresql://h/d'\nowner = 'ada'\n[service]\nhome = '/srv/{owner}'\n", "store.owner"),
    ],
)
def test_a_service_for_all_needs_its_settings(
    cli: Ganga, tmp_path: Path, settings: str, words: str, status: tuple[str, ...]
) -> None:
    (tmp_path / "ganga.toml").write_text(settings)
    ended = cli("monitor", "--for-all", *status)
    assert ended.code == 2
    assert words in ended.err
