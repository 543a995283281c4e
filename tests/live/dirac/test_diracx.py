"""The road over DiracX, against the real server."""

import io
import tarfile
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.diracx_records import Upload
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.doubt import LASTING
from ganga.backends.dirac.road import JobState, Refused
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc
from tests.live.dirac.conftest import description
from tests.live.diracx_server.running import DiracXServer


async def submitted(road: DiracX, group: str, jobs: int = 1) -> Sequence[int]:
    return await road.submit([description(f"{group}-{number}", group) for number in range(jobs)])


async def news(road: DiracX, since: Utc, owner: str = "alice") -> dict[int, JobState]:
    return {state.id: state async for page in road.changed(since, owner=owner) for state in page}


def stamp(diracx: DiracXServer, ids: Collection[int], at: str) -> None:
    diracx.change("UPDATE Jobs SET LastUpdateTime = ? WHERE JobID = ?", [(at, job) for job in ids])


async def test_what_changed_of_some_jobs_is_told_whoever_owns_them(
    road: DiracX, diracx: DiracXServer, group: str
) -> None:
    still, moving, other = await submitted(road, group, 3)
    stamp(diracx, [moving, other], "2031-01-01 00:00:00.000000")
    states = await road.states([moving])
    assert states[moving].owner == "alice"
    since = Utc(1_924_991_999.0)
    told = [page async for page in road.changed(since, ids=[still, moving, 99_999_999])]
    assert told == [[states[moving]]]


async def test_submitted_jobs_are_told_in_order(road: DiracX, group: str) -> None:
    ids = await submitted(road, group, 20)
    states = await road.states(ids)
    assert [states[job].name for job in ids] == [f"{group}-{number}" for number in range(20)]
    first = states[ids[0]]
    assert (first.status, first.minor_status, first.group) == ("Received", "Job accepted", group)
    assert first.updated_at == pytest.approx(await road.clock(), abs=30)
    assert (first.reschedules, first.started_at, first.ended_at) == (0, None, None)


async def test_more_jobs_at_once_than_the_server_takes_are_refused_in_its_words(road: DiracX, group: str) -> None:
    with pytest.raises(Refused, match="20"):
        await submitted(road, group, 21)
    assert await road.jobs(group=group) == {}


