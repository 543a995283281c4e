"""A file to which a system appends a line whenever a job ends: the news that jobs may have ended.

A line is a hint and no end. Systems also write one when a job goes back to the queue, and then run it again.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.road import News
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.tailing import GrowingFile
from ganga.model.ids import Cursor, NativeId


class EndsLog:
    """A `Source`.

    `read` tells the id of the job, the array task or the whole array that a line is about, or None for another line.
    """

    def __init__(
        self,
        shell: Shell,
        path: PurePosixPath,
        *,
        read: Callable[[bytes], NativeId | None],
        place: Callable[[NativeId], Place | None],
    ) -> None:
        self._file = GrowingFile(shell, path)
        self._read = read
        self._place = place

    async def news(self, since: Cursor | None, followed: Collection[NativeId], /) -> News:
        """See `Source.news`."""
        missed = since is None
        named: set[NativeId] = set()
        while True:
            growth = await self._file.read_on(since)
            since = growth.cursor
            missed = missed or growth.gap
            named.update(native_id for line in growth.records if (native_id := self._read(line)) is not None)
            if not growth.behind:
                hints = frozenset(self._meant(named, followed))
                return News(hints=hints, missed=frozenset(followed if missed else ()), cursor=since)

    def _meant(self, named: Collection[NativeId], followed: Collection[NativeId]) -> Iterable[NativeId]:
        """Those that are named, and the tasks of arrays that are named as a whole."""
        if not named:
            return ()
        places = {native_id: self._place(native_id) for native_id in followed}
        return (key for key, place in places.items() if key in named or (place is not None and place.job in named))
