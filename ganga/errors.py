"""Every exception of ganga, in one tree.

The text of an error names the thing, what was expected and what to try. ``exit_code`` is what the command line ends
with when the error reaches it.
"""


class GangaError(Exception):
    """The root of the tree: catch it to catch all that ganga raises on purpose."""

    exit_code = 1


class UsageError(GangaError):
    """What was asked makes no sense: an unknown job, a value out of range. Asking again will not help."""

    exit_code = 2


class ConfigurationError(UsageError):
    """The settings cannot be used; the text names the setting and what it may be."""


class UnknownJob(UsageError):
    """There is no job with this id in the store."""


class UnknownTarget(UsageError):
    """There is no target with this name in the settings."""


class EventsForgotten(UsageError):
    """Some of the events that were asked for are no longer in the store; the text says which still are."""


class BackendError(GangaError):
    """A back end did not do what it was asked."""

    exit_code = 3


class BackendUnavailable(BackendError):
    """The back end could not be asked: ask again later. No job changes because of it."""

    def __init__(self, text: str = "", /, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        #: Seconds for which the back end asked to be left alone; None if it did not.
        self.retry_after = retry_after


class Overloaded(BackendUnavailable):
    """The service is asked too much, as it says itself (429 or 503 over HTTP): all who share its budget ask less."""


class BackendProtocolError(BackendError):
    """The back end answered with something that cannot be read: report a bug. No job changes because of it."""


class SubmissionRejected(BackendError):
    """The back end refuses this job: fix the job, asking again will not help."""

    exit_code = 1


class StoreError(GangaError):
    """The store did not do what it was asked."""

    exit_code = 3


class StoreUnavailable(StoreError):
    """The store could not be read or written just now (locked, disk full, connection lost): try again."""


class StoreDamaged(StoreError):
    """The file or database is not a store, or it is broken."""


class StoreTooNew(StoreError):
    """The store was written by a newer ganga; the text says which version is needed."""


class NotTrusted(StoreError):
    """Whose jobs they are no longer lets this role act for them: nothing was written, and nothing can be read."""


class LeaseLost(StoreError):
    """Another process has taken over the target: nothing was written, and nothing more may be."""


class FinishingError(GangaError):
    """What follows the end of a job could not be done this time; the text names the plug-in. It is tried again."""
