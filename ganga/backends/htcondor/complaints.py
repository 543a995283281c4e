"""What HTCondor's commands say when they cannot do what they were asked."""

from dataclasses import replace
from typing import Final

from ganga.backends.batch.shell import Reply
from ganga.errors import BackendUnavailable

#: Behind it stands what might be the matter anywhere.
_ADVICE: Final = "Extra Info:"


def told(reply: Reply) -> str:
    """All of it in one line: who was refused stands behind what came of that."""
    return "; ".join(filter(None, map(str.strip, reply.complaint.partition(_ADVICE)[0].splitlines())))


def unavailable(reply: Reply) -> BackendUnavailable:
    """The error for such a command."""
    return replace(reply, stderr=told(reply).encode()).unavailable()
