"""The verbs of the library: what they take, what they return, and that no end is missed or told too soon."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace

import ganga
from ganga.backends.base import Retrieval, Retrieved, Stream
from ganga.client import PAGE, Client
from ganga.errors import EventsForgotten, UnknownJob, UnknownTarget, UsageError
from ganga.model.event import Event, EventKind
from ganga.model.ids import JobId, NativeId, Seq, TargetName
from ganga.model.job import JobSpec, Plugin, Resubmission, Share
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from ganga.model.update import Update
from ganga.store.base import Lease
from ganga.store.ends import is_over
from ganga.store.memory import MemoryStore
from ganga.testing.world import Script
from tests.monitor.doubles import Odd, Site, TroubledStore, at, scripted, target, virtual

SITE = TargetName("site")
TRUE = JobSpec(command=("true",), folder="/")


class CountingStore(TroubledStore):
    """Counts the records that are read."""

    records_read = 0

    async def get(self, jobs: Sequence[JobId]) -> list[ganga.Job]:
        self.records_read += len(jobs)
        return await super().get(jobs)


@asynccontextmanager
async def opened(site: Site, *, monitoring: bool = True) -> AsyncIterator[Client]:
    async with site.service(monitoring=monitoring) as service:
        yield Client(site.store, site.workspace, service, default_target=SITE)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "home", target("site", scripted()), store=CountingStore())


@pytest.fixture
async def client(site: Site) -> AsyncIterator[Client]:
    """Of a process that looks after no target."""
    async with opened(site, monitoring=False) as client:
        yield client


async def spec_of(client: Client, job: ganga.Job) -> JobSpec:
    return (await client.store.specifications([job.id]))[job.id][0]


async def end(store: MemoryStore, *jobs: JobId, status: JobStatus = JobStatus.COMPLETED) -> None:
    """What a monitor would write."""
    lease = Lease(SITE, 1)
    if await store.holder(SITE) is None:
        taken = await store.acquire(SITE, "test")
        assert taken is not None
        lease = taken
    records = [replace(record, status=status, ended_at=at(1)) for record in await store.get(jobs)]
    kind = EventKind.STATUS_CHANGED
    events = [Event(at=at(1), kind=kind, target=SITE, job=record.id, new=status) for record in records]
    await store.save(Update(SITE, tuple(records), events=tuple(events)), lease)


# Submit


async def test_a_command_runs_in_the_present_folder(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = await client.submit("echo 'a b' c", name="x", environment={"A": "b"})
    assert await spec_of(client, job) == JobSpec(
        command=("echo", "a b", "c"), name="x", environment={"A": "b"}, folder=str(tmp_path)
    )
    assert (job.status, job.target) == (JobStatus.SUBMITTING, SITE)
    assert client.workspace.environment(job.id) is not None


async def test_a_folder_that_was_chosen_is_told_from_the_present_one(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if they are the same."""
    monkeypatch.chdir(tmp_path)
    present = await spec_of(client, await client.submit(["true"]))
    chosen = await spec_of(client, await client.submit(["true"], folder="."))
    assert (present.folder, present.folder_chosen) == (str(tmp_path), False)
    assert (chosen.folder, chosen.folder_chosen) == (str(tmp_path), True)


