"""A process is told apart from a later one with the same number, and the dead from those of which nothing is known."""

import os
import subprocess
import sys

from msgspec.structs import replace

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
