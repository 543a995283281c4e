"""A service looks after the jobs of all who trust it, on a Slurm behind a login machine, where each owner has an
account that lets the service in.
"""

from collections.abc import Iterator

import psutil
import pytest

from tests.backends.batch.ssh.server import ALIAS, Sshd, sshd
from tests.backends.batch.ssh.server import check as check_sshd
from tests.live.households import SERVICE, Households, Person, awaited, households
from tests.live.needs import needs
from tests.live.slurm_server import install as slurm_install
from tests.live.slurm_server.cluster import Cluster, running
from tests.live.slurm_server.configuration import Wishes
from tests.live.system_packages import NotInstalled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def people() -> Iterator[Households]:
    with households() as found:
        yield found


@pytest.fixture(scope="module")
def cluster(people: Households) -> Iterator[Cluster]:
    """It knows the accounts of the households, and they find it."""
    needs(slurm_install.check, NotInstalled)
    with running(Wishes(accounting=False, min_job_age=300), people.folder) as cluster:
        cluster.folder.chmod(0o755)
        yield cluster


@pytest.fixture(scope="module")
def login(people: Households, cluster: Cluster) -> Iterator[Sshd]:
    """A login machine of the cluster; whose keys open an account is said by a file of that account."""
    needs(check_sshd, NotInstalled)
    with sshd(people.folder) as server:
        server.folder.chmod(0o755)
        words = " ".join(f"{name}={value}" for name, value in cluster.environment.items())
        server.start(f"SetEnv {words}", f"AuthorizedKeysFile {people.folder}/%u/authorized_keys")
        for owner in (people.ada, people.bob):
            let_in(owner, server)
        for name in ("id", "config", "known_hosts"):
            people.robot.own(server.folder / name)
        yield server


def let_in(owner: Person, server: Sshd) -> None:
    owner.write(owner.home / "authorized_keys", (server.folder / "id.pub").read_bytes())


def targets(server: Sshd, account: str) -> str:
    return (
        "[targets.cluster]\n"
        'backend = "slurm"\n'
        f'host = "{account}@{ALIAS}"\n'
        f'ssh_config = "{server.folder / "config"}"\n'
        "commit_delay = 2\n"
        "timeout = 20\n"
        "[targets.cluster.pace]\n"
        "fastest = 0.5\n"
        "slowest = 1\n"
    )


@pytest.fixture(autouse=True)
def settled(people: Households, login: Sshd) -> None:
    for owner in (people.ada, people.bob):
        owner.configure(people.store(owner.name) + targets(login, owner.name))


def connections(owner: Person) -> list[int]:
    """The processes that serve the connections of this account to the login machine."""
    return [
        process.pid
        for process in psutil.process_iter(["name", "uids"])
        if process.info["name"] == "sshd" and process.info["uids"].real == owner.number
    ]


def times_let_in(owner: Person, server: Sshd) -> int:
    return (server.folder / "log").read_text(errors="replace").count(f"Accepted publickey for {owner.name} ")


def submitted(owner: Person, *script: str) -> str:
    """A job with an input, an output, and the name of whoever runs it."""
    owner.write(owner.home / "input", f"of {owner.name}\n")
    words = ("--target", "cluster", "--input", "input", "--output", "result")
    line = "; ".join(("id -un", "cat input >result", *script))
    return owner.ganga("submit", *words, "--", "sh", "-c", line).split()[0]


def test_a_service_acts_for_one_owner_in_her_home(people: Households, login: Sshd) -> None:
    ada = people.ada
    job = submitted(ada)
    settings = 'owner = "ada"\n' + targets(login, "ada")
    people.robot.environment["GANGA_HOME"] = str(ada.ganga_home)
    with people.service(settings):
        assert ada.ended(job)["status"] == "completed"
    assert ada.ganga("logs", job) == "ada\n"
    assert (ada.ganga_home / f"jobs/{job}/output-1/result").read_text() == "of ada\n"
    ada.ganga("remove", job)
    assert not (ada.ganga_home / f"jobs/{job}").exists()


def test_each_job_runs_as_its_owner_and_comes_home_to_her(people: Households, login: Sshd) -> None:
    owners = (people.ada, people.bob)
    first = {owner.name: submitted(owner) for owner in owners}
    with people.serving(targets(login, "{owner}")):
        second = {owner.name: submitted(owner, "exit 3") for owner in owners}
        for owner in owners:
            assert owner.ended(first[owner.name])["status"] == "completed"
            assert owner.ended(second[owner.name])["exit_code"] == 3
    for owner in owners:
        for job in (first[owner.name], second[owner.name]):
            assert owner.ganga("logs", job) == f"{owner.name}\n"
            result = owner.ganga_home / f"jobs/{job}/output-1/result"
            assert owner.run("cat", str(result)).stdout == f"of {owner.name}\n"
            other = people.ada if owner is people.bob else people.bob
            assert "Permission denied" in other.run("cat", str(result)).stderr
            owner.ganga("remove", job)
        assert list((owner.ganga_home / "jobs").iterdir()) == []
        assert list((owner.ganga_home / "staging").iterdir()) == []


def test_who_takes_the_key_away_stops_nobody_else(people: Households, login: Sshd) -> None:
    ada, bob = people.ada, people.bob
    with people.serving(targets(login, "{owner}")):
        waiting = submitted(ada, f"until test -e {people.folder}/go; do sleep 0.2; done")
        awaited(lambda: ada.job(waiting), lambda job: job["status"] == "running")
        (ada.home / "authorized_keys").unlink()
        login.cut()
        down = awaited(lambda: ada.target("cluster"), lambda target: target["down_since"] is not None)
        assert "ada@" in str(down["error"])
        assert bob.ended(submitted(bob))["status"] == "completed"
        assert bob.target("cluster")["down_since"] is None
        (people.folder / "go").touch()
        assert ada.job(waiting)["status"] == "running"
        let_in(ada, login)
        assert ada.ended(waiting)["status"] == "completed"


def test_who_trusts_the_service_no_longer_is_let_alone(people: Households, login: Sshd) -> None:
    ada, bob = people.ada, people.bob
    with people.serving(targets(login, "{owner}")) as said:
        waiting = submitted(ada, f"until test -e {people.folder}/go_on; do sleep 0.2; done")
        awaited(lambda: ada.job(waiting), lambda job: job["status"] == "running")
        assert connections(ada)
        ada.ganga("rights", "distrust", SERVICE)
        awaited(lambda: {"connections": connections(ada)}, lambda seen: not seen["connections"])
        assert "lost: ada, cluster" in said.read_text()
        let_in_before = times_let_in(ada, login)
        (people.folder / "go_on").touch()
        later = submitted(ada)
        for _ in range(2):
            assert bob.ended(submitted(bob))["status"] == "completed"
        assert (ada.job(waiting)["status"], ada.job(later)["status"]) == ("running", "submitting")
        assert not connections(ada)
        assert times_let_in(ada, login) == let_in_before
        ada.ganga("rights", "trust", SERVICE)
        assert [ada.ended(job)["status"] for job in (waiting, later)] == ["completed", "completed"]
