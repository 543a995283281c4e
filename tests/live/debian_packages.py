"""Programs of another Debian than the one of this machine, or of an Ubuntu, in a folder: fetched by apt, with its keys,
together with all that they need, from the loader and the C library on.

Nothing in it is configured, and none of it needs a root of its own: its programs are told where their loader and
libraries are, and run as any other program of this machine. So there is nothing to mount and nothing to take down.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.live import system_packages
from tests.live.downloads import fetch

#: Of all suites of Debian, signed by which apt believes what it fetches.
_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: What it takes, by the file that shows that a package is there.
SYSTEM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"/usr/bin/patchelf": "patchelf", _KEYS: "debian-archive-keyring"}
)
#: Where this machine is no Debian itself.
_ELSEWHERE: Final = "http://deb.debian.org/debian/"
_UBUNTU: Final = "http://archive.ubuntu.com/ubuntu/"
#: The package of Debian with the keys of Ubuntu, and where in it they are.
_UBUNTU_KEYS: Final = "ubuntu-archive-keyring"
_UBUNTU_KEY_FILE: Final = "usr/share/keyrings/ubuntu-archive-keyring.gpg"
#: Where the loader and the libraries of the machine are: in older ones outside of /usr.
_LIBRARIES: Final = ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*")


@dataclass(frozen=True)
class Suite:
    """Where packages come from."""

    name: str
    is_ubuntu: bool = False


TRIXIE: Final = Suite("trixie")


@dataclass(frozen=True)
class Programs:
    """Those of some packages."""

    #: What they are, as people call it.
    title: str
    #: By this name `provision` knows them.
    server: str
    packages: tuple[str, ...]
    #: Patterns of those that are to run.
    patterns: tuple[str, ...]
    suite: Suite = TRIXIE

    def root(self, folder: Path) -> Path:
        """Where they were laid out in this folder. Raises `NotInstalled` if they are not, or not whole, or are old."""
        place = self._place(folder)
        if not _finished(place).exists():
            command = f"python -m tests.live.provision {self.server} --folder {folder} --install-only"
            raise system_packages.NotInstalled(f"{self.title} is not in {folder}: run `{command}`")
        return place

    def install(self, folder: Path) -> None:
        """Lay them into this folder, unless they are there. The system packages are."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "lock").open("w") as lock:
            # Two at once would write into each other's; the lock ends with the file.
            fcntl.flock(lock, fcntl.LOCK_EX)
            place = self._place(folder)
            if not _finished(place).exists():
                self._lay_out(place, folder / "packages")

    def _lay_out(self, place: Path, packages: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for archive in _download(self.suite, self.packages, packages):
            subprocess.run(["dpkg-deb", "--extract", archive, place], check=True)
        shutil.rmtree(packages)
        # A program that two of them match is led once.
        for program in _programs({path for pattern in self.patterns for path in place.glob(pattern)}):
            _lead_home(program, place)
        _finished(place).touch()

    def _place(self, folder: Path) -> Path:
        """What another recipe lays out goes to another place: servers may be running from the old one."""
        recipe = Path(__file__).read_bytes() + repr(self).encode()
        return folder / f"debian-{sha256(recipe).hexdigest()[:12]}"


def _download(suite: Suite, packages: Sequence[str], folder: Path) -> Sequence[Path]:
    """The archives of packages and of all that they need. What was in the folder goes."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb {_source(suite, folder)}\n")
    # Nothing is there: so apt brings all.
    (folder / "status").touch()
    for words in (["update"], ["install", "--yes", "--download-only", *packages]):
        fetch(["apt-get", "-q", *_settings(folder), *words], dict(os.environ))
    return sorted((folder / "archives").glob("*.deb"))


def _source(suite: Suite, folder: Path) -> str:
    """As apt wants it. Debian vouches for the keys of Ubuntu."""
    if not suite.is_ubuntu:
        return f"[signed-by={_KEYS}] {_mirror()} {suite.name} main"
    keys = folder / "keys"
    for archive in _download(TRIXIE, [_UBUNTU_KEYS], keys):
        subprocess.run(["dpkg-deb", "--extract", archive, keys], check=True)
    return f"[signed-by={keys / _UBUNTU_KEY_FILE}] {_UBUNTU} {suite.name} main universe"


def _settings(folder: Path) -> list[str]:
    """Those of the machine, such as its proxy, with other folders."""
    settings = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        # The user whose name apt takes for downloads may not look into this folder.
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _mirror() -> str:
    """The one of this machine's own packages."""
    words = ["--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    told = subprocess.run(["apt-get", "indextargets", *words], capture_output=True, text=True, check=True).stdout
    return next(iter(told.splitlines()), _ELSEWHERE)


def _programs(paths: Iterable[Path]) -> Iterable[Path]:
    """Those that a loader loads."""
    for path in sorted(paths):
        if path.is_file() and not path.is_symlink() and path.suffix != ".so":
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def _lead_home(program: Path, place: Path) -> None:
    """Its loader and its libraries are those of the folder."""
    folders = [folder for pattern in _LIBRARIES for folder in place.glob(pattern)]
    name = Path(_told(program, "--print-interpreter")).name
    loader = next(folder / name for folder in folders if (folder / name).exists())
    own = [place / path.lstrip("/") for path in _told(program, "--print-rpath").split(":") if path.startswith("/")]
    libraries = [*own, *folders, place / "usr" / "lib"]
    words = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", ":".join(map(str, libraries))]
    subprocess.run(["patchelf", *words, program], check=True)


def _told(program: Path, question: str) -> str:
    return subprocess.run(["patchelf", question, program], capture_output=True, text=True, check=True).stdout.strip()


def _finished(place: Path) -> Path:
    return place / "finished"
