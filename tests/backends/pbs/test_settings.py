import msgspec
import pytest

from ganga.backends import pbs
from ganga.backends.pbs.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert pbs.Settings() == Settings()
    assert pbs.policy(Settings()).feed is None


@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": 0}, {"largest_array": 0}, {"commit_delay": -1}, {"qeue": "x"}, {"gpu_resource": "a b"}),
        *({"work_folder": "/a:b"}, {"gpu_resource": "a=b"}, {"project_option": "-Q"}, {"history_days": 7}),
    ],
)
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pbs.nothing  # noqa: B018 - the look itself is tried
