"""The files that jobs are submitted with, for as long as they are handed over to a back end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ganga.model.ids import JobId
from ganga.model.job import Share


@dataclass(frozen=True, slots=True)
class Handed:
    """What one job or subjob is handed over with."""

    #: With the copies of input files that were made at submission.
    share: Share
    #: The folder with the copies of the input files that a job shares with its subjobs, if there is one.
    inputs: Path | None = None
    #: The file with the submitter's environment, if there is one.
    environment: Path | None = None
    #: Why they are not to be handed over; None if they are.
    objection: str | None = None


class Outgoing(Protocol):
    """The files of some jobs that are submitted together. Both methods block."""

    def gather(self, shares: Mapping[JobId, Share]) -> dict[JobId, Handed]:
        """Where they are until `close`; the same file of a job is at the same place for all its subjobs."""
        ...

    def close(self) -> None:
        """They have been handed over, or will not be."""
        ...
