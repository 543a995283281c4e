"""Whom a system takes us for, and for how long: by a grid proxy, a token, a Kerberos ticket."""

from msgspec import Struct

from ganga.model.clock import Utc


class Identity(Struct, frozen=True, kw_only=True):
    """One identity at one system. Of several credentials that it takes, the one that ends first counts."""

    #: In the words of its users: ``ganga_user of lhcb_user``, ``ada@CERN.CH``.
    name: str
    #: When the credentials end that only a person can renew; None if nothing is known of an end.
    expires_at: Utc | None = None
    #: Seconds before that end from which on they are about to end.
    warn_before: float = 1800.0
    #: The commands by which a person renews them; empty if that is another matter.
    renew_by: str = ""

    @property
    def advice(self) -> str:
        """What is to be done when they are about to end."""
        return f"renew them: {self.renew_by}" if self.renew_by else "renew them"

    def about_to_end(self, at: Utc) -> bool:
        """Whether somebody should renew the credentials now; also when they have ended."""
        return self.expires_at is not None and at >= self.expires_at - self.warn_before
