import msgspec
import pytest

from ganga.backends import lsf
from ganga.backends.lsf.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert lsf.Settings() == Settings()
    assert lsf.policy(Settings()).feed is None


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"largest_array": 0}, {"commit_delay": -1}, {"qeue": "x"}, {"work_folder": "/a/%J"}]
)
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lsf.nothing  # noqa: B018 - the look itself is tried
