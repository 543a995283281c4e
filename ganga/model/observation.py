"""What a back end can say: of one job an `Observation`, of a question an `Answer`.

The most repeated defect of our field is to read silence as an end; the types make that mistake hard. A job in neither
part of an answer is one of which nothing was said, and nothing follows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from msgspec import Struct

from ganga.model.clock import Utc
from ganga.model.ids import Cursor, NativeId
from ganga.model.status import JobStatus


class Observation(Struct, frozen=True, kw_only=True, gc=False):
    """Positive evidence of one job. None means "not said", never "not so"."""

    #: Submitted, held, running, suspended, or how it ended: completed, failed, killed.
    status: JobStatus
    #: The back end's own word, as people search for it: ``OUT_OF_MEMORY``.
    native_status: str
    exit_code: int | None = None
    #: The number of the signal that ended it.
    signal: int | None = None
    #: Why it is as it is, in a sentence that a person can act on.
    reason: str | None = None
    started_at: Utc | None = None
    ended_at: Utc | None = None
    #: Where it runs, in the back end's own words: a site, a host, a node. This, the memory and the processor time are
    #: news only together with other news, so that a live job costs no write.
    place: str | None = None
    #: Bytes.
    peak_memory: int | None = None
    #: Seconds, user and system, of all its processes.
    cpu_time: float | None = None
    #: How often the back end has run this id again (requeued, rescheduled). A larger one is the next attempt.
    restart: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question about many jobs.

    `seen` is evidence; `absent` is a denial of ids that were asked for one by one; what is in neither was not spoken
    of.
    """

    seen: Mapping[NativeId, Observation] = field(default_factory=dict)
    absent: frozenset[NativeId] = frozenset()
    #: Where to take up the feed of changes, if this answer came from one.
    cursor: Cursor | None = None
    #: How many live jobs there were in all before this answer to a feed's question, with those of the same owner that
    #: are not ours; None if nobody counted.
    living: int | None = None

    def parts(self, size: int) -> Iterator["Answer"]:
        """The same answer in parts of at most `size` observations; all else comes with the last."""
        if len(self.seen) <= size:
            yield self
            return
        items = iter(self.seen.items())
        left = len(self.seen)
        while left > size:
            yield Answer(dict(islice(items, size)))
            left -= size
        yield Answer(dict(items), self.absent, self.cursor, self.living)
