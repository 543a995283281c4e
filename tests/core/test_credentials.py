"""The end of credentials is told in time, once for each of them."""

from msgspec.structs import replace

from ganga.core.credentials import presented, warning
from ganga.core.orders import Presented, Strain
from ganga.model.clock import Utc
from ganga.model.event import EventKind
from ganga.model.identity import Identity
from ganga.model.job import TargetState
from tests.core.examples import TARGET, digest, told, tracker

#: Ends 2000 seconds into the test, and is about to from 1700 on.
ADA = Identity(name="ada of users", expires_at=Utc(3000.0), warn_before=300.0)
RENEWED = replace(ADA, expires_at=Utc(9000.0))


def test_the_target_knows_whom_it_takes_us_for() -> None:
    target = tracker()
    update = digest(target, 0, Presented(TARGET, ADA))
    assert update.state == TargetState(name=TARGET, identity=ADA)
    assert update.events == ()


def test_the_end_is_told_once_with_whatever_comes_next() -> None:
    target = tracker()
    digest(target, 0, Presented(TARGET, ADA))
    assert not digest(target, 1699, Strain(TARGET, 0)).events
    update = digest(target, 1700, Strain(TARGET, 0))
    assert [event.kind for event in update.events] == [EventKind.CREDENTIALS_EXPIRING]
    assert update.events[0].reason == "the credentials of ada of users end at 1970-01-01T00:50:00.000Z: renew them"
    assert update.state is not None
    assert update.state.expiry_told
    assert not digest(target, 1800, Strain(TARGET, 0)).events


def test_it_is_not_told_again_by_the_next_monitor() -> None:
    target = tracker(state=TargetState(name=TARGET, identity=ADA, expiry_told=True))
    assert not digest(target, 1800, Presented(TARGET, ADA)).events


def test_renewed_credentials_are_others() -> None:
    target = tracker(state=TargetState(name=TARGET, identity=ADA, expiry_told=True))
    update = digest(target, 1800, Presented(TARGET, RENEWED))
    assert update.state == TargetState(name=TARGET, identity=RENEWED)
    assert told(digest(target, 7800, Strain(TARGET, 0))) == ["credentials_expiring"]


def test_tokens_of_a_short_life_are_not_warned_of_with_each_renewal() -> None:
    target = tracker()
    assert told(digest(target, 1900, Presented(TARGET, ADA))) == ["credentials_expiring"]
    for expires_at in (3050.0, 3100.0):
        assert not digest(target, 1950, Presented(TARGET, replace(ADA, expires_at=Utc(expires_at)))).events


def test_those_of_somebody_else_are_warned_of_by_themselves() -> None:
    target = tracker(state=TargetState(name=TARGET, identity=ADA, expiry_told=True))
    assert told(digest(target, 1900, Presented(TARGET, replace(ADA, name="bob")))) == ["credentials_expiring"]


def test_what_has_ended_before_it_was_seen_is_said_to_have_ended() -> None:
    state = presented(TargetState(name=TARGET), ADA, Utc(4000.0))
    assert warning(state, Utc(4000.0)) == (
        "the credentials of ada of users ended at 1970-01-01T00:50:00.000Z: renew them"
    )


def test_how_they_are_renewed_is_said_where_that_is_known() -> None:
    state = presented(TargetState(name=TARGET), replace(ADA, renew_by="kinit"), Utc(2900.0))
    assert warning(state, Utc(2900.0)) == (
        "the credentials of ada of users end at 1970-01-01T00:50:00.000Z: renew them: kinit"
    )


def test_what_has_no_end_is_not_warned_of() -> None:
    target = tracker()
    update = digest(target, 0, Presented(TARGET, Identity(name="ada")))
    assert update.state is not None
    assert not digest(target, 1e9, Strain(TARGET, 0)).events


def test_their_end_changes_no_job_and_no_pace() -> None:
    target, other = tracker(), tracker()
    digest(target, 1900, Presented(TARGET, ADA))
    assert target.next_wakeup() == other.next_wakeup()
