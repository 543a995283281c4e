"""Commands on a machine behind a real sshd."""

import asyncio
import os
import pwd
from pathlib import Path

import pytest

from ganga.backends.batch.shell import Command
from ganga.backends.batch.ssh.link import shared_link
from ganga.backends.batch.ssh.shell import SshShell
from ganga.errors import BackendUnavailable
from tests.backends.batch.ssh.conftest import opened
from tests.backends.batch.ssh.server import Sshd
from tests.backends.batch.test_here import wait_for_the_end

IN_PROC = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
IN_BASH = pytest.mark.skipif(not pwd.getpwuid(os.getuid()).pw_shell.endswith("/bash"), reason="sshd runs another shell")


async def test_a_command_has_its_words_its_input_and_its_own_exit_code(shell: SshShell) -> None:
    reply = await shell.run(Command(("sh", "-c", 'cat; echo "$1" >&2; exit 3', "sh", "a 'b'; $HOME"), b"given"))
    assert (reply.exit_code, reply.stdout, reply.stderr) == (3, b"given", b"a 'b'; $HOME\n")
    assert not shell.shares_files


async def test_a_command_need_not_read_its_input(shell: SshShell) -> None:
    assert (await shell.run(Command(("true",), b"x" * 5_000_000))).exit_code == 0


async def test_long_output_is_no_deadlock(shell: SshShell) -> None:
    script = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
    reply = await shell.run(Command(("sh", "-c", script)))
    assert (len(reply.stdout), len(reply.stderr)) == (3_000_000, 3_000_000)


async def test_endless_output_is_cut_short(server: Sshd) -> None:
    async with shared_link(server.host) as link:
        with pytest.raises(BackendUnavailable, match="more than 1,000,000 bytes"):
            await SshShell(link, 60.0, largest_reply=1_000_000).run(Command(("cat", "/dev/zero")))


async def test_what_is_not_there_or_cannot_be_said_is_an_outage(shell: SshShell) -> None:
    with pytest.raises(BackendUnavailable, match="no-such-program cannot be run"):
        await shell.run(Command(("no-such-program",)))
    with pytest.raises(BackendUnavailable, match="null"):
        await shell.run(Command(("echo", "a\0b")))


async def test_the_home_is_that_of_the_user_there(shell: SshShell, server: Sshd) -> None:
    assert str(await shell.home()) == str(server.home)


async def test_one_that_leaves_somebody_behind_is_over_all_the_same(shell: SshShell) -> None:
    assert (await shell.run(Command(("sh", "-c", "sleep 30 & echo said")))).stdout == b"said\n"


@IN_BASH
async def test_start_up_files_may_say_what_they_like(server: Sshd) -> None:
    (server.home / ".bashrc").write_text("echo '*** Welcome ***'; echo oops >&2; echo; echo end 0\n")
    async with opened(server) as shell:
        reply = await shell.run(Command(("sh", "-c", "echo out; echo err >&2")))
    assert (reply.stdout, reply.stderr) == (b"out\n", b"err\n")


async def test_a_login_that_runs_nothing_is_told_in_its_words(quiet_server: Sshd) -> None:
    quiet_server.start("ForceCommand echo This account is for file transfer only; exit 1")
    async with opened(quiet_server) as shell:
        with pytest.raises(BackendUnavailable, match="squeue on login was cut off; it said 'This account is for file"):
            await shell.run(Command(("squeue",)))


async def begun(shell: SshShell, tmp_path: Path) -> tuple[asyncio.Task[object], int, int]:
    """A command under way that never ends, its number and its child's."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = 'sleep 600 & echo $$ $! >"$1"; wait'
    task: asyncio.Task[object] = asyncio.create_task(shell.run(Command(("sh", "-c", script, "sh", str(fifo)))))
    own, child = (await asyncio.to_thread(fifo.read_text)).split()
    return task, int(own), int(child)


@IN_PROC
async def test_a_question_that_is_cancelled_leaves_no_process_there(shell: SshShell, tmp_path: Path) -> None:
    asking, own, child = await begun(shell, tmp_path)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await wait_for_the_end(own)
    await wait_for_the_end(child)


@IN_PROC
async def test_a_command_that_hangs_is_ended_with_its_children(server: Sshd, tmp_path: Path) -> None:
    # Long enough for it to begin on a busy machine.
    async with opened(server, 8.0) as shell:
        asking, own, child = await begun(shell, tmp_path)
        with pytest.raises(BackendUnavailable, match="sh has not answered within 8 seconds"):
            await asking
        await wait_for_the_end(own)
        await wait_for_the_end(child)
