"""DIRAC's own client on the real services: over both of its protocols, in a helper and in this process, in trouble."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace

from ganga.backends.base import Strained
from ganga.backends.dirac.client import process
from ganga.backends.dirac.client.process import MOST_STUCK, Helper
from ganga.backends.dirac.client.services import ClientRoad, open_road
from ganga.backends.dirac.road import Road
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable
from tests.live.dirac.services.installation import Admin, archive, description
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow

LIMIT = 120.0
_MONITORING = "WorkloadManagement/JobMonitoring"
_HERE = Path(__file__).with_name("inside_client.py")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ClientRoad]:
    async with open_road(settings) as road:
        assert isinstance(road, ClientRoad)
        yield road


def helper(road: ClientRoad) -> Helper:
    caller = road._client._caller
    assert isinstance(caller, Helper)
    return caller


def pid(road: ClientRoad) -> int:
    found = helper(road).pid
    assert found is not None
    return found


@contextmanager
def hurried(road: ClientRoad, seconds: float) -> Iterator[None]:
    """For questions of which it is known that no answer comes; real ones may take as long as a busy machine needs."""
    caller = helper(road)
    usual, caller._timeout = caller._timeout, seconds
    try:
        yield
    finally:
        caller._timeout = usual


async def until_asked(road: ClientRoad) -> None:
    """A question is with the helper."""
    async with asyncio.timeout(LIMIT):
        while True:
            running = helper(road)._running
            if running is not None and running._calls:
                return
            await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FIRST_PAUSE", 0.0)


async def _lived(road: Road, admin: Admin, folder: Path) -> None:
    (job,) = await road.submit([description(uuid4().hex)])
    await admin.set_status(job, "Running", "Application")
    assert (await road.states([job, 99_999_999]))[job].status == "Running"
    admin.assign_output(job, await road.upload(archive(folder, stdout="hello", unique=uuid4().hex)))
    into = folder / "output"
    into.mkdir()
    assert await road.output(job, into)
    assert len(list(into.iterdir())) == 1
    assert [step.status for step in (await road.history([job]))[job]] == ["Received", "Running"]
    await road.kill([job])
    assert (await road.states([job]))[job].status == "Killed"


@pytest.mark.parametrize("scheme", ["https", "configured"])
async def test_a_job_lives_over_what_the_client_speaks(
    scheme: str, settings: Settings, admin: Admin, tmp_path: Path
) -> None:
    wanted = settings if scheme == "https" else replace(settings, services={})
    async with opened(wanted) as road:
        await _lived(road, admin, tmp_path)


async def test_a_script_that_prints_and_a_python_that_prints_do_no_harm(
    site: Site, settings: Settings, admin: Admin, tmp_path: Path
) -> None:
    noise = tmp_path / "noise"
    noise.mkdir()
    printing = "import threading, time\nprint('noise ' * 1000, flush=True)\n"
    forever = "def say():\n    while True: print('noise', flush=True); time.sleep(0.01)\n"
    (noise / "sitecustomize.py").write_text(
        f"{printing}{forever}threading.Timer(0.5, say).start()\nthreading._register_atexit = lambda *_: None\n"
    )
    script = tmp_path / "bashrc"
    script.write_text(f'echo noise; export PATH="{site.python.parent}:$PATH" PYTHONPATH="{noise}"\n')
    async with opened(replace(settings, client_environment=str(script))) as road:
        await _lived(road, admin, tmp_path)


async def test_forty_calls_at_once_are_answered(settings: Settings) -> None:
    async with opened(settings) as road:
        jobs = [(await road.submit([description("one of many")]))[0] for _ in range(10)]
        told = await asyncio.gather(*(road.states([job]) for job in jobs * 4))
        assert [set(states) for states in told] == [{job} for job in jobs * 4]
        assert set(await road.history(jobs)) == set(jobs)
        assert road.stuck_threads == 0


async def test_a_helper_that_is_killed_is_replaced(settings: Settings) -> None:
    async with opened(settings) as road:
        first = pid(road)
        os.kill(first, signal.SIGSTOP)
        asking = asyncio.create_task(road.states([1]))
        await until_asked(road)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(BackendUnavailable, match="ended"):
            await asking
        assert await road.states([99_999_999]) == {}
        assert pid(road) != first


async def test_a_helper_that_is_stopped_is_replaced(settings: Settings) -> None:
    async with opened(settings) as road:
        first = pid(road)
        os.kill(first, signal.SIGSTOP)
        with hurried(road, 3.0), pytest.raises(BackendUnavailable, match="did not return within 3 s"):
            await road.states([1])
        assert await road.states([99_999_999]) == {}
        assert pid(road) != first


async def test_calls_that_hang_after_tls_are_given_up_counted_and_end_with_the_process(
    site: Site, settings: Settings
) -> None:
    async with silent_after_tls(site) as port, opened(settings) as road:
        first = pid(road)
        address = f"dips://localhost:{port}/{_MONITORING}"
        there, road._client._addresses = road._client._addresses, {_MONITORING: address}
        for stuck in range(1, MOST_STUCK):
            # The helper has to take the question up within that, or it is taken for one that hangs as a whole.
            with hurried(road, 6.0), pytest.raises(BackendUnavailable, match="did not return within 6 s"):
                await road.states([1])
            assert road.stuck_threads == stuck
        assert isinstance(road, Strained)
        road._client._addresses = there
        assert await road.states([99_999_999]) == {}, "others are not held up"
        assert pid(road) == first
        road._client._addresses = {_MONITORING: address}
        with hurried(road, 6.0), pytest.raises(BackendUnavailable):
            await road.states([1])
        assert road.stuck_threads == 0
        road._client._addresses = there
        assert await road.states([99_999_999]) == {}
        assert pid(road) != first


async def test_in_a_process_that_has_dirac_questions_are_put_in_its_threads(site: Site, tmp_path: Path) -> None:
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    # All that the road needs besides DIRAC.
    (libraries / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{Path(__file__).parents[4]}:{libraries}",
        "DIRACSYSCONFIG": str(site.folder / "client/etc/dirac.cfg"),
        "X509_CERT_DIR": str(site.authorities),
        "X509_USER_PROXY": str(site.proxy("user")),
    }
    running = await asyncio.create_subprocess_exec(
        site.python, _HERE, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(LIMIT):
            said, complaints = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode == 0, complaints.decode()
    told = json.loads(said.splitlines()[-1])
    assert told == {"owner": "alice", "helper_after_questions": None, "submitted": ["Received"], "stuck": 0}


@asynccontextmanager
async def silent_after_tls(site: Site) -> AsyncIterator[int]:
    """The port of a server with the right certificate that takes connections up and says nothing."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.folder / "pki/hostcert.pem", site.folder / "pki/hostkey.pem")
    server = await asyncio.start_server(handle, "localhost", 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
