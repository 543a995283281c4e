"""A target is down after so many failures on end, and that is said once."""

from ganga.core.circuit import Circuit
from ganga.model.clock import Utc


def test_it_opens_once_with_the_time_of_the_first_failure() -> None:
    circuit = Circuit(3)
    assert [circuit.failed(Utc(at)) for at in (1.0, 2.0, 3.0, 4.0)] == [False, False, True, False]
    assert circuit.failing_since == 1.0


def test_a_failure_that_was_announced_opens_it_at_once_and_once() -> None:
    circuit = Circuit(3)
    assert [circuit.failed(Utc(at), announced=True) for at in (1.0, 2.0)] == [True, False]
    assert circuit.failing_since == 1.0


def test_an_answer_closes_it() -> None:
    circuit = Circuit(2)
    circuit.failed(Utc(1.0))
    circuit.closed()
    assert circuit.failing_since is None
    assert [circuit.failed(Utc(at)) for at in (5.0, 6.0)] == [False, True]


def test_one_that_was_down_before_is_not_said_to_be_down_again() -> None:
    circuit = Circuit(2, down_since=Utc(1.0))
    assert not any(circuit.failed(Utc(at)) for at in (5.0, 6.0, 7.0))
    assert circuit.failing_since == 1.0
