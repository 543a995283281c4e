import msgspec
import pytest

from ganga.backends import htcondor
from ganga.backends.htcondor.settings import Settings


def test_nothing_needs_to_be_set() -> None:
    assert htcondor.Settings() == Settings()
    assert htcondor.policy(Settings()).feed is not None


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": 0}, {"scheed": "x"}, {"work_folder": "/a$b"}, {"queue_attribute": "a b"}, {"queue_attribute": "a=\n"}],
)
def test_a_slip_is_noticed(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        htcondor.nothing  # noqa: B018 - the look itself is tried


def test_a_spool_is_no_shared_folder_and_its_event_log_is_far_away() -> None:
    assert Settings(spool=True).carries_files
    assert not Settings().carries_files
    followed, spooled = htcondor.policy(Settings()), htcondor.policy(Settings(spool=True))
    assert followed.feed is not None
    assert spooled.feed is None
    assert followed.sweep.fastest > spooled.sweep.fastest
