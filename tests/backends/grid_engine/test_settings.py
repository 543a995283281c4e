import msgspec
import pytest

from ganga.backends import grid_engine
from ganga.backends.grid_engine.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert grid_engine.Settings() == Settings()
    assert grid_engine.policy(Settings()).feed is None


@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": 0}, {"largest_array": 0}, {"commit_delay": -1}, {"qeue": "x"}, {"history_days": 0}),
        *({"parallel_environment": "-x"}, {"memory_resource": "a=b"}, {"gpu_resource": "a b"}),
    ],
)
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        grid_engine.nothing  # noqa: B018 - the look itself is tried
