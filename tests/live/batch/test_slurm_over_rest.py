"""What befalls Slurm's REST interface ends no job: behind it there are the commands."""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import pytest

from ganga.backends.base import Feed, Surroundings
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.slurm.opening import connect
from ganga.backends.slurm.rest import client, road
from ganga.backends.slurm.settings import Settings
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Observation
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.batch.conftest import PATIENCE
from tests.live.batch.replacement import Replacement
from tests.live.batch.slurm_over_rest import SlurmOverRest
from tests.live.dirac.test_tls import self_signed
from tests.live.gate import Gate
from tests.live.proxy import Fault, Proxy, answers, cut, faithful, lost, silent
from tests.live.slurm_server.cluster import REST

pytestmark = pytest.mark.parametrize(
    "running_system",
    ["slurm-over-rest", "slurm-23-over-rest", "slurm-24-over-rest", "slurm-25-over-rest"],
    indirect=True,
)

ENDLESS = JobSpec(command=("sleep", "3600"))
CLOSED = "is asked by its commands for now"
OPEN = "slurmrestd answers again"


class Commands:
    """Slurm's own, which may be forbidden."""

    def __init__(self, folder: Path) -> None:
        self._squeue = Replacement(folder, "squeue")
        self._others = [Replacement(folder, name) for name in ("scancel", "sacct")]

    def forbid(self) -> None:
        for command in (self._squeue, *self._others):
            command.becomes("echo 'nobody should ask me' >&2; exit 1")

    def allow(self) -> None:
        for command in (self._squeue, *self._others):
            command.becomes('real "$@"')


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Commands(folder)


@pytest.fixture(autouse=True)
def _soon_open_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(road, "_CLOSED_FOR", 1.0)


@pytest.fixture
async def running(trial: Trial) -> AsyncIterator[NativeId]:
    native_id = await trial.submit(ENDLESS)
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    yield native_id
    await trial.backend.kill([native_id])


