"""Who we are for a target, and for how long."""

import time

import pytest
from msgspec.structs import replace

from ganga.cli.targets import Health, _colours, _credentials, _object, _row
from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.job import TargetState

NOW = Utc(1_800_000_000.0)
ADA = Identity(name="ada of users", expires_at=Utc(NOW + 11_520.0), warn_before=1800.0)


def ending(seconds: float) -> Identity:
    return replace(ADA, expires_at=Utc(NOW + seconds))


@pytest.mark.parametrize(
    ("identity", "words", "colour"),
    [
        (None, "", None),
        (Identity(name="ada"), "ada", None),
        (ADA, "ada of users, 3 h 12 min left", None),
        (ending(864_000.0), "ada of users, 10 d left", None),
        (ending(1500.0), "ada of users, 25 min left: renew them", "33"),
        (ending(-200.0), "ada of users, ended 3 min ago: renew them", "31"),
    ],
)
def test_the_credentials_are_shown_with_their_time(identity: Identity | None, words: str, colour: str | None) -> None:
    assert _credentials(identity, NOW) == words
    assert list(_colours(identity, NOW).values()) == ([] if colour is None else [colour])


def test_they_stand_in_a_row_of_their_target() -> None:
    state = TargetState(name=TargetName("grid"), identity=replace(ADA, name="a\x1bda"))
    row = _row(Health(state=state, backend="dirac", live=2, holder=None), NOW)
    assert row == ["grid", "dirac", "2", "nobody", "never", "a\\x1bda, 3 h 12 min left", "well"]


def test_programs_get_times_and_seconds() -> None:
    soon = replace(ADA, expires_at=Utc(time.time() + 600.5))
    state = TargetState(name=TargetName("grid"), identity=soon, expiry_told=True)
    told = _object(Health(state=state, backend="dirac", live=0, holder=None))
    identity = told["identity"]
    assert isinstance(identity, dict)
    assert 500 < identity.pop("seconds_left") <= 600
    assert soon.expires_at is not None
    assert identity == {"name": "ada of users", "expires_at": rfc3339(soon.expires_at), "about_to_end": True}
    assert "expiry_told" not in told


def test_where_nobody_has_to_say_who_they_are_programs_get_none() -> None:
    told = _object(Health(state=TargetState(name=TargetName("here")), backend="local", live=0, holder=None))
    assert told["identity"] is None
