"""The tickets of a real realm, on which the jobs of a real Slurm depend."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path, PurePosixPath

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.batch.kerberos import watch
from ganga.backends.batch.kerberos.dependence import Dependence
from ganga.backends.batch.kerberos.reading import read_tickets
from ganga.backends.batch.opening import open_shell
from ganga.backends.batch.reach import Reach
from ganga.backends.batch.shell import Command
from ganga.client import Client
from ganga.model.clock import Utc, rfc3339
from ganga.model.event import EventKind
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from tests.backends.batch.ssh.server import ALIAS, Sshd, sshd
from tests.backends.batch.ssh.server import check as check_sshd
from tests.live.batch.test_campaign import PATIENCE, until
from tests.live.kerberos_server import install as kerberos
from tests.live.kerberos_server.realm import REALM, Realm
from tests.live.kerberos_server.realm import running as kerberos_running
from tests.live.needs import needs
from tests.live.slurm_server import install as slurm
from tests.live.slurm_server.cluster import running as slurm_running
from tests.live.slurm_server.configuration import Wishes
from tests.live.system_packages import NotInstalled

OWNER = "ada@EXAMPLE.ORG"
TARGET = TargetName("batch")
HOUR = 3600.0


@pytest.fixture
def realm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    needs(kerberos.check, NotInstalled)
    with kerberos_running() as realm:
        for name, value in {**realm.environment, "KRB5CCNAME": f"FILE:{realm.cache}"}.items():
            monkeypatch.setenv(name, value)
        yield realm


@pytest.fixture
async def client(realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """Tickets are looked at more often than once a minute."""
    needs(slurm.check, NotInstalled)
    monkeypatch.setattr(watch, "EVERY", 0.1)
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in ("slurm", "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        f'[targets.{TARGET}]\nbackend = "slurm"\nkerberos = "yes"\nwork_folder = "{tmp_path / "work"}"\n'
        f"[targets.{TARGET}.pace]\nfastest = 0.2\nslowest = 0.5\n"
    )
    realm.log_in("-l", "10m", "-r", "1d")
    with slurm_running(Wishes(accounting=False)) as cluster:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        async with ganga.open(tmp_path / "home", config=config) as client:
            yield client


def end_by_klist(realm: Realm) -> Utc:
    """In the time zone of this machine, as it tells everybody."""
    found = re.search(rf"^\S+ \S+  (\S+ \S+)  krbtgt/{REALM}@{REALM}$", realm.run("klist"), re.MULTILINE)
    assert found is not None
    return Utc(datetime.strptime(found[1], "%m/%d/%y %H:%M:%S").astimezone(UTC).timestamp())


async def until_renewed(client: Client) -> TargetState:
    """How the target fares with the other tickets; it may see none for a moment while they are being written."""
    async with asyncio.timeout(PATIENCE):
        while True:
            state = (await client.target_states())[TARGET]
            ends_at = None if state.identity is None else state.identity.expires_at
            if ends_at is not None and ends_at > time.time() + HOUR:
                return state
            await asyncio.sleep(0.1)


async def test_tickets_are_shown_and_warned_of_until_they_are_renewed(client: Client, realm: Realm) -> None:
    await client.submit(["sleep", "3600"], target=TARGET)
    warned = await until(client, EventKind.CREDENTIALS_EXPIRING)
    ends_at = end_by_klist(realm)
    identity = (await client.target_states())[TARGET].identity
    assert identity is not None
    assert (identity.name, identity.expires_at) == (OWNER, ends_at)
    assert warned.at < ends_at
    assert warned.reason is not None
    assert warned.reason.startswith(
        f"the credentials of {OWNER} end at {rfc3339(ends_at)}: renew them: kinit -R (until "
    )
    realm.log_in("-l", "2h")
    state = await until_renewed(client)
    assert state.identity is not None
    assert (state.identity.name, state.identity.expires_at) == (OWNER, end_by_klist(realm))
    assert not state.expiry_told
    told = [event.kind async for event in client.events(after=0, follow=False)]
    assert told.count(EventKind.CREDENTIALS_EXPIRING) == 1


def test_klist_tells_the_same_as_the_file(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    realm.log_in("-l", "10m", "-r", "1d")
    by_file = read_tickets(os.environ, Utc(time.time()))
    # The place that its settings name is not the usual one, and nobody has this number.
    monkeypatch.delenv("KRB5CCNAME")
    monkeypatch.setattr(os, "getuid", lambda: 4294967)
    assert read_tickets(os.environ, Utc(time.time())) == by_file
    assert (by_file.principal, by_file.ends_at) == (OWNER, end_by_klist(realm))
    assert by_file.renewable_until is not None


@pytest.fixture
def server(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """One that lets people in by tickets, and by nothing else that these settings name."""
    pytest.importorskip("gssapi", reason="tickets over SSH take `pip install gssapi`, which takes a C compiler")
    needs(check_sshd, NotInstalled)
    monkeypatch.setenv("KRB5_KTNAME", str(realm.add_host("localhost")))
    with sshd() as server:
        known = server.folder / "known_hosts"
        known.write_text(known.read_text().replace("127.0.0.1", "localhost"))
        server.write_settings(HostName="localhost", GSSAPIAuthentication="yes", IdentityFile="none")
        server.start("GSSAPIAuthentication yes", "GSSAPIStrictAcceptorCheck no")
        yield server


async def test_tickets_matter_on_a_host_that_lets_us_in_by_them(server: Sshd, realm: Realm) -> None:
    realm.log_in("-l", "10m")
    async with open_shell(Reach(host=ALIAS, ssh_config=str(server.folder / "config")), PATIENCE) as shell:
        dependence = Dependence("auto", shell, PurePosixPath("/work"))
        assert await asyncio.to_thread(dependence.identity) is None
        assert (await shell.run(Command(("echo", "hello")))).stdout == b"hello\n"
        identity = await asyncio.to_thread(dependence.identity)
    assert identity == Identity(name=OWNER, expires_at=end_by_klist(realm), renew_by="kinit")
