from tests.chaos.figures import Delays, measured
from tests.chaos.laws import Evidence
from tests.chaos.monitor import Took
from tests.chaos.plan import Fault, Kind
from tests.chaos.strikes import Struck
from tests.chaos.test_laws import TARGET, History, run

BUSY = Struck(Fault(1.0, 2.0, Kind.BUSY, 0, 0.5), began=20.5, ended=22.0)
KILL = Struck(Fault(1.0, 9.0, Kind.KILL, 0, 0.5), began=24.0, ended=33.0, monitor=0)


def test_how_late_each_end_was_known_and_what_went_wrong_meanwhile() -> None:
    history = History()
    figures = measured(history.evidence(), [BUSY, KILL], 3.0)
    # Job 1 ended at 20 and was known at 21, the others at 23.
    assert figures.stale == {"all": Delays(3, 3.0, 3.0), "busy": Delays(3, 3.0, 3.0)}


def test_calm_is_when_nothing_went_wrong() -> None:
    figures = measured(History().evidence(), [], 3.0)
    assert figures.stale["calm"] == figures.stale["all"]


def test_what_was_never_told_has_no_delay() -> None:
    history = History()
    history.runs.append(run("7"))
    assert measured(history.evidence(), [], None).stale["all"].count == 3


def test_a_takeover_takes_from_the_strike_to_the_next_lease() -> None:
    notes = [Took(0, TARGET, 1, 8.0), Took(1, TARGET, 2, 26.5), Took(0, TARGET, 3, 50.0)]
    assert measured(Evidence(notes=notes), [BUSY, KILL], 3.0).takeovers == Delays(1, 2.5, 2.5)


def test_who_was_not_frozen_for_long_enough_was_not_replaced() -> None:
    notes = [Took(0, TARGET, 1, 8.0), Took(1, TARGET, 2, 36.5)]
    freeze = Struck(Fault(1.0, 9.0, Kind.FREEZE, 0, 0.5), began=24.0, ended=33.0, monitor=0)
    assert measured(Evidence(notes=notes), [freeze], 3.0).takeovers is None
    assert measured(Evidence(notes=notes), [KILL], 3.0).takeovers == Delays(1, 12.5, 12.5)
