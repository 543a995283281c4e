"""One denial is nothing; only absence that lasts is believed."""

from ganga.core.patience import Absences
from ganga.model.clock import Monotonic
from ganga.model.ids import NativeId
from ganga.model.policy import Patience

JOB = NativeId("n1")


def test_it_takes_denials_and_time() -> None:
    absences = Absences(Patience(denials=3, seconds=60.0))
    assert [absences.denied(JOB, Monotonic(at)) for at in (0.0, 100.0, 101.0)] == [False, False, True]
    quick = Absences(Patience(denials=3, seconds=60.0))
    assert [quick.denied(JOB, Monotonic(at)) for at in (0.0, 1.0, 2.0, 3.0, 60.0)] == [False] * 4 + [True]


def test_evidence_makes_it_start_anew() -> None:
    absences = Absences(Patience(denials=2, seconds=0.0))
    absences.seen([JOB])
    absences.denied(JOB, Monotonic(0.0))
    assert (JOB in absences, len(absences)) == (True, 1)
    absences.seen([NativeId("n2"), JOB])
    assert (JOB in absences, len(absences)) == (False, 0)
    assert not absences.denied(JOB, Monotonic(9.0))