async def test_one_that_declares_files_runs_in_a_folder_of_its_own(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text("1")
    spec = await spec_of(client, await client.submit(["cat", "data"], inputs=["data"], outputs=["*.txt"]))
    assert (spec.folder, spec.inputs, spec.outputs) == (None, (str(tmp_path / "data"),), ("*.txt",))
    spec = await spec_of(client, await client.submit(["cat", "data"], outputs=["*.txt"], folder="sub"))
    assert spec.folder == str(tmp_path / "sub")


@pytest.mark.parametrize(
    ("program", "inputs", "named"),
    [
        ("./script.sh", [], "{here}/script.sh"),
        ("tools/run", [], "{here}/tools/run"),
        ("./script.sh", ["script.sh"], "./script.sh"),
        ("tools/run", ["tools"], "tools/run"),
        ("./missing.sh", [], "./missing.sh"),
        ("script.sh", [], "script.sh"),
        ("/bin/true", [], "/bin/true"),
    ],
)
async def test_a_program_that_is_a_file_here_is_found_from_there(
    client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    inputs: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tools").mkdir()
    for script in ("script.sh", "tools/run"):
        (tmp_path / script).touch()
    spec = await spec_of(client, await client.submit([program, "arg"], inputs=inputs, outputs=["out"]))
    assert spec.command == (named.format(here=tmp_path), "arg")
    spec = await spec_of(client, await client.submit([program]))
    assert spec.command == (program,), "in the present folder it is found as it is"


async def test_all_else_is_taken_as_it_is(client: Client) -> None:
    again = Resubmission(attempts=3, reasons=("time.*",))
    plugin = Plugin("text", {"pattern": "ERROR"})
    job = await client.submit(
        ["true"],
        folder="/",
        subjobs=[Share(arguments=("1",)), Share()],
        checkers=[plugin],
        mergers=["text"],
        resubmission=again,
    )
    spec = await spec_of(client, job)
    assert (spec.checkers, spec.mergers, spec.resubmission) == ((plugin,), (Plugin("text"),), again)
    assert job.subjobs == 2
    assert (await client.submit(["true"], folder="/", subjobs=3)).subjobs == 3
    assert await spec_of(client, await client.submit(TRUE)) == TRUE


@pytest.mark.parametrize(
    ("command", "options", "error"),
    [
        ("", {}, "there is no command"),
        ([], {}, "there is no command"),
        ([""], {}, "there is no command"),
        (JobSpec(command=()), {}, "there is no command"),
        ("echo 'a", {}, "cannot be divided into words"),
        (["a\0b"], {}, "NUL"),
        (["a"], {"subjobs": 0}, "0 subjobs are not possible"),
        (["a"], {"subjobs": [Share(arguments=("\0",))]}, "NUL"),
        (["a"], {"subjobs": [Share(environment={"=": ""})]}, "no name of an environment variable"),
        (["a"], {"environment": {"A=B": "c"}}, "'A=B' is no name of an environment variable"),
        (["a"], {"environment": {"": "c"}}, "no name of an environment variable"),
        (["a"], {"environment": {"A": "c\0"}}, "NUL"),
        (["a"], {"inputs": ["/does/not/exist"]}, "/does/not/exist"),
        (["a"], {"checkers": ["nonsense"]}, "there is no checker 'nonsense'"),
        (["a"], {"resubmission": Resubmission(attempts=2, reasons=("(",))}, "not a regular expression"),
        (["a"], {"target": "nowhere"}, "there is no target 'nowhere' in the settings; known targets: site"),
    ],
)
async def test_what_no_job_can_be_made_of_is_refused(
    client: Client, command: str | list[str] | JobSpec, options: dict[str, object], error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        await client.submit(command, **options)  # type: ignore[arg-type]  # a table of keywords
    assert await client.store.last_seq() == 0


async def test_a_folder_that_was_removed_is_told(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="the present folder was removed"):
        await client.submit(["true"])
    with pytest.raises(UsageError, match="the present folder was removed"):
        await client.submit(["true"], inputs=["data"])
    with pytest.raises(UsageError, match="the present folder was removed"):
        await client.submit(["./script"], outputs=["data"])
    assert (await client.submit(["true"], folder="/")).id == "1"
    assert (await client.submit(["true"], outputs=["out"])).id == "2"
    monkeypatch.chdir("/")


async def test_a_copy_is_like_the_job_and_new(client: Client) -> None:
    shares = [Share(arguments=(str(number),)) for number in range(3)]
    await client.submit(TRUE, subjobs=shares)
    twin = await client.copy("1", name="twin")
    assert (twin.id, twin.status, twin.name, twin.subjobs) == ("2", JobStatus.NEW, "twin", 3)
    found = await client.store.specifications([JobId("2.1")])
    assert found[JobId("2.1")][1] == shares[1]
    plain = await client.copy(await client.submit(TRUE), target="site")
    assert (plain.name, plain.subjobs) == ("", None)
    assert await client.resubmit(plain, 1) == [plain.id]


class Site2(Odd):
    """A back end that adopts, and shows output while it is written."""

    async def adopt(self, references: Sequence[str], /) -> Mapping[NativeId, Observation]:
        seen = Observation(status=JobStatus.RUNNING, native_status="R", started_at=at(-5), place="node7")
        return {NativeId(reference): seen for reference in references}

    async def read(self, native_id: NativeId, stream: Stream, offset: int, /) -> bytes:
        return f"{native_id} {stream}".encode()[offset:]

    async def fetch(self, retrievals: Sequence[Retrieval], /) -> Mapping[NativeId, Retrieved]:
        for retrieval in retrievals:
            (retrieval.into / "stdout").write_bytes(b"all of it")
        return {retrieval.native_id: Retrieved() for retrieval in retrievals}


async def test_jobs_of_others_are_adopted_and_read(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", Site2()), target("other", scripted()))
    async with opened(site, monitoring=False) as client:
        [first, second] = await client.track("site", "123", "456")
        assert (first.native_id, first.status, first.submitted_at) == ("123", JobStatus.RUNNING, at(-5))
        assert second.place == "node7"
        assert await client.read(second) == b"456 stdout"
        assert await client.read(second, Stream.STDERR, 4) == b"stderr"
        with pytest.raises(UsageError, match="target other cannot follow jobs that something else submitted"):
            await client.track("other", "123")
        with pytest.raises(UsageError, match="456 is followed already, as job 2"):
            await client.track("site", "789", "456")
        with pytest.raises(UnknownTarget):
            await client.track("nowhere", "123")


# Read and fetch


async def test_output_is_read_where_it_is(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", Site2()), target("other", scripted()))
    async with opened(site, monitoring=False) as client:
        waiting = await client.submit(TRUE)
        assert await client.read(waiting) == b"", "it has not begun"
        with pytest.raises(UsageError, match="job 1 is submitting"):
            await client.fetch(waiting)
        [job] = await client.track("site", "123")
        await end(site.store, job.id)
        assert await client.read(job) == b"", "it is not at home"
        assert await client.fetch(job) == await client.fetch(job) == client.workspace.output(job.id, 1)
        assert await client.read(job, offset=7) == b"it"
        await end(site.store, waiting.id, status=JobStatus.KILLED)
        with pytest.raises(UsageError, match="job 1 has no output: it was never submitted"):
            await client.fetch(waiting)
        whole = await client.submit(TRUE, subjobs=2)
        await end(site.store, whole.id)
        with pytest.raises(UsageError, match=r"merged no output; fetch that of a subjob, such as 3\.0"):
            await client.fetch(whole)


@virtual
async def test_not_every_back_end_shows_output_before_the_end(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(running=100.0))))
    async with opened(site) as client:
        job = await client.submit(TRUE)
        await site.until(job.id, JobStatus.RUNNING)
        with pytest.raises(UsageError, match="shows no output before the job has ended"):
            await client.read(job)


# Select, targets


async def test_jobs_are_selected_page_by_page(client: Client) -> None:
    for number in range(3):
        await client.submit(replace(TRUE, name=f"fit-{number}"), subjobs=None)
    await client.submit(TRUE, subjobs=PAGE + 5)
    assert [job.id async for job in client.select(name="fit-[02]")] == ["3", "1"]
    assert len([job async for job in client.select(parent=4, subjobs=True)]) == PAGE + 5
    assert [job.id async for job in client.select(status="submitting", target="site")] == ["4", "3", "2", "1"]
    assert [job async for job in client.select(status=[JobStatus.FAILED, "lost"], target=["site"])] == []
    with pytest.raises(UsageError, match="'done' is not a valid JobStatus; expected one of new, submitting"):
        await anext(client.select(status="done"))


async def test_targets_are_told_paused_and_resumed(client: Client) -> None:
    assert client.targets == (SITE,)
    assert not (await client.target_states())[SITE].paused
    await client.pause("site")
    assert (await client.target_states())[SITE].paused
    await client.resume("site")
    assert not (await client.target_states())[SITE].paused
    with pytest.raises(UnknownTarget):
        await client.pause("nowhere")


# Wait


async def started(waiting: "asyncio.Task[list[ganga.Job]]") -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()


async def test_waits_for_all(client: Client, site: Site) -> None:
    jobs = [await client.submit(TRUE) for _ in range(3)]
    await end(site.store, jobs[0].id)
    waiting = asyncio.create_task(client.wait(*jobs, jobs[0]))
    await started(waiting)
    await end(site.store, jobs[2].id)
    await started(waiting)
    await end(site.store, jobs[1].id, status=JobStatus.FAILED)
    statuses = [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.COMPLETED]
    assert [job.status for job in await waiting] == statuses
    assert await client.wait() == []


async def test_waits_for_any(client: Client, site: Site) -> None:
    jobs = [await client.submit(TRUE) for _ in range(3)]
    waiting = asyncio.create_task(client.wait(*jobs, any=True))
    await started(waiting)
    await end(site.store, jobs[1].id)
    assert [job.status.final for job in await waiting] == [False, True, False]
    assert len(await client.wait(*jobs, any=True)) == 3


async def test_waits_no_longer_than_asked_for(client: Client) -> None:
    job = await client.submit(TRUE)
    with pytest.raises(TimeoutError):
        await client.wait(job, timeout=0.01)


async def test_a_job_that_is_removed_meanwhile_is_waited_for_no_more(client: Client) -> None:
    job = await client.copy(await client.submit(TRUE))
    waiting = asyncio.create_task(client.wait(job))
    await started(waiting)
    await client.remove(job)
    with pytest.raises(UnknownJob):
        await waiting


async def test_waiting_for_many_costs_what_changes(client: Client, site: Site) -> None:
    assert isinstance(site.store, CountingStore)
    jobs = [await client.submit(TRUE) for _ in range(500)]
    others = [await client.submit(TRUE) for _ in range(50)]
    waiting = asyncio.create_task(client.wait(*jobs))
    await started(waiting)
    for other in others:
        await end(site.store, other.id)
    site.store.records_read = 0
    for job in jobs:
        await end(site.store, job.id)
        await asyncio.sleep(0)
    await waiting
    # Each once by `end`, each once or twice by the wait, and all at its end.
    assert site.store.records_read <= 500 + 2 * 500 + 500


async def test_a_job_is_not_over_while_more_is_asked_for(client: Client, site: Site) -> None:
    single, whole = await client.submit(TRUE), await client.submit(TRUE, subjobs=2)
    parts = [JobId(f"{whole.id}.{index}") for index in range(2)]
    await end(site.store, single.id, *parts, whole.id, status=JobStatus.FAILED)
    await client.wait(single, whole)
    assert await client.resubmit(single, whole) == [single.id, whole.id]
    for job in (single, whole):
        record = await client.get(job)
        assert record.status is JobStatus.FAILED
        assert not await is_over(client.store, record)
        with pytest.raises(TimeoutError):
            await client.wait(job, timeout=0.01)


@virtual
async def test_a_job_that_is_submitted_again_is_waited_for(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(running=5.0, exit_code=1))))
    async with opened(site) as client:
        whole = await client.submit(TRUE, subjobs=3)
        await client.wait(whole)
        await client.resubmit(whole)
        await client.wait(whole)
        assert {job.attempt async for job in client.select(parent=whole)} == {2}


# Events


async def test_events_are_replayed_and_followed(client: Client) -> None:
    first = await client.submit(TRUE)
    assert [event.kind async for event in client.events(0, follow=False)] == [EventKind.JOB_CREATED]
    assert [event async for event in client.events(follow=False)] == []
    async with aclosing(client.events()) as events:
        coming = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await client.refresh(first)
        assert (await coming).kind is EventKind.REFRESH_REQUESTED


async def test_more_events_than_fit_on_a_page_are_all_told(client: Client) -> None:
    job = await client.submit(TRUE)
    for _ in range(PAGE + 1):
        await client.refresh(job)
    assert [event.seq async for event in client.events(0, follow=False)] == list(range(1, PAGE + 3))


async def test_who_is_behind_forgotten_events_is_told(client: Client, site: Site) -> None:
    job = await client.submit(TRUE)
    for _ in range(4):
        await client.refresh(job)
    await site.store.forget_events(Seq(3))
    assert [event.seq async for event in client.events(0, follow=False)] == [4, 5]
    assert [event.seq async for event in client.events(3, follow=False)] == [4, 5]
    with pytest.raises(EventsForgotten, match="read on behind 3"):
        await anext(client.events(2, follow=False))


async def test_only_those_of_one_job_and_its_subjobs(client: Client, site: Site) -> None:
    whole, other = await client.submit(TRUE, subjobs=2), await client.submit(TRUE)
    async with aclosing(client.events(0, job=whole)) as events:
        assert (await anext(events)).kind is EventKind.JOB_CREATED
        coming = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await end(site.store, other.id)
        await asyncio.sleep(0)
        await end(site.store, JobId(f"{whole.id}.1"))
        assert (await coming).job == f"{whole.id}.1"


# Callbacks


async def test_a_callback_hears_everything_and_may_raise(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Seq] = []
    enough = asyncio.Event()

    async def hear(event: Event) -> None:
        await asyncio.sleep(0)
        heard.append(event.seq)
        if len(heard) == 3:
            enough.set()
        if event.seq == 1:
            raise ValueError("not yet")

    with caplog.at_level(logging.ERROR):
        await client.submit(TRUE)
        async with client.calling(hear, after=0), asyncio.timeout(60):
            await client.submit(TRUE)
            await client.submit(TRUE)
            await enough.wait()
    assert heard == [1, 2, 3]
    assert "not yet" in caplog.text


async def test_a_plain_function_may_be_called_too(client: Client) -> None:
    heard: list[Event] = []
    came = asyncio.Event()

    def hear(event: Event) -> None:
        heard.append(event)
        came.set()

    async with client.calling(hear), asyncio.timeout(60):
        await asyncio.sleep(0)
        await client.submit(TRUE)
        await came.wait()
    assert [event.kind for event in heard] == [EventKind.JOB_CREATED]


# Act


async def test_kills_are_requested_in_our_name(client: Client) -> None:
    job = await client.submit(TRUE)
    assert await client.kill(job, str(job.id)) == [job.id]
    assert (await client.get(1)).kill_requested_by == (await client.store.events(Seq(1)))[0].reason
    assert "@" in ((await client.get(1)).kill_requested_by or "")


async def test_removed_jobs_leave_no_files(client: Client) -> None:
    job = await client.copy(await client.submit(TRUE))
    folder = client.workspace.folder(job.id)
    assert folder.is_dir()
    await client.remove(job)
    assert not folder.exists()
    with pytest.raises(UsageError):
        await client.remove("1")


@pytest.mark.parametrize("name", ["x", "0", "1.x", 0, "-1", "1" * 30])
async def test_what_is_no_id_is_refused(client: Client, name: str | int) -> None:
    with pytest.raises(UsageError, match="is not a job id"):
        await client.get(name)


# The real thing


async def test_a_local_job_through_a_store_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ganga.toml").write_text("[targets.local]\nlinger = 0.2\n")
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\necho hello > out.txt\n")
    script.chmod(0o700)
    async with ganga.open(tmp_path / "home", config=tmp_path / "ganga.toml") as client:
        job = await client.submit("./script.sh", outputs=["*.txt"], environment={"A": "b"})
        [ended] = await client.wait(job, timeout=100)
        assert (ended.status, ended.reason) == (JobStatus.COMPLETED, None)
        assert (await client.fetch(job) / "out.txt").read_text() == "hello\n"
        await client.service.settle([job.id])


@pytest.mark.parametrize(
    "wish",
    [
        {"command": ["true", 5]},
        {"command": ["true"], "environment": {"A": 1}},
        {"command": ["true"], "resubmission": 3},
        {"command": ["true"], "subjobs": [Share(arguments=cast("tuple[str, ...]", (7,)))]},
    ],
)
async def test_what_has_the_wrong_type_is_refused(tmp_path: Path, wish: dict[str, Any]) -> None:
    async with opened(Site(tmp_path, target("site", scripted())), monitoring=False) as client:
        with pytest.raises(UsageError, match="no job can be made of this: Expected"):
            await client.submit(**wish)


async def test_a_wait_that_takes_too_long_says_so(tmp_path: Path) -> None:
    async with opened(Site(tmp_path, target("site", scripted())), monitoring=False) as client:
        job = await client.submit(TRUE)
        with pytest.raises(TimeoutError, match=r"has ended within 0\.01 seconds"):
            await client.wait(job, timeout=0.01)


async def test_a_copy_of_a_subjob_runs_what_the_subjob_ran(tmp_path: Path) -> None:
    async with opened(Site(tmp_path, target("site", scripted())), monitoring=False) as client:
        shares = [Share(arguments=("a",)), Share(arguments=("b",), environment={"B": "1"})]
        await client.submit("echo", subjobs=shares)
        copy = await client.copy("1.1")
        spec, share = (await client.store.specifications([copy.id]))[copy.id]
        assert (spec.command, spec.environment, share, copy.subjobs) == (("echo", "b"), {"B": "1"}, Share(), None)
