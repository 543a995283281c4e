"""Names of git's objects, computed here: a plan knows what would be written, and whether it is there. Pure."""

from collections.abc import Iterable
from hashlib import sha1

FILE_MODES = frozenset({"100644", "100755"})
FOLDER_MODE = "040000"


def blob_name(content: bytes) -> str:
    """The name of a file's content."""
    return _name("blob", content)


def tree_name(entries: Iterable[tuple[str, str, str]]) -> str:
    """The name of a folder with these entries: path, mode and name, in any order."""
    # Git sorts by bytes, folders as if their names ended with a slash.
    ordered = sorted(
        (f"{path}/" if mode == FOLDER_MODE else path).encode() + b"\0" + _entry(path, mode, name)
        for path, mode, name in entries
    )
    return _name("tree", b"".join(entry.partition(b"\0")[2] for entry in ordered))


def _entry(path: str, mode: str, name: str) -> bytes:
    return f"{mode.lstrip('0')} {path}\0".encode() + bytes.fromhex(name)


def _name(kind: str, content: bytes) -> str:
    # GitHub's repositories are of git's first kind; the hash names things here, it protects nothing.
    return sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()
