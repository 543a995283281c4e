"""What can be wrong with a call beyond not getting through."""

from ganga.errors import BackendError, BackendUnavailable


class CredentialsExpired(BackendUnavailable):
    """The token or proxy is missing, expired or not accepted: no job changes, and asking works again once it is
    renewed.
    """


class Refused(BackendError):
    """The server was asked and said no, in its own words; asking the same again will not help."""
