import inspect
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ganga
from ganga.client import Client
from ganga.errors import UsageError
from ganga.model.event import Event, EventKind
from ganga.model.status import JobStatus
from ganga.plain import Session


@pytest.fixture
def home(ganga_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return ganga_home


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    with ganga.open(home) as session:
        yield session


@pytest.fixture
def quiet(home: Path) -> Iterator[Session]:
    """A session that looks after no target."""
    with ganga.open(home, monitor=False) as session:
        yield session


VERBS = [name for name, value in vars(Client).items() if not name.startswith("_") and callable(value)]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_here_with_the_same_parameters(verb: str) -> None:
    plain, awaited = (inspect.signature(getattr(kind, verb)).parameters for kind in (Session, Client))
    assert [(name, one.kind, one.default) for name, one in plain.items()] == [
        (name, one.kind, one.default) for name, one in awaited.items()
    ]


def test_a_job_is_submitted_and_waited_for(session: Session) -> None:
    job = session.submit(["sh", "-c", "echo out; exit 3"], name="three")
    [ended] = session.wait(job, timeout=60)
    assert (ended.status, ended.exit_code) == (JobStatus.FAILED, 3)
    assert session.read(job) == b"out\n"
    assert (session.fetch(job) / "stdout").read_bytes() == b"out\n"
    assert session.resubmit(job) == ["1"]
    [again] = session.wait(job, timeout=60)
    assert again.attempt == 2


def test_what_the_verbs_return(quiet: Session) -> None:
    job = quiet.submit("true", name="a", subjobs=3)
    assert quiet.get(1) == job
    assert [record.id for record in quiet.select(subjobs=True)] == ["1", "1.0", "1.1", "1.2"]
    copied = quiet.copy(job, name="b")
    assert [record.name for record in quiet.select(status="new")] == ["b"]
    quiet.remove(copied)
    assert quiet.kill(job) == ["1"]
    quiet.refresh(job)
    assert quiet.targets == ("local",)
    quiet.pause("local")
    assert quiet.target_states()[quiet.targets[0]].paused
    quiet.resume("local")
    kinds = [event.kind for event in quiet.events(0, follow=False)]
    assert kinds[0] is EventKind.JOB_CREATED
    assert kinds[-1] is EventKind.TARGET_RESUMED
    with pytest.raises(UsageError):
        quiet.track("nowhere", "1")


def test_events_follow_from_the_call_on_and_may_be_left(quiet: Session) -> None:
    quiet.submit("true", name="before")
    events = quiet.events()
    second = quiet.submit("true", name="after")
    assert next(events).job == second.id
    timer = threading.Timer(0.05, lambda: quiet.submit("true"))
    timer.start()
    assert next(event for event in events if event.job == "3").kind is EventKind.JOB_CREATED
    timer.join()


def test_a_callback_hears_and_may_use_the_session(quiet: Session) -> None:
    heard: list[str] = []
    twice = threading.Event()

    def hear(event: Event) -> None:
        heard.append(quiet.get(event.job or "").name)
        if len(heard) == 2:
            twice.set()

    with quiet.calling(hear):
        quiet.submit("true", name="one")
        quiet.submit("true", name="two")
        assert twice.wait(100)
    quiet.submit("true", name="three")
    assert heard == ["one", "two"]


async def test_it_works_where_a_loop_runs_already(home: Path) -> None:
    with ganga.open(home, monitor=False) as session:
        assert session.submit("true").id == "1"


@pytest.mark.usefixtures("home")
def test_a_script_that_forgets_to_close_ends_quietly() -> None:
    quick_or_not = "import logging; logging.getLogger('ganga.monitor.watchdog').disabled = True"
    script = "import ganga; g = ganga.open().session(); print(g.wait(g.submit('true'), timeout=60)[0].status)"
    command = [sys.executable, "-W", "error", "-c", f"{quick_or_not}; {script}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert (result.stdout, result.stderr, result.returncode) == ("completed\n", "", 0)


def test_an_error_is_raised_as_it_is(quiet: Session) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: quiet.get("x"),
        lambda: quiet.submit(""),
        lambda: quiet.submit("true", target="moon"),
    ]
    for attempt in attempts:
        with pytest.raises(UsageError):
            attempt()
