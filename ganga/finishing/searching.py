"""Regular expressions that others have written: one can take for ever, and no other thread runs meanwhile.

Whoever serves many searches in a process of its own, which is killed when it takes too long.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from ganga.errors import FinishingError

#: Characters that are read, and searched, at once. The search of a block holds up all other threads: not too large.
BLOCK = 2**18

#: A line longer than this is searched in pieces.
LONGEST_LINE = 2**20

#: Seconds that a search apart may take.
WITHIN: Final = 30.0
#: Bytes of memory that it may have: what it needs grows with what a pattern has to go back to.
_MEMORY: Final = 2**30

_FOUND: Final = 10
_NOT_FOUND: Final = 11


def is_found(pattern: str, path: Path) -> bool:
    """Whether the pattern, in which ``^`` and ``$`` match at every line, is found in the file."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        return _searched(re.compile(pattern, re.MULTILINE), file)


def is_found_apart(pattern: str, path: Path) -> bool:
    """The same by another process. Raises `FinishingError`."""
    return _apart({"patterns": [pattern], "path": str(path)})


def is_said_apart(patterns: Sequence[str], text: str) -> bool:
    """Whether one of the patterns is found in the text, by another process. Raises `FinishingError`."""
    return _apart({"patterns": list(patterns), "text": text})


def main() -> int:
    """What the other process does: its question is on the standard input, its answer the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    question = json.load(sys.stdin)
    if "path" in question:
        found = is_found(question["patterns"][0], Path(question["path"]))
    else:
        found = any(re.search(pattern, question["text"]) for pattern in question["patterns"])
    return _FOUND if found else _NOT_FOUND


def _apart(question: dict[str, object]) -> bool:
    command = [sys.executable, "-P", "-m", "ganga.finishing.searching"]
    try:
        ended = subprocess.run(  # noqa: S603 - this module
            command,
            input=json.dumps(question).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FinishingError(f"the search for {question['patterns']} took more than {WITHIN:g} s") from error
    if ended.returncode not in {_FOUND, _NOT_FOUND}:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise FinishingError(f"the search for {question['patterns']} failed: {last or ended.returncode}")
    return ended.returncode == _FOUND


def _searched(pattern: re.Pattern[str], file: TextIO) -> bool:
    """Search whole lines, block by block, so that a file of any size will do."""
    rest = ""
    while block := file.read(BLOCK):
        text = rest + block
        end = text.rfind("\n")
        if end < 0 and len(text) > LONGEST_LINE:
            end = len(text)
        if end >= 0 and pattern.search(text, 0, end):
            return True
        rest = text[end + 1 :]
    return bool(rest) and pattern.search(rest) is not None


if __name__ == "__main__":
    sys.exit(main())
