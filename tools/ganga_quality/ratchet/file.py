"""The file that holds old debt: a line for each rule and path, in an order that lets git merge it without a conflict.

A line is ``COUNT RULE PATH``. The attribute ``merge=union`` beside the file makes git keep the lines of both sides
where they collide, in a merge as in a rebase, with nothing of ours installed. Of several lines for the same rule and
path the smallest counts: if both sides only mended things, there is no more than that.
"""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ganga_quality.errors import UsageError
from ganga_quality.ratchet.allowances import Allowances, Key

_HEADING = "# Old debt, which can only fall: COUNT RULE PATH. Kept by ganga-quality ratchet update."

_LINE = re.compile(r"([1-9][0-9]{0,8}) (\S+) (.+)")
#: Others are written as a string of JSON, so that each is one line of text whatever it holds.
_PLAIN_PATH = re.compile(r"[!#-~](?:[ -~]*[!-~])?")
_CONFLICT = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def parsed(content: bytes, name: str) -> dict[Key, int]:
    """What the file allows. Raises `UsageError`, which names the line, for one that cannot be understood."""
    allowed: dict[Key, int] = {}
    for number, key, count in _entries(content, name):
        del number
        allowed[key] = min(count, allowed.get(key, count))
    return allowed


def lines_of(content: bytes, name: str) -> dict[Key, int]:
    """The last line of the file, counted from 1, that speaks of each rule and path."""
    return {key: number for number, key, _ in _entries(content, name)}


def rendered(allowed: Allowances) -> bytes:
    """The file, sorted by path and then by rule."""
    lines = (f"{count} {key.rule} {_written(key.path)}" for key, count in sorted(allowed.items()))
    return "".join(f"{line}\n" for line in (_HEADING, *lines)).encode()


def with_union(attributes: bytes, name: str) -> bytes:
    """The content of ``.gitattributes`` in the file's folder with what makes git merge the file of this name.

    Raises `UsageError` for a name that means something else there.
    """
    if not _PLAIN_NAME.fullmatch(PurePosixPath(name).name):
        raise UsageError(f"[tool.ganga-quality] ratchet: {name!r}: give the file a name of letters, digits, . _ and -")
    line = f"{PurePosixPath(name).name} merge=union".encode()
    if line in (known.strip() for known in attributes.splitlines()):
        return attributes
    return attributes + (b"\n" if attributes and not attributes.endswith(b"\n") else b"") + line + b"\n"


def _entries(content: bytes, name: str) -> Iterator[tuple[int, Key, int]]:
    for number, raw in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), start=1):
        try:
            line = raw.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            raise _broken(name, number, "is not UTF-8") from error
        if line.startswith(_CONFLICT):
            raise _broken(name, number, f"is a mark that git left of a conflict ({line[:7]})")
        if not line.startswith("#"):
            yield number, *_entry(line, name, number)


def _entry(line: str, name: str, number: int) -> tuple[Key, int]:
    found = _LINE.fullmatch(line)
    path = _read(found[3]) if found else None
    if found is None or path is None:
        raise _broken(name, number, f"is {line[:80]!r}, not COUNT RULE PATH")
    return Key(path, found[2]), int(found[1])


def _broken(name: str, number: int, what: str) -> UsageError:
    return UsageError(
        f"{name}:{number} {what}. Delete that line, then have the file written anew: ganga-quality ratchet update"
    )


def _written(path: str) -> str:
    return path if _PLAIN_PATH.fullmatch(path) else json.dumps(path)


def _read(written: str) -> str | None:
    if not written.startswith('"'):
        return written if _PLAIN_PATH.fullmatch(written) else None
    try:
        path = json.loads(written)
    except ValueError:
        return None
    return path if isinstance(path, str) and path else None
