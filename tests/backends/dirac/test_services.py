from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from ganga.backends.dirac.envelopes import Envelope, read, write
from ganga.backends.dirac.road import CredentialsExpired, Refused
from ganga.backends.dirac.services import JOBS_PER_CALL, ServiceRoad
from ganga.backends.web.proxy import Proxy
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from tests.backends.dirac.identities import Identities

T = TypeVar("T")


class Scripted:
    """`Services` whose replies are written down beforehand, by method; the last of each is repeated."""

    def __init__(self, **replies: Sequence[Mapping[str, object]]) -> None:
        self._replies = {method: list(said) for method, said in replies.items()}
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.files: list[tuple[str, Path]] = []

    async def envelope(
        self, service: str, kind: type[Envelope[T]], method: str, *arguments: object, safe: bool
    ) -> Envelope[T]:
        assert safe == method.startswith(("get", "ping", "whoami"))
        self.calls.append((method, arguments))
        replies = self._replies[method]
        return read(kind, write(replies.pop(0) if len(replies) > 1 else replies[0]), service)

    async def download(self, name: str, into: Path) -> None:
        self.files.append((name, into))

    async def upload(self, name: str, archive: bytes) -> str:
        return f"SB:SE|/{name}/{len(archive)}"

    async def place(self, service: str) -> str:
        return f"dips://localhost/{service}"

    async def close(self) -> None:
        """Nothing is open."""


def _ok(value: object, **more: object) -> Mapping[str, object]:
    return {"OK": True, "Value": value, **more}


def _error(message: str, number: int = 0) -> Mapping[str, object]:
    return {"OK": False, "Message": message, "Errno": number}


@pytest.fixture
def proxy(identities: Identities) -> Proxy:
    return Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem")


async def test_many_jobs_are_asked_for_in_parts_and_none_twice(proxy: Proxy) -> None:
    services = Scripted(getJobsSummary=[_ok({"1": {"Status": "Done"}}), _ok({"2000": {"Status": "Failed"}})])
    states = await ServiceRoad("dips", services, proxy).states([*range(1, 2001), 7, 7])
    assert {job: state.status for job, state in states.items()} == {1: "Done", 2000: "Failed"}
    parts = [arguments[0] for _, arguments in services.calls]
    assert parts == [list(range(1, JOBS_PER_CALL + 1)), list(range(JOBS_PER_CALL + 1, 2001))]


async def test_one_part_that_fails_is_no_whole_answer(proxy: Proxy) -> None:
    services = Scripted(getJobsSummary=[_ok({"1": {"Status": "Done"}}), _error("MySQL Error", 1131)])
    with pytest.raises(BackendUnavailable):
        await ServiceRoad("dips", services, proxy).states(range(1, 2001))


async def test_news_of_a_job_that_nobody_asked_for_is_not_believed(proxy: Proxy) -> None:
    services = Scripted(getJobsSummary=[_ok({"9": {"Status": "Done"}})])
    with pytest.raises(BackendUnavailable, match="not asked for: 9"):
        await ServiceRoad("dips", services, proxy).states([1])


async def test_a_refusal_to_tell_is_no_answer(proxy: Proxy) -> None:
    services = Scripted(getJobsSummary=[_error("I would rather not")])
    with pytest.raises(BackendUnavailable, match="I would rather not"):
        await ServiceRoad("dips", services, proxy).states([1])


async def test_what_changed_is_asked_with_whole_seconds_rounded_down(proxy: Proxy) -> None:
    services = Scripted(getJobs=[_ok(["2", "1", "2"])], getJobsSummary=[_ok({"1": {"Status": "Done"}})])
    road = ServiceRoad("dips", services, proxy)
    pages = [page async for page in road.changed(Utc(1_795_366_864.9), owner="alice")]
    assert [[state.id for state in page] for page in pages] == [[1]]
    assert services.calls == [
        ("getJobs", ({"Owner": "alice"}, "2026-11-22 17:01:04")),
        ("getJobsSummary", ([1, 2],)),
    ]


async def test_what_changed_of_these_jobs_is_one_question_too(proxy: Proxy) -> None:
    row = {"Status": "Done", "Owner": "bob"}
    services = Scripted(getJobs=[_ok(["2"])], getJobsSummary=[_ok({"2": row})])
    pages = [page async for page in ServiceRoad("dips", services, proxy).changed(Utc(0.0), ids={3, 2})]
    assert [[(state.id, state.owner) for state in page] for page in pages] == [[(2, "bob")]]
    assert services.calls[0] == ("getJobs", ({"JobID": [2, 3]}, "1970-01-01 00:00:00"))


async def test_nothing_changed_is_one_call(proxy: Proxy) -> None:
    services = Scripted(getJobs=[_ok([])])
    assert [page async for page in ServiceRoad("dips", services, proxy).changed(Utc(0.0), owner="alice")] == []
    assert len(services.calls) == 1


