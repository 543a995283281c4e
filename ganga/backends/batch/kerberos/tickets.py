"""What is to be known of Kerberos tickets."""

from typing import NamedTuple

from ganga.model.clock import Utc


class TicketError(Exception):
    """What was read tells of no tickets; the text says why not."""


class NoTickets(TicketError):
    """There are none."""


class Tickets(NamedTuple):
    """Whose they are, and how long they live."""

    #: ``ada@EXAMPLE.ORG``.
    principal: str
    #: When the ticket ends by which all others are had; None if there is none.
    ends_at: Utc | None
    #: Until when it can be renewed without a password; None if it cannot, or that is not told.
    renewable_until: Utc | None = None


def granting(principal: str) -> str:
    """The service whose ticket brings all others."""
    realm = principal.rpartition("@")[2]
    return f"krbtgt/{realm}@{realm}"
