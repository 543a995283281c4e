"""What the tests do to the services beside the roads under test."""

import asyncio
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from ganga.backends.dirac.diset import Client, Diset
from ganga.backends.dirac.envelopes import Envelope
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.proxy import Proxy
from tests.live.dirac_server.cfg import HTTPS_SERVICES, SERVICES, VO
from tests.live.dirac_server.servers import Site


def addresses(site: Site) -> Mapping[str, str]:
    dips = {service: site.ports.dips(service) for service in SERVICES}
    both = {service: f"{site.ports.https_url(service)}, {dips[service]}" for service in HTTPS_SERVICES}
    return {f"WorkloadManagement/{service}": urls for service, urls in (dips | both).items()}


def settings_of(site: Site, proxy: str = "user") -> Settings:
    return Settings(
        services=addresses(site),
        proxy=str(site.proxy(proxy)),
        authorities=str(site.authorities),
        organisation=VO,
        client_environment=str(site.python),
        dirac_cfg=str(site.folder / "client/etc/dirac.cfg"),
        timeout=60.0,
    )


def description(name: str, *, group: str = "tests", more: str = "") -> str:
    return f'[Executable="/bin/echo"; Arguments="hello"; JobName="{name}"; JobGroup="{group}"; {more}]'


def archive(folder: Path, **files: str) -> Path:
    place = folder / "sandbox.tar.bz2"
    with tarfile.open(place, "w:bz2") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, BytesIO(text.encode()))
    return place


class Admin:
    """Does to jobs what pilots and agents do."""

    def __init__(self, site: Site) -> None:
        self._site = site
        client = Client(organisation=VO)
        self._diset = Diset(Proxy(site.proxy("admin"), site.authorities), client, timeout=60)
        self._user = Diset(Proxy(site.proxy("user"), site.authorities), client, timeout=60)

    async def set_status(self, job: int, status: str, minor: str = "test", *, force: bool = True) -> None:
        url = self._site.ports.dips("JobStateUpdate")
        words = (job, status, minor, "Test", None, force)
        await self._diset.call(url, Envelope[object], "setJobStatus", *words)

    async def set_site(self, job: int, site: str) -> None:
        url = self._site.ports.dips("JobStateUpdate")
        await self._diset.call(url, Envelope[object], "setJobSite", job, site)

    async def report_output(self, job: int, lines: str) -> None:
        """As the watchdog of the job does with each sign of its life."""
        url = self._site.ports.dips("JobStateUpdate")
        await self._diset.call(url, Envelope[object], "sendHeartBeat", job, {}, {"StandardOutput": lines})

    def assign_output(self, job: int, sandbox: str) -> None:
        path = sandbox.partition("|")[2]
        found = f"SELECT SBId, 'Job:{job}', 'Output' FROM sb_SandBoxes WHERE SEPFN = '{path}'"  # noqa: S608 - our own
        self._site.sql(f"USE SandboxMetadataDB; INSERT INTO sb_EntityMapping (SBId, EntityId, Type) {found};")

    async def submit_unconfirmed(self, parametric: str) -> list[int]:
        """As the user, the first of the two calls only."""
        url = self._site.ports.dips("JobManager")
        return await self._user.call(url, Envelope[list[int]], "submitJob", parametric)

    async def report(self, job: int, news: Mapping[str, Mapping[str, str]]) -> None:
        """Of one job, several statuses by their times."""
        url = self._site.ports.dips("JobStateUpdate")
        await self._diset.call(url, Envelope[object], "setJobStatusBulk", job, news)

    async def download(self, sandbox: str, into: Path) -> None:
        """As the user whose sandbox it is; what an earlier try has left in its place is removed."""
        await asyncio.to_thread(into.unlink, missing_ok=True)
        url = self._site.ports.dips("SandboxStore")
        path = sandbox.partition("|")[2]
        await self._user.download(url, f"/WorkloadManagement/SandboxStore{path}", into, at_most=1 << 24)

    async def remove(self, job: int) -> None:
        url = self._site.ports.dips("JobManager")
        await self._diset.call(url, Envelope[object], "removeJob", [job])