async def test_the_clock_is_read_once_a_minute(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    services = Scripted(ping=[_ok({"time": {"__dCls": "dt", "obj": "1970-01-02 00:00:00"}})])
    road = ServiceRoad("dips", services, proxy)
    assert await road.clock() == 86_400.0
    now += 30
    assert await road.clock() == 86_430.0
    assert len(services.calls) == 1
    now += 31
    assert await road.clock() == 86_400.0


async def test_one_job_and_parametric_jobs_are_submitted(proxy: Proxy) -> None:
    services = Scripted(submitJob=[_ok(5), _ok([6, 7])], confirmBulkSubmission=[_ok([6, 7])])
    road = ServiceRoad("dips", services, proxy)
    assert await road.submit(["one"]) == [5]
    assert await road.submit(["several"]) == [6, 7]
    assert [method for method, _ in services.calls] == ["submitJob", "submitJob", "confirmBulkSubmission"]


async def test_a_proxy_that_has_to_be_uploaded_is_said_once(proxy: Proxy, caplog: pytest.LogCaptureFixture) -> None:
    road = ServiceRoad("dips", Scripted(submitJob=[_ok(5, requireProxyUpload=True)]), proxy)
    await road.submit(["one"])
    await road.submit(["one more"])
    assert [record.message for record in caplog.records] == [
        "DIRAC has no proxy of yours to run your jobs with: upload one with `dirac-proxy-init -U`"
    ]


async def test_to_kill_what_has_ended_is_no_error(proxy: Proxy) -> None:
    killed = _ok({"1": {"Status": "Killed"}, "2": {"Status": "Done"}})
    running = _ok({"1": {"Status": "Killed"}, "2": {"Status": "Running"}})
    services = Scripted(killJob=[_error("Some jobs failed deletion")], getJobsSummary=[killed, running])
    road = ServiceRoad("dips", services, proxy)
    await road.kill([1, 2, 3])
    with pytest.raises(Refused, match="Some jobs failed deletion"):
        await road.kill([1, 2, 3])


async def test_histories_are_told_in_order_and_unknown_jobs_have_none(proxy: Proxy) -> None:
    line = ["Running", "Application", "step 1", "2026-11-22 17:01:04", "JobWrapper"]
    services = Scripted(getJobLoggingInfo=[_ok([line]), _error("No Logging information for job 2")])
    histories = await ServiceRoad("dips", services, proxy).history([1, 2])
    (change,) = histories[1]
    assert (change.status, change.at, change.source) == ("Running", 1_795_366_864.0, "JobWrapper")
    assert set(histories) == {1}


async def test_the_end_of_the_output_so_far_is_shown_as_it_was_reported(proxy: Proxy) -> None:
    services = Scripted(getJobParameter=[_ok({"StandardOutput": "step 1\nstep 2\n"}), _ok({}), _error("down", 1131)])
    road = ServiceRoad("dips", services, proxy)
    assert await road.peek(7) == "step 1\nstep 2\n"
    assert await road.peek(7) == ""
    with pytest.raises(BackendUnavailable):
        await road.peek(7)
    assert services.calls[0] == ("getJobParameter", (7, "StandardOutput"))


async def test_one_history_that_cannot_be_had_is_no_answer(proxy: Proxy) -> None:
    services = Scripted(getJobLoggingInfo=[_ok([]), _error("MySQL Error", 1131)])
    with pytest.raises(BackendUnavailable, match="MySQL"):
        await ServiceRoad("dips", services, proxy).history(range(10))


async def test_names_of_archives_are_ours(proxy: Proxy, tmp_path: Path) -> None:
    there = _ok({"Output": ["SB:SE|/SandBox/a/../../evil.tar.bz2", "SB:SE|/S3/x.tar.zst"], "Input": ["SB:SE|/in"]})
    services = Scripted(getSandboxesAssignedToEntity=[there, _ok({"Input": ["SB:SE|/in"]})])
    road = ServiceRoad("dips", services, proxy)
    assert await road.output(1, tmp_path)
    assert [place.name for _, place in services.files] == ["output-0.tar.bz2", "output-1.tar.zst"]
    assert {place.parent for _, place in services.files} == {tmp_path}
    assert not await road.output(1, tmp_path)


async def test_whoever_is_not_known_there_is_told_so(proxy: Proxy) -> None:
    services = Scripted(whoami=[_ok({"username": "anonymous", "group": "visitor"})])
    whom = "dips://localhost/WorkloadManagement/JobMonitoring does not know /DC=org/DC=example/O=Physics/CN=Jane Doe"
    with pytest.raises(CredentialsExpired, match=whom):
        await ServiceRoad("dips", services, proxy).whoami()


async def test_the_organisation_is_that_of_the_proxy_if_the_service_has_none(proxy: Proxy) -> None:
    services = Scripted(whoami=[_ok({"username": "jane", "group": "lhcb_user"})])
    who = await ServiceRoad("dips", services, proxy).whoami()
    assert (who.owner, who.group, who.organisation) == ("jane", "lhcb_user", "lhcb")
