"""What the entries of queues and histories say."""

from ganga.backends.batch.dialect import Entry
from ganga.model.observation import Observation


def said_of(entry: Entry) -> Observation:
    """That of an entry that does say how its job is."""
    assert entry.seen is not None
    return entry.seen
