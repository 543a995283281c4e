import msgspec
import pytest

from ganga.backends import slurm
from ganga.backends.slurm.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert slurm.Settings() == Settings()
    assert slurm.policy(Settings()).feed is None


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"largest_array": 0}, {"commit_delay": -1}, {"qeue": "x"}])
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(slurm, "no" + "thing")
