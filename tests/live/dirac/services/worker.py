"""The worker of the tests for DIRAC's own services."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ganga.backends.dirac.road import Road
from ganga.backends.web.replies import NotSent
from tests.live.dirac.services.installation import Admin
from tests.live.dirac.worker import Worker, _list, _pack, _unpack, patiently
from tests.live.dirac_server.servers import Site


class ServiceWorker(Worker):
    """Tells of its jobs over DISET, whichever road they came by."""

    def __init__(self, road: Road, site: Site, admin: Admin, folder: Path) -> None:
        super().__init__(road, None, folder)  # type: ignore[arg-type] # - all that speaks to DiracX is overridden
        self._site = site
        self._admin = admin

    def _look(self) -> list[tuple[int, str, int, str]]:
        columns = "JobID, Status, RescheduleCounter, HEX(IF(JDL = '', OriginalJDL, JDL))"
        rows = self._site.sql(
            f"SELECT {columns} FROM JobDB.Jobs JOIN JobDB.JobJDLs USING (JobID)"  # noqa: S608 - our own
            " WHERE Status IN ('Received', 'Killed') AND JobName LIKE 'ganga-%'"
            # The record of a submission or of a reschedule is written last: a job cannot be reported on before its
            # first one is there, and a report that is earlier than a later one would stand before it in the history.
            " AND JobID IN (SELECT JobID FROM JobLoggingDB.LoggingInfo)"
            " AND RescheduleCounter <= (SELECT COUNT(*) FROM JobLoggingDB.LoggingInfo AS Records"
            " WHERE Records.JobID = Jobs.JobID AND Records.MinorStatus = 'Job Rescheduled')"
        )
        fields = [line.split("\t") for line in rows.splitlines()]
        return [(int(job), status, int(again), bytes.fromhex(jdl).decode()) for job, status, again, jdl in fields]

    async def report(self, job: int, *words: tuple[str, str], application: str = "") -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        said = {"Source": "JobWrapper"} | ({"ApplicationStatus": application} if application else {})
        news = {
            str(now + timedelta(milliseconds=number)): {**said, "Status": status, "MinorStatus": minor}
            for number, (status, minor) in enumerate(words)
        }
        # What broke off may have been written down, in part too, and would then be in the history twice.
        await patiently(lambda: self._admin.report(job, news), NotSent)

    async def _bring_inputs(self, jdl: dict[str, str], folder: Path) -> None:
        for number, name in enumerate(_list(jdl.get("InputSandbox", ""))):
            archive = folder.with_suffix(f".inputs-{number}")
            await patiently(partial(self._admin.download, name, archive))
            content = await asyncio.to_thread(archive.read_bytes)
            await asyncio.to_thread(_unpack, content, folder)

    async def _send_outputs(self, job: int, jdl: dict[str, str], folder: Path) -> None:
        archive = folder.with_suffix(".tar.bz2")
        await asyncio.to_thread(_pack, archive, folder, _list(jdl["OutputSandbox"]))
        name = await patiently(lambda: self._road.upload(archive))
        await asyncio.to_thread(self._admin.assign_output, job, name)
