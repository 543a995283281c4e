import msgspec
import pytest

from ganga.model.job import JobSpec
from ganga.model.resources import Resources, beyond


def test_what_is_asked_for_has_names() -> None:
    assert Resources().wished() == ()
    assert Resources(processors=2, queue="long", native=("-x",)).wished() == ("processors", "queue", "native")


def test_a_system_refuses_what_it_has_no_words_for() -> None:
    wish = Resources(memory=2**30, gpus=1)
    assert beyond(Resources(), "Slurm") is None
    assert beyond(wish, "Slurm", {"memory", "gpus"}) is None
    refusal = beyond(wish, "a job on this machine", {"memory"})
    assert refusal == "a job on this machine cannot be asked for gpus; leave that out, or choose another target"


@pytest.mark.parametrize("wish", [{"processors": 0}, {"memory": -1}, {"time": 0}, {"gpus": 2**40}, {"native": "-x"}])
def test_amounts_make_sense(wish: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"command": ["true"], "resources": wish}, JobSpec)


def test_a_job_from_before_there_were_resources_asks_for_none() -> None:
    assert msgspec.json.decode(b'{"command": ["true"]}', type=JobSpec).resources == Resources()