async def polls(backend: BatchBackend, native_id: NativeId, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """It runs, whatever is asked, and after a while this is logged."""
    async with asyncio.timeout(PATIENCE):
        while text not in caplog.text:
            assert (await backend.poll([native_id])).seen[native_id].status is JobStatus.RUNNING
            await asyncio.sleep(0.1)


async def reached(backend: BatchBackend, wanted: Mapping[NativeId, JobStatus]) -> Mapping[NativeId, Observation]:
    """How jobs are when all are as wanted. They are asked about together: one that the controller has forgotten, since
    others took long, would be asked for by the commands.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            seen = (await backend.poll(list(wanted))).seen
            if {key: said.status for key, said in seen.items()} == wanted:
                return seen
            await asyncio.sleep(0.2)


async def test_no_command_is_needed_to_follow_jobs_and_to_end_them(
    backend: BatchBackend, trial: Trial, commands: Commands
) -> None:
    endless, failing = await trial.submit(ENDLESS), await trial.submit(JobSpec(command=("sh", "-c", "exit 42")))
    tagged = trial.submission(JobSpec(command=("sh", "-c", "kill -9 $$")))
    killed = (await backend.submit([tagged])).accepted[tagged.tag]
    commands.forbid()
    seen = await reached(backend, {endless: JobStatus.RUNNING, failing: JobStatus.FAILED, killed: JobStatus.FAILED})
    assert (seen[failing].exit_code, seen[failing].signal) == (42, None)
    assert (seen[killed].exit_code, seen[killed].signal) == (None, 9)
    await backend.kill([endless])
    assert (await trial.end_of(endless)).status is JobStatus.KILLED


async def test_a_token_in_the_environment_is_shown_to_the_interface_only(
    system: SlurmOverRest, work: Path, tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expired one would keep the commands from their work, and jobs would carry it to wherever they run."""
    monkeypatch.setenv("SLURM_JWT", system.cluster.token().partition("=")[2])
    settings = Settings(work_folder=str(work), commit_delay=2.0, rest_url=system.cluster.rest_url)
    async with connect(settings, Surroundings(TargetName("slurm"), work)) as backend:
        trial = Trial(backend, tmp_path, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")
        native_id = await trial.submit(JobSpec(command=("sh", "-c", "test -z ${SLURM_JWT+x}")))
        commands.forbid()
        assert (await trial.end_of(native_id)).status is JobStatus.COMPLETED
        commands.allow()
        monkeypatch.setenv("SLURM_JWT", "a.b.c")
        assert (await backend.poll([native_id])).seen[native_id].status is JobStatus.COMPLETED


async def test_what_is_new_is_told_once(backend: BatchBackend, trial: Trial, commands: Commands) -> None:
    assert isinstance(backend, Feed)
    await trial.submit(JobSpec(command=("sh", "-c", "sleep 2; exit 3")))
    commands.forbid()
    told = list((await backend.changes(None)).seen.values())
    async with asyncio.timeout(PATIENCE):
        while not told or not told[-1].status.final:
            await asyncio.sleep(0.1)
            told += (await backend.changes(None)).seen.values()
    assert (told[-1].status, told[-1].exit_code) == (JobStatus.FAILED, 3)
    assert len(set(told)) == len(told)
    assert (await backend.changes(None)).seen == {}


@pytest.mark.parametrize("version", ["v0.0.40", "v0.0.41", "v0.0.42", "v0.0.43"])
async def test_what_is_new_is_told_by_older_versions_of_the_interface_too(
    backend: BatchBackend,
    trial: Trial,
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    version: str,
) -> None:
    """These are the newest ones of Slurm 23.11, 24.05, 24.11 and 25.05."""
    monkeypatch.setattr(client, "_VERSIONS", (version,))
    await test_what_is_new_is_told_once(backend, trial, commands)
    assert CLOSED not in caplog.text


@pytest.mark.parametrize("wrong", ["garbage", "a.b.c", "expired"])
async def test_a_token_that_is_not_accepted_is_told_without_the_token_and_ends_nothing(
    backend: BatchBackend, system: SlurmOverRest, running: NativeId, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    caplog.set_level(logging.DEBUG)
    good = system.token_file.read_text()
    bad = system.cluster.token(1) if wrong == "expired" else wrong
    system.write_token(bad)
    try:
        await polls(backend, running, caplog, CLOSED)
    finally:
        system.write_token(good)
    await polls(backend, running, caplog, OPEN)
    assert caplog.text.count("WARNING") == 1
    # Of another one 22.05 says "Unspecified error".
    assert wrong == "a.b.c" or "`scontrol token`" in caplog.text
    assert bad == wrong or bad.partition("=")[2] not in caplog.text
    assert good.partition("=")[2] not in caplog.text


async def test_an_interface_that_is_stopped_and_started_ends_nothing(
    backend: BatchBackend, system: SlurmOverRest, running: NativeId, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with system.stopped(REST):
        await polls(backend, running, caplog, CLOSED)
    await polls(backend, running, caplog, OPEN)


async def test_a_socket_of_this_machine_is_a_way_to_it(
    system: SlurmOverRest, work: Path, commands: Commands, running: NativeId
) -> None:
    async with system.connect_by(f"unix://{system.cluster.rest_socket}", work) as backend:
        commands.forbid()
        assert (await backend.poll([running])).seen[running].status is JobStatus.RUNNING
        commands.allow()


async def test_tls_is_a_way_to_it_and_no_token_goes_where_the_certificate_is_not_trusted(
    system: SlurmOverRest,
    work: Path,
    tmp_path: Path,
    commands: Commands,
    running: NativeId,
    caplog: pytest.LogCaptureFixture,
) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    port = urlsplit(system.cluster.rest_url).port
    assert port is not None
    async with Gate("127.0.0.1", port, {"good": context}, None) as gate:
        url = f"https://127.0.0.1:{gate.port}"
        async with system.connect_by(url, work) as backend:
            assert (await backend.poll([running])).seen[running].status is JobStatus.RUNNING
        assert "shows a certificate that is not trusted" in caplog.text
        assert "`authorities`" in caplog.text
        async with system.connect_by(url, work, authorities=str(certificate)) as backend:
            commands.forbid()
            assert (await backend.poll([running])).seen[running].status is JobStatus.RUNNING
            commands.allow()


FAULTS: dict[str, Fault] = {
    "half": cut(0.5),
    "none": cut(0.0),
    "lost": lost,
    "silent": silent,
    "empty": answers("200 OK", "application/json", b"{}"),
    "no-jobs": answers("200 OK", "application/json", b'{"jobs": [], "errors": []}'),
    "nothing-new": answers("304 Not Modified", "application/json", b""),
    "broken": answers("500 Internal Server Error", "application/json", b'{"jobs": [], "errors": [{}]}'),
    "elsewhere": answers("302 Found", "text/html", b"", "Location: http://192.0.2.1/"),
    "a-page": answers("200 OK", "text/html", b"<html>Welcome</html>"),
}


#: Seconds for an answer where one fault is that there is none: enough for what answers on a busy machine.
SHORT = 10.0


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_comes_over_rest_the_commands_are_behind_it(
    system: SlurmOverRest, work: Path, running: NativeId, fault: str
) -> None:
    async with (
        Proxy(system.cluster.rest_url) as proxy,
        system.connect_by(proxy.url, work, timeout=SHORT) as backend,
    ):
        assert isinstance(backend, Feed)
        assert (await backend.poll([running])).seen[running].status is JobStatus.RUNNING
        before = len(proxy.requests)
        assert before
        proxy.fault = FAULTS[fault]
        for _ in range(2):
            answer = await backend.poll([running])
            assert {key: seen.status for key, seen in answer.seen.items()} == {running: JobStatus.RUNNING}
            news = await backend.changes(None)
            assert not any(seen.status.final for seen in news.seen.values())
            assert news.absent == frozenset()
        assert len(proxy.requests) > before
        proxy.fault = faithful


async def test_with_neither_interface_nor_commands_there_is_an_outage(
    backend: BatchBackend, system: SlurmOverRest, running: NativeId, commands: Commands
) -> None:
    commands.forbid()
    with system.stopped(REST), pytest.raises(BackendUnavailable, match="nobody should ask me"):
        await backend.poll([running])
    commands.allow()


async def test_tasks_that_the_interface_does_not_name_are_asked_for_by_the_command(
    backend: BatchBackend, system: SlurmOverRest
) -> None:
    """It cuts long lists of tasks."""
    tasks = ",".join(str(number * 3) for number in range(60))
    words = ("--parsable", "--hold", "--output=/dev/null", f"--array={tasks}", f"--job-name=long-{token_hex(4)}")
    job = system.cluster.run("sbatch", *words, "--wrap=true")
    ids = [NativeId(f"{job}_{number * 3}") for number in range(60)]
    answer = await backend.poll(ids)
    assert {key: seen.status for key, seen in answer.seen.items()} == dict.fromkeys(ids, JobStatus.HELD)
    await backend.kill(ids)
