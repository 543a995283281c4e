"""The road over DiracX: what the back end wants, in the words of its interface."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from ganga.backends.dirac.diracx_records import (
    COLUMNS,
    Count,
    Download,
    Filter,
    History,
    Inserted,
    Outcome,
    Row,
    Updates,
    Upload,
)
from ganga.backends.dirac.diracx_session import Session
from ganga.backends.dirac.doubt import Doubt
from ganga.backends.dirac.pages import ID, by_id, by_time
from ganga.backends.dirac.road import Identity, JobState, Refused
from ganga.backends.dirac.states import status_of
from ganga.backends.dirac.transfers import Transfers
from ganga.backends.web.replies import LONGEST_WORDS, Reply
from ganga.errors import BackendUnavailable, UsageError
from ganga.model.clock import Utc
from ganga.model.ids import shortened
from ganga.model.step import Step

#: Jobs on a page of a search; the server gives no more.
PAGE = 10_000
#: Jobs whose histories are asked for at once.
BATCH = 1_000
#: Seconds by which the server's clock may be ahead of what its replies say.
CLOCK_SLACK = 3.0
#: Says in the histories of jobs who changed them.
SOURCE = "ganga"

_NO_SUCH_PAGE = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
_RANGE = re.compile(r"jobs (\d+)-(\d+)/(\d+)")
_ARCHIVE = re.compile(r"([0-9a-f]{64})((?:\.[a-z0-9]+)+)\Z")

_log = logging.getLogger(__name__)


class DiracX:
    """See `Road`."""

    name = "diracx"
    # Lists, because DiracX 0.7 leaves what a parametric description makes in Submitting ("Bulk transaction
    # confirmation") for ever: it has no call that confirms them, as DIRAC's JobManager has.
    takes_lists = True

    def __init__(
        self, session: Session, store: Transfers, *, largest_output: int, now: Callable[[], float] = monotonic
    ) -> None:
        self._session = session
        self._store = store
        self._server = session.server
        self._largest_output = largest_output
        self._now = now
        self._doubt = Doubt()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.url}>"

    @property
    def expires_at(self) -> Utc | None:
        """See `Road.expires_at`."""
        return self._session.expires_at

    async def clock(self) -> Utc:
        """See `Road.clock`."""
        return await self._session.clock()

    async def states(self, ids: Collection[int], /) -> Mapping[int, JobState]:
        """See `Road.states`."""
        wanted = frozenset(ids)
        if not wanted:
            return {}
        page, more = await self._search([Filter(ID, "in", values=sorted(wanted))], (ID,))
        if more or not wanted.issuperset(state.id for state in page):
            raise BackendUnavailable(f"{self._server} sent other jobs than those asked for; asking again later")
        return {state.id: state for state in page}

    async def changed(
        self, since: Utc, /, *, owner: str | None = None, ids: Collection[int] | None = None
    ) -> AsyncIterator[Sequence[JobState]]:
        """See `Road.changed`."""
        filters = [] if owner is None else [Filter("Owner", "eq", owner)]
        filters += [] if ids is None else [Filter(ID, "in", values=sorted(ids))]
        async for page in by_time(self._search, filters, since):
            yield page

    async def jobs(
        self, *, owner: str | None = None, group: str | None = None, names: Collection[str] | None = None
    ) -> Mapping[int, JobState]:
        """See `Road.jobs`."""
        filters = [] if owner is None else [Filter("Owner", "eq", owner)]
        filters += [] if group is None else [Filter("JobGroup", "eq", group)]
        filters += [] if names is None else [Filter("JobName", "in", values=sorted(names))]
        if names is not None and not names:
            return {}
        return {state.id: state async for page in by_id(self._search, filters) for state in page}

    async def counts(self, *, owner: str) -> Mapping[str, int]:
        """See `Road.counts`."""
        question = {"grouping": ["Status"], "search": [Filter("Owner", "eq", owner)]}
        reply = await self._session.read("POST", "/api/jobs/summary", question)
        return {row.status: row.count for row in reply.read(list[Count], self._server)}

    async def upload(self, archive: Path, /) -> str:
        """See `Road.upload`."""
        checksum, size = await asyncio.to_thread(_fingerprint, archive)
        sandbox = {"checksum_algorithm": "sha256", "checksum": checksum, "size": size, "format": "tar.bz2"}
        place = (await self._session.write("POST", "/api/jobs/sandbox", sandbox)).read(Upload, self._server)
        if place.url is not None:
            await self._store.upload(place.url, place.fields, archive)
        return place.pfn

    async def submit(self, descriptions: Sequence[str], /) -> Sequence[int]:
        """See `Road.submit`; the server takes 20 at once unless its site has changed that."""
        if not descriptions:
            return []
        try:
            reply = await self._session.write("POST", "/api/jobs/jdl", descriptions)
        except Refused as error:
            if not self._doubt.about(str(error), self._now()):
                raise
            _log.warning("%s, which it also says while its database fails: it will be asked again", error)
            raise BackendUnavailable(str(error)) from error
        self._doubt.dispelled()
        ids = [job.job_id for job in reply.read(list[Inserted], self._server)]
        if len(descriptions) > 1 and len(ids) != len(descriptions):
            raise BackendUnavailable(f"{self._server} took {len(descriptions)} jobs and told of {len(ids)}")
        return ids

    async def kill(self, ids: Collection[int], /) -> None:
        """See `Road.kill`."""
        await self._set_status(ids, "Killed", "Marked for termination")

    async def delete(self, ids: Collection[int], /) -> None:
        """See `Road.delete`."""
        await self._set_status(ids, "Deleted", "Checking accounting")

    async def reschedule(self, ids: Collection[int], /) -> None:
        """See `Road.reschedule`. Of jobs that have ended the server counts it and leaves them as they are: these are
        not asked for.
        """
        ended = [state for state in (await self.states(ids)).values() if status_of(state).final]
        if left := set(ids).difference(state.id for state in ended):
            reply = await self._session.write("POST", "/api/jobs/reschedule", {"job_ids": sorted(left)})
            self._check(reply, "reschedule")
        if ended:
            raise Refused(
                f"{self._server} runs no job again that has ended, such as {ended[0].id} ({ended[0].status}): submit it"
                " anew, or reschedule it by way of DIRAC's services"
            )

    async def history(self, ids: Collection[int], /) -> Mapping[int, Sequence[Step]]:
        """See `Road.history`."""
        wanted = sorted(set(ids))
        told: dict[int, Sequence[Step]] = {}
        for start in range(0, len(wanted), BATCH):
            told |= await self._histories(wanted[start : start + BATCH])
        return told

    async def peek(self, job: int, /) -> str:
        """See `Road.peek`: the server keeps what jobs report of their output, and has no call that gives it back."""
        raise UsageError(
            f"DiracX shows no output of job {job} while it runs: wait for its end, or ask a target with"
            ' road = "https" or "dips" for it'
        )

    async def output(self, job: int, into: Path, /) -> bool:
        """See `Road.output`."""
        reply = await self._session.read("GET", f"/api/jobs/{job}/sandbox/output")
        names = [name for name in reply.read(list[str | None], self._server) if name]
        for number, name in enumerate(names):
            await self._download(name, into, number)
        return bool(names)

    async def whoami(self) -> Identity:
        """See `Road.whoami`."""
        return await self._session.identity()

    async def close(self) -> None:
        """See `Road.close`."""
        await self._session.close()
        await self._store.close()

    async def _histories(self, ids: Sequence[int]) -> Mapping[int, Sequence[Step]]:
        reply = await self._page([ID, "LoggingInfo"], [Filter(ID, "in", values=ids)], (ID,))
        rows = reply.read(list[History], self._server)
        if self._more(reply, len(rows)):
            raise BackendUnavailable(f"{self._server} sent the histories of other jobs; asking again later")
        return {row.job_id: row.steps() for row in rows}

    async def _search(self, filters: Sequence[Filter], order: Sequence[str], /) -> tuple[Sequence[JobState], bool]:
        """See `pages.Search`."""
        reply = await self._page(COLUMNS, filters, order)
        rows = reply.read(list[Row], self._server)
        return [row.state() for row in rows], self._more(reply, len(rows))

    async def _page(self, columns: Sequence[str], filters: Sequence[Filter], order: Sequence[str]) -> Reply:
        question = {
            "parameters": columns,
            "search": filters,
            "sort": [{"parameter": column, "direction": "asc"} for column in order],
        }
        path = f"/api/jobs/search?page=1&per_page={PAGE}"
        return await self._session.read("POST", path, question, expected=(_NO_SUCH_PAGE,))

    def _more(self, reply: Reply, rows: int) -> bool:
        """Whether there are more jobs than these rows, by the range that a part of them comes with."""
        if reply.status == HTTPStatus.OK:
            return False
        said = _RANGE.fullmatch(reply.headers.get("Content-Range", ""))
        first, last, total = map(int, said.groups()) if said else (0, 0, 0)
        if first != 0 or not rows or last != rows - 1 or total < rows:
            raise BackendUnavailable(f"{self._server} sent part of a page of jobs; asking again later")
        return total > rows

    async def _set_status(self, ids: Collection[int], status: str, minor_status: str) -> None:
        """An update that seems older than the last news of a job changes nothing there. So it is dated a little later
        than now, and once more behind the last news where a clock that runs ahead has dated these.
        """
        if not ids:
            return
        news = {"Status": status, "MinorStatus": minor_status, "Source": SOURCE}
        ignored = await self._report(dict.fromkeys(ids, Utc(await self.clock() + CLOCK_SLACK)), news)
        if ignored:
            ignored = await self._report(await self._behind(ignored), news)
        if ignored:
            raise BackendUnavailable(f"{self._server} does not set {len(ignored)} jobs to {status}; asking again later")

    async def _behind(self, ids: Collection[int]) -> Mapping[int, Utc]:
        """A time for each of these jobs that is later than its last news."""
        histories = await self.history(ids)
        now = await self.clock() + CLOCK_SLACK
        return {job: Utc(max([now, *(step.at + 1.0 for step in histories.get(job, ()))])) for job in ids}

    async def _report(self, times: Mapping[int, Utc], news: Mapping[str, str]) -> Collection[int]:
        """The same news of jobs, each with its time. Returns the jobs for which the server ignored it."""
        content = {job: {datetime.fromtimestamp(at, UTC).isoformat(): news} for job, at in sorted(times.items())}
        reply = await self._session.write("PATCH", "/api/jobs/status", content)
        self._check(reply, news["Status"])
        return [job for job, told in reply.read(Updates, self._server).success.items() if told.status is None]

    def _check(self, reply: Reply, what: str) -> None:
        failed = reply.read(Outcome, self._server).failed
        if failed:
            job, reason = next(iter(failed.items()))
            words = shortened(bytes(reason).decode(errors="replace"), LONGEST_WORDS)
            raise Refused(f"{self._server} refused {what!r} for {len(failed)} jobs, of which {job}: {words}")

    async def _download(self, name: str, into: Path, number: int) -> None:
        said = _ARCHIVE.search(name)
        if said is None:
            raise BackendUnavailable(f"{self._server} has an output sandbox of an unknown kind: {name}")
        reply = await self._session.read("GET", f"/api/jobs/sandbox?pfn={quote(name, safe='')}")
        file = into / f"{number}{said[2]}"
        await self._store.download(reply.read(Download, self._server).url, file, at_most=self._largest_output)
        if (await asyncio.to_thread(_fingerprint, file))[0] != said[1]:
            await asyncio.to_thread(file.unlink)
            raise BackendUnavailable(f"an output sandbox of {self._server} was damaged on its way; asking again later")


def _fingerprint(file: Path) -> tuple[str, int]:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest(), content.tell()
