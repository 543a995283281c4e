"""Each test runs on every real batch system that is provisioned: ``python -m tests.live.provision NAME``.

What can happen to a job, and the tests that try it. Where there is no more to say it is tried on every system, and over
every road to it (SSH, REST) that is not named.

================================  ======================  ===========================================================
It happens                        It is tried by          It is not tried
================================  ======================  ===========================================================
a job alone; its output whole     ``test_promises``
an array of 1,000, to its end     ``test_arrays``         over SSH and REST, where 1,000 are submitted, followed while
                                                          they wait, and killed
an exit code, a signal            ``test_ends``
a time limit                      ``test_ends``           over SSH and REST: it is the system's, and takes minutes
a memory limit                    ``test_ends``           on a Slurm without control groups, and on Torque, which do
                                                          not hold to it
held; killed in the queue, while  ``test_ends``
it runs, by somebody else; run
again
adopted                           ``test_adoption``
a daemon killed and started       ``test_daemons``        over SSH and REST: it is the system's. A cut connection and a
again, each; frozen                                       road that goes have tests of their own
the accounting away               ``test_daemons``        where no daemon keeps it: Grid Engine and HTCondor (a
                                                          file), Torque, and Slurm without accounting
a command fails, hangs, says a    ``test_commands``       over REST, where the queue is not asked by a command
banner, or half a reply
a wrong clock, both ways          ``test_clocks``         over SSH and REST, which have no clock of their own; without
                                                          accounting; on HTCondor and Torque
5,000 jobs of others in the       ``test_crowds``         over REST
queue
all runs told; what it has used   ``test_history``        on HTCondor and Torque (its runs); on Slurm without
                                                          accounting
jobs of many, by one service      ``test_for_all_over_     on any but Slurm over SSH
                                  ssh``
whole campaigns                   ``test_campaign``       over SSH, but for ``test_over_ssh``, and over REST, but for
                                                          ``test_campaign_over_rest``
================================  ======================  ===========================================================

PBS and LSF cannot be installed from any registry: they are tried by recorded and by documented replies only. Of Torque
an old one can, 2.4: what later ones say otherwise is tried by documented replies. Slurm's own wrappers speak its words
too: on these is tried what they can tell (`FILES`): no holds, no tasks of arrays, and no ends but by what the launchers
have written down. On a newer Slurm is tried what its words decide, and on HTCondor over SSH ``test_ends`` and
``test_promises``: both of its halves are tried by themselves too.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import pytest

import ganga
from ganga import app
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.batch.backend import BatchBackend
from ganga.client import Client
from ganga.testing.check_backend import Trial
from tests.backends.batch.ssh.server import check as check_sshd
from tests.backends.batch.ssh.server import sshd
from tests.live.batch.grid_engine import GridEngineSystem
from tests.live.batch.grid_engine_over_ssh import GridEngineOverSsh
from tests.live.batch.htcondor import HTCondorSystem
from tests.live.batch.htcondor_over_ssh import HTCondorOverSsh
from tests.live.batch.replacement import Replacement
from tests.live.batch.slurm import SlurmSystem
from tests.live.batch.slurm_over_rest import SlurmOverRest
from tests.live.batch.slurm_over_ssh import SlurmOverSsh
from tests.live.batch.system import System
from tests.live.batch.torque import TorqueSystem
from tests.live.batch.torque_over_slurm import TorqueOverSlurm
from tests.live.condor_server import install as condor_install
from tests.live.condor_server import pool
from tests.live.grid_engine_server import cluster as grid_engine_cluster
from tests.live.grid_engine_server import install as grid_engine_install
from tests.live.needs import needs
from tests.live.slurm_server import install as slurm_install
from tests.live.slurm_server.cluster import running
from tests.live.slurm_server.configuration import Wishes
from tests.live.slurm_server.newer import NEWER
from tests.live.system_packages import NotInstalled
from tests.live.torque_server import cluster as torque_cluster
from tests.live.torque_server import install as torque_install
from tests.live.torque_words import install as torque_words

#: Seconds until a job that should have ended is given up.
PATIENCE = 300.0
#: Seconds for which a controller remembers how jobs ended where nobody else knows it, or may be asked: whoever looks
#: late is to find it still.
REMEMBERED = 20


@contextmanager
def slurm(wishes: Wishes) -> Iterator[System]:
    with running(wishes) as cluster:
        yield SlurmSystem(cluster)


@contextmanager
def slurm_over_ssh(wishes: Wishes) -> Iterator[System]:
    with running(wishes) as cluster, sshd() as server:
        yield SlurmOverSsh(cluster, server)


@contextmanager
def slurm_over_rest(wishes: Wishes) -> Iterator[System]:
    with running(wishes) as cluster:
        yield SlurmOverRest(cluster)


@contextmanager
def torque() -> Iterator[System]:
    with torque_cluster.running() as cluster:
        yield TorqueSystem(cluster)


@contextmanager
def torque_over_slurm() -> Iterator[System]:
    with running(Wishes(accounting=False, min_job_age=REMEMBERED)) as cluster:
        yield TorqueOverSlurm(cluster)


@contextmanager
def grid_engine() -> Iterator[System]:
    with grid_engine_cluster.running() as cluster:
        yield GridEngineSystem(cluster)


@contextmanager
def grid_engine_over_ssh() -> Iterator[System]:
    with grid_engine_cluster.running() as cluster, sshd() as server:
        yield GridEngineOverSsh(cluster, server)


@contextmanager
def htcondor() -> Iterator[System]:
    with pool.running() as running_pool:
        yield HTCondorSystem(running_pool)


@contextmanager
def htcondor_over_ssh() -> Iterator[System]:
    with pool.running() as running_pool, sshd() as server:
        yield HTCondorOverSsh(running_pool, server)


class Provisioned(NamedTuple):
    """Raise `NotInstalled` unless all is there; and start it."""

    checks: tuple[Callable[[], None], ...]
    start: Callable[[], AbstractContextManager[System]]


def newer_slurm(server: str) -> Provisioned:
    newer = NEWER[server]
    return Provisioned((newer.check,), lambda: slurm(Wishes(release=newer.here())))


def newer_slurm_over_rest(server: str) -> Provisioned:
    newer = NEWER[server]
    return Provisioned(
        (newer.check,), lambda: slurm_over_rest(Wishes(rest=True, min_job_age=REMEMBERED, release=newer.here()))
    )


SYSTEMS: dict[str, Provisioned] = {
    "slurm": Provisioned((slurm_install.check,), lambda: slurm(Wishes())),
    "slurm-without-accounting": Provisioned(
        (slurm_install.check,), lambda: slurm(Wishes(accounting=False, min_job_age=REMEMBERED))
    ),
    "slurm-over-ssh": Provisioned((slurm_install.check, check_sshd), lambda: slurm_over_ssh(Wishes())),
    "slurm-over-rest": Provisioned(
        (slurm_install.check,), lambda: slurm_over_rest(Wishes(rest=True, min_job_age=REMEMBERED))
    ),
    "slurm-23": newer_slurm("slurm_23"),
    "slurm-23-over-rest": newer_slurm_over_rest("slurm_23"),
    "slurm-24": newer_slurm("slurm_24"),
    "slurm-24-over-rest": newer_slurm_over_rest("slurm_24"),
    "slurm-25": newer_slurm("slurm_25"),
    "slurm-25-over-rest": newer_slurm_over_rest("slurm_25"),
    "torque": Provisioned((torque_install.check,), torque),
    "torque-over-slurm": Provisioned((torque_words.check,), torque_over_slurm),
    "grid-engine": Provisioned((grid_engine_install.check,), grid_engine),
    "grid-engine-over-ssh": Provisioned((grid_engine_install.check, check_sshd), grid_engine_over_ssh),
    "htcondor": Provisioned((condor_install.check,), htcondor),
    "htcondor-over-ssh": Provisioned((condor_install.check, check_sshd), htcondor_over_ssh),
}

_QUICK = frozenset({"test_adoption.py", "test_commands.py", "test_ends.py", "test_promises.py"})
_OF_WORDS = _QUICK | {"test_arrays.py", "test_history.py", "test_slurm_jobs_of_others.py"}
_OF_REST = frozenset({"test_campaign_over_rest.py", "test_slurm_over_rest.py"})
#: The systems on which not all is tried, with the files that are; of these what takes long is left out too.
FILES: Mapping[str, AbstractSet[str]] = {
    "slurm-23": _OF_WORDS,
    "slurm-23-over-rest": _OF_REST,
    "slurm-24": _OF_WORDS,
    "slurm-24-over-rest": _OF_REST,
    "slurm-25": _OF_WORDS,
    "slurm-25-over-rest": _OF_REST,
    "torque-over-slurm": _QUICK | {"test_wrong_ends.py"},
    "htcondor-over-ssh": {"test_ends.py", "test_promises.py"},
}
_TROUBLE = frozenset({"test_a_command_that_fails_or_says_half_ends_no_job", "test_a_command_that_hangs_is_given_up"})
_OLDER = "test_what_is_new_is_told_by_older_versions_of_the_interface_too"
_CUT = "test_whatever_comes_over_rest_the_commands_are_behind_it"
#: What of these files is not: a test, or one of its cases. Of a Slurm those versions of its interface that it has not,
#: and its newest. Who speaks that of 23.11 has jobs ended by a command too.
NOT_TRIED: Mapping[str, AbstractSet[str]] = {
    "slurm-23": _TROUBLE,
    "slurm-24": _TROUBLE,
    "slurm-25": _TROUBLE,
    "slurm-over-rest": {_OLDER},
    "slurm-23-over-rest": {_OLDER, _CUT, "test_no_command_is_needed_to_follow_jobs_and_to_end_them"},
    "slurm-24-over-rest": {f"{_OLDER}[v0.0.42]", f"{_OLDER}[v0.0.43]", _CUT},
    "slurm-25-over-rest": {f"{_OLDER}[v0.0.40]", _CUT},
    "torque-over-slurm": {
        "test_a_job_is_adopted_by_its_id_and_followed_to_its_end",
        "test_a_job_that_somebody_else_kills_is_killed",
        "test_a_job_that_waits_for_somebody_is_held",
    },
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long on another road to a system: it is the system's own, and is tried without that road.
    Over REST the command that tells of the queue is asked seldom, so what it may do wrong is tried without too.
    """
    left_out = [item for item in items if _left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _left_out(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or Path(__file__).parent not in item.path.parents:
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    name = str(parameters.get("running_system", ""))
    if name == "slurm-over-rest" and "question" in item.fixturenames:
        return True
    names = {item.originalname, item.name.replace(f"-{name}]", "]")}
    if (name in FILES and item.path.name not in FILES[name]) or names & NOT_TRIED.get(name, set()):
        return True
    return ("-over-" in name or name in FILES) and item.get_closest_marker("slow") is not None


@pytest.fixture(scope="session", params=SYSTEMS)
def running_system(request: pytest.FixtureRequest) -> Iterator[System]:
    provisioned = SYSTEMS[str(request.param)]
    for check in provisioned.checks:
        needs(check, NotInstalled)
    with provisioned.start() as system:
        yield system


@pytest.fixture
def system(running_system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    for name, value in running_system.environment.items():
        monkeypatch.setenv(name, value)
    return running_system


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """For the files of jobs."""
    return tmp_path / "work"


@pytest.fixture
async def backend(system: System, work: Path) -> AsyncIterator[BatchBackend]:
    async with system.connect(work) as backend:
        yield backend


@pytest.fixture
def question(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replacement:
    """The program that tells of the queue, to be replaced."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Replacement(folder, system.question)


@pytest.fixture
def trial(backend: BatchBackend, tmp_path: Path) -> Trial:
    """With tags that no other test has."""
    folder = tmp_path / "brought"
    folder.mkdir()
    return Trial(backend, folder, pause=0.2, patience=PATIENCE, prefix=f"ganga-{token_hex(4)}")


@pytest.fixture
async def client(system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A monitor and all, with the target `batch`."""
    # Also where ganga was installed before it had this back end.
    backends = [EntryPoint(name, f"ganga.backends.{name}", ENTRY_POINTS) for name in (system.backend, "local")]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text(
        "[targets.batch]\n"
        f'backend = "{system.backend}"\n'
        f'work_folder = "{tmp_path / "work"}"\n'
        f"{system.settings}"
        "commit_delay = 2\n"
        "timeout = 20\n"
        "[targets.batch.pace]\n"
        "fastest = 0.5\n"
        "slowest = 1\n"
    )
    async with ganga.open(tmp_path / "home", config=config) as client:
        yield client
