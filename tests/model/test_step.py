import msgspec

from ganga.model.clock import Utc
from ganga.model.step import Step


def test_a_back_end_may_say_no_more_than_a_status_and_its_time() -> None:
    step = Step(status="PD", at=Utc(5.0))
    assert (step.minor_status, step.application_status, step.source) == ("", "", "")
    assert msgspec.json.decode(msgspec.json.encode(step), type=Step) == step
