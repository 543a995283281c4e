"""One connection for all, and what happens to connections."""

import asyncio
import os
import signal
from pathlib import Path, PurePosixPath
from random import Random

import asyncssh
import psutil
import pytest

from ganga.backends.batch.kerberos.dependence import Ticketed
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.ssh import link as link_module
from ganga.backends.batch.ssh.connecting import Host
from ganga.backends.batch.ssh.link import Link, shared_link
from ganga.backends.batch.ssh.shell import SshShell
from ganga.errors import BackendUnavailable
from tests.backends.batch.ssh.conftest import opened
from tests.backends.batch.ssh.server import ALIAS, Sshd

HELLO = Command(("echo", "hello"))


async def refusal(server: Sshd, host: Host | None = None) -> str:
    """Why nothing can be done there."""
    async with shared_link(host or server.host) as link:
        with pytest.raises(BackendUnavailable) as refused:
            await SshShell(link, 60.0).run(HELLO)
    return str(refused.value)


async def again(shell: SshShell) -> Reply:
    """The answer after an outage."""
    async with asyncio.timeout(100):
        while True:
            try:
                return await shell.run(HELLO)
            except BackendUnavailable:
                await asyncio.sleep(0.2)


async def test_all_who_speak_to_one_host_share_a_connection(server: Sshd) -> None:
    async with opened(server) as one, opened(server) as other:
        replies = await asyncio.gather(*(shell.run(HELLO) for shell in (one, other) for _ in range(15)))
        assert {reply.stdout for reply in replies} == {b"hello\n"}
        assert server.connections() == 1
    async with shared_link(server.host) as link:
        assert (await SshShell(link, 60.0).run(HELLO)).exit_code == 0
    assert server.connections() == 2


async def test_a_connection_that_is_cut_is_an_outage_and_is_made_anew(server: Sshd, shell: SshShell) -> None:
    fifo = server.folder / "fifo"
    os.mkfifo(fifo)
    asking = asyncio.create_task(shell.run(Command(("sh", "-c", 'echo $$ >"$1"; exec sleep 600', "sh", str(fifo)))))
    pid = int(await asyncio.to_thread(fifo.read_text))
    await asyncio.to_thread(server.cut)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(BackendUnavailable, match="connection to login was lost while sh ran"):
        await asking
    assert (await again(shell)).stdout == b"hello\n"
    assert server.connections() == 2


async def test_a_host_that_stands_still_is_an_outage_until_it_goes_on(server: Sshd) -> None:
    async with opened(server, 2.0) as shell:
        assert (await again(shell)).exit_code == 0
        with server.frozen():
            with pytest.raises(BackendUnavailable, match="within 2 seconds"):
                await shell.run(HELLO)
            with pytest.raises(BackendUnavailable, match=r"within 2 seconds|nothing has moved"):
                await shell.read(PurePosixPath("/etc/passwd"), 0, 1)
        assert (await again(shell)).stdout == b"hello\n"


async def test_sessions_that_nobody_waits_for_any_more_take_no_place(quiet_server: Sshd) -> None:
    """The host opens them after all, when it goes on."""
    quiet_server.start("MaxSessions 2")
    async with opened(quiet_server, 1.0) as shell:
        assert (await again(shell)).exit_code == 0
        for _ in range(2):
            with quiet_server.frozen():
                asked = await asyncio.gather(*(shell.run(HELLO) for _ in range(4)), return_exceptions=True)
            assert all(isinstance(answer, BackendUnavailable) for answer in asked)
            assert (await again(shell)).exit_code == 0
    assert quiet_server.connections() == 1


async def test_a_host_that_goes_away_and_comes_back_is_found_again(server: Sshd, shell: SshShell) -> None:
    assert (await shell.run(HELLO)).exit_code == 0
    server.stop()
    with pytest.raises(BackendUnavailable):
        await shell.run(HELLO)
    server.start()
    assert (await again(shell)).stdout == b"hello\n"


async def test_an_unknown_host_is_refused_with_what_to_do(server: Sshd) -> None:
    server.know_host(None)
    why = await refusal(server)
    assert "the host login is not known, and is not trusted (its key: SHA256:" in why
    assert "connect once by `ssh login`" in why
    assert server.connections() == 0


@pytest.mark.parametrize("nothing", ["none", "/dev/null", "/no/such/file"])
async def test_a_host_is_not_trusted_for_want_of_a_file(server: Sshd, nothing: str) -> None:
    server.write_settings(UserKnownHostsFile=nothing, StrictHostKeyChecking="no")
    assert "is not known, and is not trusted" in await refusal(server)
    assert server.connections() == 0


async def test_a_host_with_another_key_is_refused(server: Sshd) -> None:
    server.know_host("strange")
    assert "login shows another host key (SHA256:" in await refusal(server)
    assert server.connections() == 0


async def test_a_key_that_is_not_let_in_is_told(server: Sshd) -> None:
    server.write_settings(IdentityFile=str(server.folder / "strange"))
    why = await refusal(server)
    assert why.startswith("login does not let ")
    assert "`ssh -o BatchMode=yes login true`" in why


async def test_a_host_that_turns_us_away_is_not_asked_again_at_once(server: Sshd) -> None:
    server.write_settings(IdentityFile=str(server.folder / "strange"))
    async with shared_link(server.host) as link:
        shell = SshShell(link, 60.0)
        for _ in range(5):
            with pytest.raises(BackendUnavailable, match="does not let"):
                await shell.run(HELLO)
    assert (server.folder / "log").read_text().count("Connection closed by authenticating user") <= 1


