"""Some people with a Unix account, a role of the database and a home for ganga each, and a service account that they
may trust: for the tests of a service that looks after the jobs of many.

The accounts are there for the programs of the tests alone: their lists are seen in place of the system's by this
process's own children. So is the code: the folders of this Python, of its packages and of ganga may be root's alone, as
in a fresh clone below `mktemp -d`.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from site import getsitepackages
from typing import Final

import ganga
from tests.live.folders import remove
from tests.live.needs import needs
from tests.live.postgres_server.install import check as check_postgres
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled

OWNERS: Final = ("ada", "bob")
SERVICE: Final = "robot"
#: Who owns the tables.
KEEPER: Final = "keeper"
#: Seconds for anything that is waited for.
PATIENCE: Final = 240.0

_FIRST: Final = 4001
#: Where all accounts find this Python, and what it imports, below the folder of all of them.
_PYTHON: Final = "python"
_IMPORTED: Final[Mapping[str, Path]] = {
    "ganga": Path(ganga.__file__).parents[1],
    **{f"packages-{number}": Path(path) for number, path in enumerate(getsitepackages())},
}
_NEW_MOUNTS: Final = 0x00020000  # CLONE_NEWNS
_NEW_FOLDER: Final = 0x00000200  # CLONE_FS
_POLL: Final = 0.2


class Person:
    """An account with a role of the same name."""

    def __init__(self, name: str, number: int, groups: tuple[int, ...], folder: Path, password: str) -> None:
        self.name = name
        self.number = number
        self._groups = groups
        self._python = folder / _PYTHON / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        #: Of the account.
        self.home = home = folder / name
        #: GANGA_HOME.
        self.ganga_home = home / "ganga"
        self.environment: dict[str, str] = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(folder / place) for place in _IMPORTED),
            # Of a Python that is a library.
            "LD_LIBRARY_PATH": str(folder / _PYTHON / "lib"),
            "HOME": str(home),
            "USER": name,
            "PGPASSWORD": password,
            "GANGA_HOME": str(self.ganga_home),
            "GANGA_CONFIG": str(home / "ganga.toml"),
        }

    def settle(self) -> None:
        """Make the folder of the account."""
        self.home.mkdir(mode=0o755)
        self.own(self.home)

    def own(self, path: Path) -> None:
        """Have it belong to this account."""
        os.chown(path, self.number, self.number)

    def write(self, path: Path, content: str | bytes) -> Path:
        """A private file of this account."""
        path.touch(0o600)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.own(path)
        return path

    def configure(self, settings: str) -> None:
        """Write the settings file."""
        self.write(self.home / "ganga.toml", settings)

    def start(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        """A command of ganga that goes on, and says into a file what it has to say."""
        with log.open("wb") as said:
            return subprocess.Popen(
                [self._python, "-m", "ganga", *words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.home,
                env=self.environment,
                user=self.number,
                group=self.number,
                extra_groups=self._groups,
            )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Any command, as this account."""
        return subprocess.run(
            words,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            cwd=self.home,
            env=self.environment,
            user=self.number,
            group=self.number,
            extra_groups=self._groups,
        )

    def ganga(self, *words: str) -> str:
        """What a command of ganga prints that does what it is asked."""
        done = self.run(str(self._python), "-m", "ganga", *words)
        assert done.returncode == 0, f"ganga {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def job(self, job: str) -> dict[str, object]:
        """One of this person's jobs."""
        shown = json.loads(self.ganga("show", job, "--json"))
        assert isinstance(shown, dict)
        return shown

    def ended(self, job: str) -> dict[str, object]:
        """The job, when it has come to its end."""
        return awaited(lambda: self.job(job), lambda shown: shown["status"] in {"completed", "failed", "killed"})

    def target(self, name: str) -> dict[str, object]:
        """What the store knows of one of this person's targets."""
        lines = [json.loads(line) for line in self.ganga("targets", "--json").splitlines()]
        return next(line for line in lines if line["name"] == name)


