from ganga.model.clock import Utc
from ganga.model.identity import Identity


def test_credentials_are_about_to_end_from_some_time_before_their_end_on() -> None:
    identity = Identity(name="ada", expires_at=Utc(400.0), warn_before=300.0)
    ending = {at: identity.about_to_end(Utc(at)) for at in (0.0, 99.0, 100.0, 400.0, 1e9)}
    assert ending == {0.0: False, 99.0: False, 100.0: True, 400.0: True, 1e9: True}


def test_what_has_no_end_is_never_about_to() -> None:
    assert not Identity(name="ada").about_to_end(Utc(1e12))
