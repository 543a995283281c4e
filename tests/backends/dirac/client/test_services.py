"""How the road asks DIRAC's client, and reads what that returns; the replies are those of DIRAC 9.1."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ganga.backends.dirac.client.services import ClientRoad, ClientServices
from ganga.backends.dirac.road import CredentialsExpired, Refused
from ganga.backends.dirac.services import JOBS_PER_CALL, MANAGER, MONITORING, SANDBOXES
from ganga.backends.web.proxy import Proxy
from ganga.errors import BackendUnavailable
from ganga.model.clock import from_rfc3339
from tests.backends.dirac.identities import Identities

ROW = {
    "Status": "Running",
    "MinorStatus": "Application",
    "ApplicationStatus": "Unknown",
    "LastUpdateTime": {"__dCls": "dt", "obj": "2026-11-22 17:01:04"},
    "Site": "LCG.CERN.cern",
    "JobName": "ganga-1",
    "JobGroup": "",
    "RescheduleCounter": 1,
    "StartExecTime": None,
    "EndExecTime": None,
}


class Recorded:
    """A `Caller` that gives recorded replies, by the method or the kind of the question."""

    stuck_threads = 2

    def __init__(self, **replies: object) -> None:
        self.replies = replies
        self.made_here = False
        self.asked: list[tuple[Mapping[str, object], bool]] = []
        self.titles: list[str] = []

    async def start(self) -> None:
        await asyncio.sleep(0)

    async def call(
        self, title: str, question: Mapping[str, object], *, safe: bool, transfer: float | None = None
    ) -> bytes:
        assert (transfer is not None) == (question["kind"] != "method")
        await asyncio.sleep(0)
        self.titles.append(title)
        self.asked.append((question, safe))
        if question["kind"] == "upload":
            assert await asyncio.to_thread(Path(str(question["path"])).read_bytes) == b"archive"
        reply = self.replies[str(question.get("method", question["kind"]))]
        return json.dumps({"result": reply, "made_here": self.made_here}).encode()

    async def close(self) -> None:
        await asyncio.sleep(0)


def road(caller: Recorded, identities: Identities, **addresses: str) -> ClientRoad:
    proxy = Proxy(identities.folder / "proxy.pem", None)
    given = {f"WorkloadManagement/{service}": urls for service, urls in addresses.items()}
    return ClientRoad(ClientServices(caller, proxy, given, timeout=30.0, largest_file=100), proxy)


def fine(value: object) -> dict[str, object]:
    return {"OK": True, "Value": value}


def failed(message: str, number: int = 0) -> dict[str, object]:
    return {"OK": False, "Message": message, "Errno": number}


async def test_whoever_waits_in_vain_is_told_for_which_server(identities: Identities) -> None:
    caller = Recorded(getJobsSummary=fine({}))
    await road(caller, identities).states([1])
    await road(caller, identities, JobMonitoring="dips://one:1/It, dips://two:2/It").states([1])
    service = "WorkloadManagement/JobMonitoring"
    assert caller.titles == [
        f"{service} at the address in DIRAC's own configuration: getJobsSummary",
        f"{service} at dips://one:1/It, dips://two:2/It: getJobsSummary",
    ]


async def test_states_are_read_as_on_the_other_roads(identities: Identities) -> None:
    caller = Recorded(getJobsSummary=fine({"7": ROW}))
    state = (await road(caller, identities).states([7, 8]))[7]
    assert (state.id, state.status, state.name, state.reschedules) == (7, "Running", "ganga-1", 1)
    assert state.updated_at == from_rfc3339("2026-11-22T17:01:04Z")
    ((question, safe),) = caller.asked
    assert safe
    assert question == {
        "kind": "method",
        "service": MONITORING,
        "method": "getJobsSummary",
        "arguments": [[7, 8]],
        "once": False,
        "addresses": [],
        "proxy": str(identities.folder / "proxy.pem"),
        "timeout": 30.0,
    }


async def test_many_jobs_are_asked_about_in_several_calls(identities: Identities) -> None:
    caller = Recorded(getJobsSummary=fine({}))
    assert await road(caller, identities).states(range(1, 2 * JOBS_PER_CALL + 2)) == {}
    assert len(caller.asked) == 3


async def test_what_changes_something_is_done_once_at_the_addresses_of_the_settings(identities: Identities) -> None:
    caller = Recorded(submitJob=fine(7))
    assert await road(caller, identities, JobManager="dips://a, dips://b").submit(["[]"]) == [7]
    ((question, safe),) = caller.asked
    assert not safe
    assert (question["service"], question["once"]) == (MANAGER, True)
    assert question["addresses"] == ["dips://a", "dips://b"]


async def test_sandboxes_go_through_files(identities: Identities, tmp_path: Path) -> None:
    name = "SB:SandboxSE|/SandBox/a.tar.bz2"
    caller = Recorded(
        upload=fine(name), download=fine(None), getSandboxesAssignedToEntity=fine({"Output": ["SB:SE|/a.tar.bz2"]})
    )
    archive = tmp_path / "archive"
    archive.write_bytes(b"archive")
    there = road(caller, identities)
    assert await there.upload(archive) == name
    assert await there.output(7, tmp_path)
    question = caller.asked[-1][0]
    assert (question["name"], question["largest"]) == (f"/{SANDBOXES}/a.tar.bz2", 100)
    assert question["path"] == str(tmp_path / "output-0.tar.bz2")


async def test_a_server_refuses_and_a_client_never_does(identities: Identities) -> None:
    caller = Recorded(submitJob=failed("Invalid JDL"), getJobsSummary=failed("Unauthorized query", 1111))
    there = road(caller, identities)
    with pytest.raises(Refused, match="JobManager: Invalid JDL"):
        await there.submit(["[]"])
    with pytest.raises(CredentialsExpired):
        await there.states([7])
    caller.made_here = True
    with pytest.raises(BackendUnavailable, match="could not ask"):
        await there.submit(["[]"])


async def test_a_proxy_that_is_not_there_is_not_asked_with(tmp_path: Path, identities: Identities) -> None:
    caller = Recorded()
    proxy = Proxy(tmp_path / "none", None)
    there = ClientRoad(ClientServices(caller, proxy, {}, timeout=1.0, largest_file=1), proxy)
    with pytest.raises(CredentialsExpired, match="there is no grid proxy"):
        await there.states([7])
    assert caller.asked == []
    assert road(caller, identities).stuck_threads == 2
