"""Whom the target takes us for, and that somebody is told in time to renew the credentials."""

from msgspec.structs import replace

from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity
from ganga.model.job import TargetState


def presented(state: TargetState, identity: Identity, at: Utc) -> TargetState:
    """The state of a target with the credentials that it is shown from now on.

    Tokens that live for a short time and are renewed all the time are always about to end: that is told of the first.
    """
    same = state.identity is not None and state.identity.name == identity.name
    told = state.expiry_told and same and identity.about_to_end(at)
    return replace(state, identity=identity, expiry_told=told)


def warning(state: TargetState, at: Utc) -> str | None:
    """What is to be told of the credentials now, if anything."""
    identity = state.identity
    if identity is None or identity.expires_at is None or state.expiry_told or not identity.about_to_end(at):
        return None
    verb = "end" if at < identity.expires_at else "ended"
    return f"the credentials of {identity.name} {verb} at {rfc3339(identity.expires_at)}: {identity.advice}"
