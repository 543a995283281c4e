"""An update without news need not be stored."""

from ganga.model.clock import Utc
from ganga.model.event import Event, EventKind
from ganga.model.job import TargetState
from ganga.model.update import Update
from tests.core.examples import TARGET, record


def test_an_update_is_true_if_there_is_anything_to_store() -> None:
    assert not Update(TARGET)
    assert Update(TARGET, records=(record(),))
    assert Update(TARGET, events=(Event(at=Utc(0.0), kind=EventKind.TARGET_UP, target=TARGET),))
    assert Update(TARGET, state=TargetState(name=TARGET))
