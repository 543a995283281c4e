"""Which way the settings of a target lead."""

import subprocess
import sys

import pytest

from ganga.backends.batch.here import HereShell
from ganga.backends.batch.opening import open_shell
from ganga.backends.batch.reach import Reach
from ganga.backends.batch.shell import Command
from ganga.errors import ConfigurationError
from tests.backends.batch.ssh.server import ALIAS, Sshd

HELLO = Command(("echo", "hello"))


async def test_without_a_host_it_is_this_machine() -> None:
    async with open_shell(Reach(), 60.0) as shell:
        assert isinstance(shell, HereShell)


async def test_a_host_is_reached_as_the_settings_say(server: Sshd) -> None:
    reach = Reach(host=ALIAS, ssh_config=str(server.folder / "config"))
    async with open_shell(reach, 60.0) as shell:
        assert (await shell.run(HELLO)).stdout == b"hello\n"
    assert server.connections() == 1


async def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    with pytest.raises(ConfigurationError, match=r"asyncssh; install it: pip install 'ganga\[ssh\]'"):
        async with open_shell(Reach(host="far"), 60.0):
            pass


def test_targets_without_a_host_load_none_of_it() -> None:
    program = "import sys, ganga.backends.slurm.opening; print('asyncssh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
