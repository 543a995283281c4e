import pytest

from ganga.backends.base import Tail
from ganga.backends.dirac.peeking import tail
from ganga.model.clock import from_rfc3339

#: As the watchdog of DIRAC 9.1 writes it.
WATCHDOG = """
================================================================================
Last 2 lines of application output from Watchdog on 2026-11-22 17:01:04.250000 [UTC]:
Last reported CPU consumed for job is 00:00:10 (h:m:s), Wall-clock time left 100s
================================================================================
step 1
step 2
"""
WRAPPER = "Last 1 lines of application output from JobWrapper on 2026-11-22 17:01:04 :\nstep 3"


def test_the_head_says_when_it_was_written() -> None:
    assert tail(WATCHDOG) == Tail(WATCHDOG.lstrip("\n"), from_rfc3339("2026-11-22T17:01:04.25Z"))
    assert tail(WRAPPER).at == from_rfc3339("2026-11-22T17:01:04Z")


@pytest.mark.parametrize("text", ["", "None", "Watchdog is initializing", WRAPPER.replace("11-22", "13-45")])
def test_without_a_head_nothing_is_said_of_the_time(text: str) -> None:
    assert tail(text) == Tail(text)
