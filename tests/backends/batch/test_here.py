"""The shell of this machine, with real commands."""

import asyncio
import os
import stat
import time
from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.batch.here import MOST_STUCK, HereShell
from ganga.backends.batch.shell import Command, Kind
from ganga.errors import BackendUnavailable

HOME = Path.home()


@pytest.fixture
def shell() -> HereShell:
    return HereShell(within=60.0)


async def test_a_command_has_its_words_its_input_and_its_own_exit_code(shell: HereShell) -> None:
    reply = await shell.run(Command(("sh", "-c", 'cat; echo "$1" >&2; exit 3', "sh", "a b; $HOME"), b"given"))
    assert (reply.exit_code, reply.stdout, reply.stderr) == (3, b"given", b"a b; $HOME\n")


async def test_the_signal_that_ended_a_command_is_told(shell: HereShell) -> None:
    assert (await shell.run(Command(("sh", "-c", "kill -9 $$")))).exit_code == -9


async def test_a_command_need_not_read_its_input(shell: HereShell) -> None:
    assert (await shell.run(Command(("true",), b"x" * 10_000_000))).exit_code == 0


async def test_long_output_is_no_deadlock(shell: HereShell) -> None:
    script = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
    reply = await shell.run(Command(("sh", "-c", script)))
    assert (len(reply.stdout), len(reply.stderr)) == (3_000_000, 3_000_000)


async def test_endless_output_is_cut_short() -> None:
    with pytest.raises(BackendUnavailable, match="more than 1,000,000 bytes"):
        await HereShell(within=60.0, largest_reply=1_000_000).run(Command(("cat", "/dev/zero")))


async def test_a_program_that_is_not_there_is_an_outage_that_names_it(shell: HereShell) -> None:
    with pytest.raises(BackendUnavailable, match="no-such-program cannot be run"):
        await shell.run(Command(("no-such-program",)))


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def wait_for_the_end(pid: int) -> None:
    deadline = time.monotonic() + 60
    while await asyncio.to_thread(lives, pid):
        assert time.monotonic() < deadline


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
async def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    script = 'sleep 600 & echo $! >"$1/child"; mv "$1/child" "$1/pid"; wait'
    with pytest.raises(BackendUnavailable, match="has not answered within 1 seconds"):
        await HereShell(within=1.0).run(Command(("sh", "-c", script, "sh", str(tmp_path))))
    if (tmp_path / "pid").exists():
        await wait_for_the_end(int((tmp_path / "pid").read_text()))


async def test_files_that_hang_are_given_up_and_are_in_nobodys_way(tmp_path: Path) -> None:
    """As those do whose server is away."""
    shell, fifo = HereShell(within=0.02), PurePosixPath(tmp_path / "fifo")
    os.mkfifo(fifo)
    for _ in range(MOST_STUCK):
        with pytest.raises(BackendUnavailable, match=r"did not return within 0\.02 s"):
            await shell.read(fifo, 0, 1)
    with pytest.raises(BackendUnavailable, match=f"{MOST_STUCK} calls for the files of batch jobs hang"):
        await shell.read(fifo, 0, 1)
    assert await asyncio.to_thread(os.getpid) == os.getpid()
    writer = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(writer, b"x" * MOST_STUCK)
        async with asyncio.timeout(60):
            while (read := await _read_again(shell, tmp_path)) is None:
                await asyncio.to_thread(time.sleep, 0.01)
    finally:
        os.close(writer)
    assert read == b"here"


async def _read_again(shell: HereShell, folder: Path) -> bytes | None:
    (folder / "file").write_bytes(b"here")
    try:
        return await shell.read(PurePosixPath(folder / "file"), 0, 9)
    except BackendUnavailable:
        return None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
async def test_a_question_that_is_cancelled_leaves_no_process(shell: HereShell, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = 'echo $$ >"$1"; exec sleep 600'
    asking = asyncio.create_task(shell.run(Command(("sh", "-c", script, "sh", str(fifo)))))
    pid = int(await asyncio.to_thread(fifo.read_text))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await wait_for_the_end(pid)


def mode(path: PurePosixPath) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


async def test_files_are_private_and_whole(shell: HereShell, tmp_path: Path) -> None:
    path = PurePosixPath(tmp_path / "a" / "b" / "file")
    await shell.write({path: b"one"})
    await shell.write({path: b"two\xff"})
    assert await shell.read(path, 1, 2) == b"wo"
    assert await shell.read(path, 100, 2) == b""
    assert await shell.read(path / "x", 0, 2) is None
    assert [await shell.size(path), await shell.size(path / "x")] == [len(await shell.read(path, 0, 100) or b""), None]
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert await shell.scan(path.parent) == {"file": Kind.FILE}


async def test_trees_are_sent_and_files_brought(shell: HereShell, tmp_path: Path) -> None:
    source, there = tmp_path / "source", PurePosixPath(tmp_path / "there" / "copy")
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "run.sh").write_text("x")
    (source / "inner" / "run.sh").chmod(0o755)
    (source / "link").symlink_to("inner/run.sh")
    await shell.send({there: source, there / "one.sh": source / "inner" / "run.sh"})
    assert await shell.scan(there) == {"inner": Kind.FOLDER, "link": Kind.LINK, "one.sh": Kind.FILE}
    assert await shell.scan(there / "link") is None
    assert await shell.scan(there / "nothing") is None
    assert await shell.resolve(there / "link") == await shell.resolve(there) / "inner" / "run.sh"
    await shell.bring({tmp_path / "home.sh": there / "inner" / "run.sh"})
    assert os.access(tmp_path / "home.sh", os.X_OK)


async def test_what_the_disk_refuses_is_an_outage(shell: HereShell, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendUnavailable, match="cannot be read or written"):
        await shell.write({PurePosixPath(tmp_path / "file" / "x"): b""})
    with pytest.raises(BackendUnavailable, match="cannot be read or written"):
        await shell.bring({tmp_path / "x": PurePosixPath(tmp_path / "nothing")})


async def test_the_home_is_that_of_the_user(shell: HereShell) -> None:
    assert await shell.home() == PurePosixPath(HOME)