class Households:
    """All of them, over one database."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._database = server.new_database()
        self.folder = folder
        numbers = dict(zip((*OWNERS, SERVICE, KEEPER), range(_FIRST, _FIRST + 9), strict=False))
        shared = {name: number + 100 for name, number in numbers.items() if name in OWNERS}
        groups = {name: (shared[name],) for name in OWNERS} | {SERVICE: tuple(shared.values()), KEEPER: ()}
        self.people = {
            name: Person(name, number, groups[name], folder, token_hex()) for name, number in numbers.items()
        }
        self._shared = shared

    @property
    def ada(self) -> Person:
        return self.people["ada"]

    @property
    def bob(self) -> Person:
        return self.people["bob"]

    @property
    def robot(self) -> Person:
        return self.people[SERVICE]

    @property
    def homes(self) -> str:
        """The setting ``service.home``."""
        return str(self.folder / "{owner}" / "ganga")

    def lend(self, owner: Person, path: Path, content: bytes) -> None:
        """A file of the owner below her home, for the service too."""
        path.parent.mkdir(exist_ok=True)
        owner.write(path, content)
        for place, bits in ((path.parent, 0o2770), (path, 0o660)):
            os.chown(place, owner.number, self._shared[owner.name])
            place.chmod(bits)

    def store(self, name: str) -> str:
        """The section of the settings with the store of this person."""
        return f"[store]\nurl = '{self._server.tcp_url(self._database, name)}'\n"

    def settle(self) -> None:
        """Make folders and roles, admit everybody, and have the owners trust the service."""
        for person in self.people.values():
            self._server.new_role(person.name, person.environment["PGPASSWORD"])
            person.settle()
            person.configure(self.store(person.name))
        for name, group in self._shared.items():
            home = self.people[name].ganga_home
            home.mkdir()
            os.chown(home, self.people[name].number, group)
            home.chmod(0o2770)
        self._server.run(f"GRANT ALL ON DATABASE {self._database} TO {KEEPER}")
        self._server.run(f"GRANT ALL ON SCHEMA public TO {KEEPER}", database=self._database)
        for name in (*OWNERS, SERVICE):
            self.people[KEEPER].ganga("rights", "admit", name)
        for name in OWNERS:
            self.people[name].ganga("rights", "trust", SERVICE)

    @contextmanager
    def serving(self, targets: str) -> Iterator[Path]:
        """The service looks after these targets of all owners, from before the block is entered; gives what it says."""
        self.robot.environment["GANGA_HOME"] = str(self.robot.ganga_home)
        with self.service(f"[service]\nhome = '{self.homes}'\n{targets}", "--for-all") as said:
            awaited(
                lambda: {"said": said.read_text()},
                lambda seen: all(f"took over: {name}, " in str(seen["said"]) for name in OWNERS),
            )
            yield said

    @contextmanager
    def service(self, settings: str, *words: str) -> Iterator[Path]:
        """The service runs with these targets; gives what it says."""
        self.robot.configure(self.store(SERVICE) + settings)
        said = self.folder / "said"
        with self.robot.start("monitor", *words, log=said) as process:
            try:
                yield said
                assert process.poll() is None, said.read_text()
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(60)
                finally:
                    process.kill()


def awaited(look: Callable[[], dict[str, object]], wanted: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """What is seen when it is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, f"it stays so: {seen}"
        time.sleep(_POLL)
    return seen


def check() -> None:
    """Raise `NotInstalled` unless there can be several accounts here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotInstalled("only root can be several Unix accounts: run the tests by `sudo`, on Linux")


@contextmanager
def households() -> Iterator[Households]:
    """With a database server of their own; everything is gone at the end."""
    for wanted in (check, check_postgres):
        needs(wanted, NotInstalled)
    folder = Path(tempfile.mkdtemp(prefix="households-"))
    folder.chmod(0o755)
    try:
        with running(durable=False) as server, _other_mounts():
            found = Households(server, folder)
            _list_accounts(found, folder)
            _lend_code(folder)
            found.settle()
            yield found
    finally:
        remove(folder)


def _list_accounts(found: Households, folder: Path) -> None:
    """Have children find these accounts too."""
    people = found.people.values()
    lines: Mapping[str, list[str]] = {
        "passwd": [f"{each.name}:*:{each.number}:{each.number}::{each.home}:/bin/sh\n" for each in people],
        "group": [f"{each.name}:x:{each.number}:\n" for each in people],
    }
    for name, more in lines.items():
        file = folder / name
        file.write_text(Path("/etc", name).read_text().rstrip("\n") + "\n" + "".join(more))
        subprocess.run(["mount", "--bind", file, Path("/etc", name)], check=True)


def _lend_code(folder: Path) -> None:
    """Have children find this Python, its packages and ganga by a way that is open to all."""
    for name, lent in {_PYTHON: Path(sys.base_prefix), **_IMPORTED}.items():
        place = folder / name
        place.mkdir()
        subprocess.run(["mount", "-o", "bind,ro", lent, place], check=True)


@contextmanager
def _other_mounts() -> Iterator[None]:
    """What is mounted meanwhile is seen by the children of this thread only."""
    library = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _called(library.unshare(_NEW_MOUNTS))
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        yield
    finally:
        # Threads that have begun meanwhile share the folder of this one with it: who does cannot change places.
        _called(library.unshare(_NEW_FOLDER))
        _called(library.setns(before, _NEW_MOUNTS))
        os.close(before)


def _called(outcome: int) -> None:
    if outcome != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