async def test_settings_that_cannot_be_read_are_told(server: Sshd, tmp_path: Path) -> None:
    server.write_settings(Port="many")
    with pytest.raises(BackendUnavailable, match="the SSH settings for login cannot be used"):
        await refusal(server)
    with pytest.raises(BackendUnavailable, match="the SSH settings for login cannot be used"):
        await refusal(server, Host(ALIAS, str(tmp_path / "nothing")))


async def test_an_agent_is_asked_and_key_files_that_are_not_there_are_passed_over(server: Sshd) -> None:
    socket = server.folder / "agent"
    agent = await asyncio.create_subprocess_exec("ssh-agent", "-D", "-a", socket, stdout=asyncio.subprocess.PIPE)
    try:
        assert agent.stdout is not None
        await agent.stdout.readline()
        adding = await asyncio.create_subprocess_exec(
            "ssh-add", "-q", server.folder / "id", env={**os.environ, "SSH_AUTH_SOCK": str(socket)}
        )
        assert await adding.wait() == 0
        server.write_settings(IdentityAgent=str(socket), IdentityFile="~/.ssh/no-such-key", IdentitiesOnly="no")
        async with shared_link(server.host) as link:
            assert (await SshShell(link, 60.0).run(HELLO)).exit_code == 0
    finally:
        agent.terminate()
        await agent.wait()


async def test_nobody_there_is_an_outage(quiet_server: Sshd) -> None:
    assert "login cannot be reached" in await refusal(quiet_server)


async def test_a_name_may_have_a_user_and_a_port(server: Sshd) -> None:
    server.write_settings(Port="1")
    user = Path.home().owner()
    assert "cannot be reached" in await refusal(server)
    host = Host(f"{user}@{ALIAS}:{server.port}", str(server.folder / "config"))
    async with shared_link(host) as link:
        assert (await SshShell(link, 60.0).run(HELLO)).exit_code == 0


async def test_jump_hosts_are_gone_through_and_are_checked_too(server: Sshd) -> None:
    settings = server.folder / "config"
    settings.write_text(settings.read_text() + f"Host inner\n    HostName 127.0.0.1\n    ProxyJump {ALIAS}-jump\n")
    text = settings.read_text()
    own = text.partition("\n")[2].partition("Host inner")[0]
    settings.write_text(text + own)
    inner = Host("inner", str(settings))
    async with shared_link(inner) as link:
        assert (await SshShell(link, 60.0).run(HELLO)).stdout == b"hello\n"
    assert server.connections() == 2
    server.know_host(None)
    assert "the host login-jump is not known" in await refusal(server, inner)


async def test_a_jump_host_is_left_where_what_is_behind_it_cannot_be_tried(server: Sshd) -> None:
    strange = server.folder / "strange_hosts"
    strange.write_bytes(b"\xff\n")
    settings = server.folder / "config"
    inner = f"Host inner\n    UserKnownHostsFile {strange}\n    ProxyJump {ALIAS}-jump\n"
    settings.write_text(inner + settings.read_text())
    told = await refusal(server, Host("inner", str(settings)))
    assert "the file of known hosts cannot be read" in told
    assert server.connections() == 1
    _, left = await asyncio.to_thread(psutil.wait_procs, server.servers(), 60)
    assert left == []


async def test_jump_hosts_in_a_circle_are_told(server: Sshd) -> None:
    server.write_settings(ProxyJump=f"{ALIAS}-next")
    assert "the jump hosts to login-next go round in a circle" in await refusal(server)


@pytest.mark.parametrize("most", [1, 2])
async def test_a_site_that_allows_few_sessions_is_respected(quiet_server: Sshd, most: int) -> None:
    quiet_server.start(f"MaxSessions {most}")
    async with opened(quiet_server) as shell:
        verbs = [shell.run(HELLO), shell.scan(PurePosixPath(quiet_server.folder))]
        more = [shell.run(HELLO) for _ in range(10)]
        replies = await asyncio.gather(*verbs, *more)
    assert all(isinstance(reply, Reply) and reply.exit_code == 0 for reply in (replies[0], *replies[2:]))
    assert quiet_server.connections() == 1


@pytest.mark.parametrize(
    ("ways", "by_tickets"),
    [
        (["gssapi-with-mic", "publickey", "password"], True),
        (["gssapi-keyex", "gssapi-with-mic"], True),
        (["publickey", "gssapi-with-mic"], False),
        ([], False),
    ],
)
async def test_that_a_host_lets_us_in_by_tickets_is_known(
    server: Sshd, monkeypatch: pytest.MonkeyPatch, ways: list[str], *, by_tickets: bool
) -> None:
    monkeypatch.setattr(asyncssh.SSHClientConnection, "get_server_auth_methods", lambda _: ways)
    async with opened(server) as shell:
        assert not shell.by_tickets
        await shell.run(HELLO)
        assert isinstance(shell, Ticketed)
        assert shell.by_tickets is by_tickets


async def test_a_host_that_lets_us_in_by_a_key_takes_no_tickets(shell: SshShell) -> None:
    await shell.run(HELLO)
    assert not shell.by_tickets


async def test_tries_become_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    now, tries = 0.0, 0

    async def connect(host: Host) -> None:
        nonlocal tries
        tries += 1
        raise BackendUnavailable(f"{host.name} is away")

    monkeypatch.setattr(link_module, "connect", connect)
    monkeypatch.setattr(link_module, "_WAIT", 0.0)
    link = Link(Host("far"), random=Random(1), now=lambda: now)
    for second in range(3600):
        now = float(second)
        if second % 5 == 0:
            with pytest.raises(BackendUnavailable, match="far is away"):
                await SshShell(link, 1.0).run(HELLO)
    assert 3600 / 60 <= tries < 3600 / 30 + 10
