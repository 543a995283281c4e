"""A process is told apart from a later one with the same number, and the dead from those of which nothing is known."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.monitor import process as processes
from ganga.monitor.process import Process, describe, parse, this_process


def test_this_process_lives() -> None:
    assert not this_process().surely_dead()


def test_a_description_survives_the_store() -> None:
    assert parse(describe(this_process())) == this_process()
    assert parse("no process at all") is None


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert replace(this_process(), started="0").surely_dead()


def test_nothing_outlives_a_restart_of_the_machine() -> None:
    assert replace(this_process(), boot="another boot").surely_dead()


def test_nothing_is_known_of_another_machine() -> None:
    elsewhere = Process(host="elsewhere.example", boot="b", pid=2**22 + 1, started="1")
    assert not elsewhere.surely_dead()


def test_nothing_is_known_of_another_machine_of_the_same_name() -> None:
    """Its boot is another one, which says nothing of its processes here."""
    elsewhere = replace(this_process(), machine="another machine", boot="another boot")
    assert not elsewhere.surely_dead()
    assert not elsewhere.near


def test_the_number_of_the_machine_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_MACHINE_ID", tmp_path / "machine-id")
    assert this_process.__wrapped__().machine == ""
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    one = this_process.__wrapped__()
    assert one.machine
    assert "0123456789abcdef" not in describe(one)
    (tmp_path / "machine-id").write_text("f123456789abcdef0123456789abcdef\n")
    assert this_process.__wrapped__().machine != one.machine


def test_an_ended_process_is_surely_dead() -> None:
    program = "from ganga.monitor.process import *; print(describe(this_process()))"
    text = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    process = parse(text)
    assert process is not None
    assert process.surely_dead()


def test_a_zombie_is_dead() -> None:
    program = "from ganga.monitor.process import *; print(describe(this_process()))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        process = parse(child.stdout.read())
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # It has ended, and is not reaped.
        assert process is not None
        assert process.surely_dead()


def test_nothing_is_known_of_another_container_that_goes_by_the_same_name() -> None:
    elsewhere = replace(this_process(), namespace="pid:[1]", pid=1, started="1")
    assert not elsewhere.surely_dead()
    assert not elsewhere.near
    assert this_process().near


#: Says of a process, as seen by a user of this number, whether it is surely dead.
_LOOK = """
import os, sys
from ganga.monitor.process import parse
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
print(parse(sys.argv[1]).surely_dead())
"""
_HIDING = ("--mount", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may say who sees which processes")
@pytest.mark.parametrize(
    ("place", "user", "process", "dead"),
    [
        (_HIDING, 65534, this_process(), False),
        (_HIDING, 65534, replace(this_process(), pid=2**22 - 1), True),
        (("--pid", "--fork", "--mount-proc"), 0, this_process(), False),
    ],
)
def test_a_process_that_cannot_be_seen_is_not_surely_dead(
    place: tuple[str, ...], user: int, process: Process, dead: bool
) -> None:
    command = ["unshare", *place, sys.executable, "-c", _LOOK, describe(process), str(user)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{dead}\n"
