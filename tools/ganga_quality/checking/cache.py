"""What is kept from run to run: the tools' own caches, and what they said of old states. All of it may be deleted."""

import hashlib
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec

from ganga_quality.findings import Outcome
from ganga_quality.git.repository import Repository

FOLDER = ".ganga_quality_cache"

#: How many old states are remembered.
_REMEMBERED = 16

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of ganga-quality; see https://bford.info/cachedir/\n"

#: What a tool said of an old state, by path; under the empty path what it said of all.
Memory = dict[str, Outcome]


class Cache:
    """A folder at the root of a repository; without one that can be written, nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, repository: Repository) -> "Cache":
        """The cache of a repository, created if need be.

        One that belongs to the repository itself is not used: whoever committed it could have it say anything.
        """
        folder = repository.root / FOLDER
        try:
            if folder.is_symlink() or (folder.exists() and repository.run("ls-files", "-z", "--", FOLDER)):
                return cls(None)
            _prepare(folder)
        except OSError:
            return cls(None)
        return cls(folder)

    def place(self, name: str) -> Path | None:
        """The folder for a tool's own cache; the tool creates it."""
        return None if self._folder is None else self._folder / name

    def remembered(self, key: str) -> Memory:
        """What was said of an old state; empty if nothing is known, or nothing that can be read."""
        if self._folder is not None:
            with suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(_file(self._folder, key).read_bytes(), type=Memory)
        return {}

    def remember(self, key: str, memory: Memory) -> None:
        """Keep what was said of an old state, and forget the oldest."""
        if self._folder is None:
            return
        # What cannot be written, such as a name that is not UTF-8, has to be asked again.
        with suppress(OSError, UnicodeEncodeError):
            _replace(_file(self._folder, key), msgspec.json.encode(memory))
            _forget(self._folder)


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
        if not (folder / name).exists():
            (folder / name).write_text(content)


def _file(folder: Path, key: str) -> Path:
    name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()
    return folder / "old" / f"{name}.json"


def _replace(file: Path, content: bytes) -> None:
    """Write a file at once, so that nobody reads half of it."""
    file.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, prefix=file.stem, delete=False) as draft:
        draft.write(content)
    Path(draft.name).replace(file)


def _forget(folder: Path) -> None:
    files = sorted((folder / "old").glob("*.json"), key=lambda file: file.stat().st_mtime)
    for file in files[:-_REMEMBERED]:
        file.unlink(missing_ok=True)