async def test_a_description_that_is_no_description_is_refused_when_that_lasts(
    road: DiracX, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words are those for a database that fails."""
    times = iter([0.0, LASTING])
    monkeypatch.setattr(road, "_now", lambda: next(times))
    with pytest.raises(BackendUnavailable, match="JDL syntax error"):
        await road.submit(["[ Executable = "])
    with pytest.raises(Refused, match="JDL syntax error"):
        await road.submit(["[ Executable = "])


async def test_a_job_that_is_not_there_is_denied_by_its_absence(road: DiracX, group: str) -> None:
    (job,) = await submitted(road, group)
    assert (await road.states([job, 987654321])).keys() == {job}
    assert await road.states([987654321]) == {}
    assert await road.states([]) == {}


async def test_more_jobs_than_the_default_page_of_the_server_are_all_seen(road: DiracX, group: str) -> None:
    ids = [job for _ in range(6) for job in await submitted(road, group, 20)]
    assert (await road.states(ids)).keys() == set(ids)
    assert (await road.jobs(group=group)).keys() == set(ids)


async def test_jobs_are_found_by_name_group_and_owner(road: DiracX, group: str) -> None:
    ids = await submitted(road, group, 3)
    assert (await road.jobs(names=[f"{group}-1", "nobody"])).keys() == {ids[1]}
    assert (await road.jobs(owner="alice", group=group)).keys() == set(ids)
    assert await road.jobs(owner="bob", group=group) == {}
    assert await road.jobs(names=[]) == {}


async def test_what_changed_in_the_second_asked_for_is_seen(road: DiracX, diracx: DiracXServer, group: str) -> None:
    """The server's ``gt`` cuts both sides to whole seconds and would leave out the rest of that second."""
    before, within, after = await submitted(road, group, 3)
    stamp(diracx, [before], "2090-01-01 00:00:09.999999")
    stamp(diracx, [within], "2090-01-01 00:00:10.000001")
    stamp(diracx, [after], "2090-01-01 00:00:10.974000")
    since = datetime(2090, 1, 1, 0, 0, 10, 973000, tzinfo=UTC).timestamp()
    assert (await news(road, Utc(since))).keys() == {within, after}
    stamp(diracx, [before, within, after], "2020-01-01 00:00:00.000000")


async def test_news_are_read_to_the_end_also_when_a_second_has_more_than_a_page(
    road: DiracX, diracx: DiracXServer, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.backends.dirac.diracx_road.PAGE", 3)
    ids = await submitted(road, group, 20)
    for number, job in enumerate(ids):
        stamp(diracx, [job], f"2091-01-01 00:00:{10 + number // 8:02d}.{900000 - number * 1000:06d}")
    seen = await news(road, Utc(datetime(2091, 1, 1, 0, 0, 10, tzinfo=UTC).timestamp()))
    assert seen.keys() == set(ids)
    stamp(diracx, ids, "2020-01-01 00:00:00.000000")


async def test_only_the_owners_news_are_told(road: DiracX, group: str) -> None:
    now = await road.clock()
    (job,) = await submitted(road, group)
    assert job in await news(road, Utc(now - 2))
    assert await news(road, Utc(now - 2), owner="bob") == {}


async def test_jobs_are_counted_by_status(road: DiracX, group: str) -> None:
    before = (await road.counts(owner="alice")).get("Received", 0)
    await submitted(road, group, 3)
    assert (await road.counts(owner="alice"))["Received"] == before + 3
    assert await road.counts(owner="bob") == {}


async def test_killed_and_deleted_jobs_say_so_and_killing_twice_is_once(road: DiracX, group: str) -> None:
    killed, deleted, other = await submitted(road, group, 3)
    await road.kill([killed])
    await road.kill([killed])
    await road.delete([deleted])
    await road.kill([])
    states = await road.states([killed, deleted, other])
    assert [states[job].status for job in (killed, deleted, other)] == ["Killed", "Deleted", "Received"]
    assert states[killed].minor_status == "Marked for termination"


async def test_a_job_is_killed_whose_last_news_are_from_the_future(road: DiracX, group: str) -> None:
    """The clocks of worker nodes are not the server's, and it ignores what seems older than the last news."""
    (job,) = await submitted(road, group)
    ahead = Utc(await road.clock() + 600.0)
    await road._report(
        {job: ahead}, {"Status": "Received", "MinorStatus": "From a worker node", "Source": "JobWrapper"}
    )
    await road.kill([job])
    assert (await road.states([job]))[job].status == "Killed"
    assert (await road.history([job]))[job][-1].at > ahead


async def test_what_ended_stays_as_it_ended(road: DiracX, diracx: DiracXServer, group: str) -> None:
    (job,) = await submitted(road, group)
    diracx.change("UPDATE Jobs SET Status = 'Done' WHERE JobID = ?", [(job,)])
    await road.kill([job])
    assert (await road.states([job]))[job].status == "Done"


async def test_jobs_of_others_are_refused(
    settings: Settings, road: DiracX, diracx: DiracXServer, tmp_path: Path
) -> None:
    (job,) = await submitted(road, "mine")
    theirs = diracx.login(tmp_path / "bob.json", other_user=True)
    async with open_road(Settings(diracx_url=settings.diracx_url, diracx_credentials=str(theirs))) as other:
        assert (await other.whoami()).owner == "bob"
        for verb in (other.kill, other.delete, other.reschedule):
            with pytest.raises(Refused, match=r"403.*Forbidden"):
                await verb([job])
    assert (await road.states([job]))[job].status == "Received"


async def test_a_rescheduled_job_counts_it(road: DiracX, group: str) -> None:
    (job,) = await submitted(road, group)
    await road.reschedule([job])
    state = (await road.states([job]))[job]
    assert (state.status, state.minor_status, state.reschedules) == ("Received", "Job Rescheduled", 1)


async def test_histories_come_in_bulk_and_in_order(road: DiracX, group: str) -> None:
    ids = await submitted(road, group, 3)
    await road.kill(ids[:1])
    histories = await road.history([*ids, 987654321])
    assert histories.keys() == set(ids)
    assert [change.status for change in histories[ids[0]]] == ["Received", "Killed"]
    assert [change.source for change in histories[ids[0]]] == ["JobManager", "ganga"]
    assert [change.status for change in histories[ids[1]]] == ["Received"]
    assert histories[ids[0]][0].at <= histories[ids[0]][1].at


async def test_whoami_is_what_the_token_says(road: DiracX) -> None:
    identity = await road.whoami()
    assert (identity.owner, identity.group, identity.organisation) == ("alice", "user", "testvo")
    assert identity.expires_at is not None
    assert identity.expires_at > await road.clock()


async def test_a_job_without_output_has_none(road: DiracX, group: str, tmp_path: Path) -> None:
    (job,) = await submitted(road, group)
    assert await road.output(job, tmp_path) is False
    assert content(tmp_path) == []


async def test_the_output_sandbox_comes_as_it_was_sent(road: DiracX, group: str, tmp_path: Path) -> None:
    (job,) = await submitted(road, group)
    archive = packed(tmp_path / "sandbox.tar.bz2", group.encode())
    name = await road.upload(archive)
    assert await road.upload(archive) == name
    await road._session.write("PATCH", f"/api/jobs/{job}/sandbox/output", name)
    into = tmp_path / "into"
    into.mkdir()
    assert await road.output(job, into) is True
    (brought,) = content(into)
    assert brought.name == "0.tar.bz2"
    assert brought.read_bytes() == archive.read_bytes()


async def test_a_sandbox_that_the_store_does_not_have_is_said_to_be_lost(
    road: DiracX, group: str, tmp_path: Path
) -> None:
    """DiracX knows of it from the beginning of its upload on, which never ends here."""
    (job,) = await submitted(road, group)
    sandbox = {"checksum_algorithm": "sha256", "checksum": token_hex(32), "size": 6, "format": "tar.bz2"}
    told = (await road._session.write("POST", "/api/jobs/sandbox", sandbox)).read(Upload, "DiracX")
    await road._session.write("PATCH", f"/api/jobs/{job}/sandbox/output", told.pfn)
    with pytest.raises(Refused, match="no longer has the file"):
        await road.output(job, tmp_path)


async def test_output_beyond_the_limit_is_refused(settings: Settings, road: DiracX, group: str, tmp_path: Path) -> None:
    (job,) = await submitted(road, group)
    name = await road.upload(packed(tmp_path / "sandbox.tar.bz2", b"large" * 99))
    await road._session.write("PATCH", f"/api/jobs/{job}/sandbox/output", name)
    narrow = Settings(diracx_url=settings.diracx_url, diracx_credentials=settings.diracx_credentials, largest_output=50)
    async with open_road(narrow) as road_of_little:
        with pytest.raises(Refused, match="largest_output"):
            await road_of_little.output(job, tmp_path)


def content(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def packed(file: Path, text: bytes) -> Path:
    with tarfile.open(file, "w:bz2") as archive:
        entry = tarfile.TarInfo("stdout")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return file
