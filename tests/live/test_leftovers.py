"""Real servers end with whoever started them, however that ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.live.condor_server import install as condor
from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.needs import needs_server
from tests.live.system_packages import NotInstalled

PATIENCE = 120.0

pytestmark = pytest.mark.slow


def test_no_service_of_dirac_outlives_its_starter(tmp_path: Path) -> None:
    folder = needs_server("dirac", dirac.interpreter, dirac.NotInstalled)
    command = [sys.executable, "-m", "tests.live.provision", "dirac", "--folder", str(folder), "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        servers = _servers(starter)
        starter.kill()
    assert len(servers) > 6
    assert not psutil.wait_procs(servers, PATIENCE)[1]


def test_diracx_ends_with_its_leash(tmp_path: Path) -> None:
    folder = needs_server("diracx", diracx.interpreter, diracx.NotInstalled)
    command = [sys.executable, "-m", "tests.live.provision", "diracx", "--folder", str(folder), "--data", str(tmp_path)]
    with subprocess.Popen([*command, "--leash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        servers = _servers(starter)
    assert len(servers) == 2
    assert not psutil.wait_procs(servers, PATIENCE)[1]


def test_no_daemon_of_a_pool_outlives_its_starter(tmp_path: Path) -> None:
    folder = needs_server("condor", condor.release, NotInstalled)
    command = [sys.executable, "-m", "tests.live.provision", "condor", "--folder", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as starter:
        (master,) = _servers(starter)
        daemons = [master, *master.children(recursive=True)]
        starter.kill()
    assert len(daemons) > 4
    assert not psutil.wait_procs(daemons, PATIENCE)[1]


def _servers(starter: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    assert starter.stdout is not None
    return [psutil.Process(pid) for pid in json.loads(starter.stdout.readline())["pids"].values()]
