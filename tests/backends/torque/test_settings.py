import msgspec
import pytest

from ganga.backends import torque
from ganga.backends.torque.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert torque.Settings() == Settings()
    assert torque.policy(Settings()).feed is None


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"qeue": "x"}, {"work_folder": "/a:b"}, {"commands": "openpbs"}])
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        torque.nothing  # noqa: B018 - the look itself is tried
