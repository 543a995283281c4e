"""Files on a machine behind a real sshd."""

import os
import stat
from pathlib import Path, PurePosixPath

import pytest

from ganga.backends.batch.shell import Kind
from ganga.backends.batch.ssh.link import shared_link
from ganga.backends.batch.ssh.shell import SshShell
from ganga.errors import BackendUnavailable
from tests.backends.batch.ssh.conftest import opened
from tests.backends.batch.ssh.server import Sshd
from tests.backends.batch.ssh.test_shell import IN_BASH


def mode(path: PurePosixPath | Path) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


async def test_files_are_private_and_whole(shell: SshShell, tmp_path: Path) -> None:
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


async def test_trees_are_sent_and_files_brought(shell: SshShell, tmp_path: Path) -> None:
    source, there = tmp_path / "source", PurePosixPath(tmp_path / "there" / "copy")
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "run.sh").write_text("x")
    (source / "inner" / "run.sh").chmod(0o755)
    (source / "inner" / "large").write_bytes(os.urandom(3_000_000))
    (source / "inner").chmod(0o500)
    (source / "link").symlink_to("inner/run.sh")
    await shell.send({there: source, there / "one.sh": source / "inner" / "run.sh"})
    await shell.send({there / "again": source / "link"})
    assert await shell.scan(there) == {
        "again": Kind.FILE,
        "inner": Kind.FOLDER,
        "link": Kind.LINK,
        "one.sh": Kind.FILE,
    }
    assert await shell.scan(there / "link") is None
    assert await shell.scan(there / "nothing") is None
    assert await shell.resolve(there / "link") == await shell.resolve(there) / "inner" / "run.sh"
    assert mode(there / "inner") == 0o500
    await shell.bring({tmp_path / "home.sh": there / "inner" / "run.sh", tmp_path / "large": there / "inner" / "large"})
    assert os.access(tmp_path / "home.sh", os.X_OK)
    assert (tmp_path / "large").read_bytes() == (source / "inner" / "large").read_bytes()
    for folder in (source / "inner", tmp_path / "there" / "copy" / "inner"):
        folder.chmod(0o700)


async def test_names_are_bytes(shell: SshShell, tmp_path: Path) -> None:
    path = PurePosixPath(tmp_path) / os.fsdecode(b"b\xff d\xc3\xa9 'x")
    await shell.write({path: b"x"})
    assert await shell.scan(path.parent) == {path.name: Kind.FILE}
    await shell.bring({tmp_path / "home": path})
    assert (tmp_path / "home").read_bytes() == b"x"


async def test_a_link_to_nothing_stays_what_it_is(shell: SshShell, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("no/such/file")
    (tmp_path / "round").symlink_to("round")
    for name in ("link", "round"):
        path = PurePosixPath(tmp_path / name)
        assert (await shell.resolve(path)).is_relative_to(tmp_path)
        assert await shell.read(path, 0, 1) is None


async def test_more_than_is_wanted_is_not_brought(server: Sshd, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"x" * 600)
    async with shared_link(server.host) as link:
        shell = SshShell(link, 60.0, largest_output=1000)
        await shell.bring({tmp_path / "home": PurePosixPath(tmp_path / "one")})
        both = {tmp_path / f"home.{name}": PurePosixPath(tmp_path / name) for name in ("one", "two")}
        with pytest.raises(BackendUnavailable, match="more than 1,000 bytes; it stays there"):
            await shell.bring(both)
        with pytest.raises(BackendUnavailable, match="more than 1,000 bytes"):
            await shell.bring({tmp_path / "endless": PurePosixPath("/dev/zero")})
    assert not (tmp_path / "home.one").exists()


async def test_what_the_disk_refuses_is_an_outage(shell: SshShell, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendUnavailable, match="on login cannot be read or written"):
        await shell.write({PurePosixPath(tmp_path / "file" / "x"): b""})
    with pytest.raises(BackendUnavailable, match="on login cannot be read or written"):
        await shell.bring({tmp_path / "x": PurePosixPath(tmp_path / "nothing")})
    with pytest.raises(BackendUnavailable, match="on login cannot be read or written"):
        await shell.send({PurePosixPath(tmp_path / "x"): tmp_path / "nothing"})


async def test_nothing_to_do_is_nothing_done(quiet_server: Sshd) -> None:
    async with opened(quiet_server) as shell:
        await shell.write({})
        await shell.send({})
        await shell.bring({})


@pytest.mark.parametrize("subsystem", ["Subsystem other internal-sftp", "Subsystem sftp /no/such/program"])
async def test_a_host_without_sftp_is_told(quiet_server: Sshd, subsystem: str) -> None:
    quiet_server.start(subsystem)
    async with opened(quiet_server) as shell:
        with pytest.raises(BackendUnavailable, match=r"login moves no files: .* SFTP"):
            await shell.scan(PurePosixPath("/"))


@IN_BASH
async def test_a_start_up_file_that_speaks_into_sftp_is_told(quiet_server: Sshd) -> None:
    (quiet_server.home / ".bashrc").write_text("echo '*** Welcome to the cluster ***'\n")
    quiet_server.start("Subsystem sftp /usr/lib/openssh/sftp-server")
    async with opened(quiet_server) as shell:
        with pytest.raises(BackendUnavailable, match=r"see that start-up files such as ~/\.bashrc print nothing"):
            await shell.scan(PurePosixPath("/"))
