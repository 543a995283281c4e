import subprocess
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from ganga_quality.formatting.patch import patch
from tests.tools.history import History

PIECES = (b"a\n", b"b\n", b"\n", b"\xff\r\n", b"c\rd\n", b"e", b"f\n")


def test_it_looks_as_git_has_it() -> None:
    assert patch("x.py", b"a\nb\nc\n", b"a\nB\nc\n").decode() == (
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
    )
    assert patch("x.py", b"a\n", b"a\n") == b""


def test_distant_places_are_told_apart() -> None:
    before = b"".join(b"%d\n" % number for number in range(30))
    after = before.replace(b"\n5\n", b"\nx\n").replace(b"\n12\n", b"\n").replace(b"\n25\n", b"\n25\ny\n")
    headers = [line for line in patch("x.py", before, after).split(b"\n") if line.startswith(b"@@")]
    assert headers == [b"@@ -3,14 +3,13 @@", b"@@ -24,6 +23,7 @@"]


NAMES = ("plain.py", "with space.py", 'quote".py', "tab\t.py", "line\nbreak.py", "back\\slash.py", "é.py", "\udcff.py")


@pytest.mark.parametrize("name", NAMES)
def test_git_applies_it_whatever_the_name(history: History, name: str) -> None:
    before, after = b"a\n\xff\r\nb", b"a\n\xfe\r\nb\n"
    file = history.write(name, before)
    apply(history.root, patch(name, before, after))
    assert file.read_bytes() == after


def test_git_applies_many_at_once(history: History) -> None:
    chance = Random(7)
    contents = [b"".join(chance.choices(PIECES, k=chance.randrange(40))) for _ in range(121)]
    pairs = {f"{number}.py": pair for number, pair in enumerate(pairwise(contents)) if all(pair)}
    for name, (before, _) in pairs.items():
        history.write(name, before)
    apply(history.root, b"".join(patch(name, before, after) for name, (before, after) in pairs.items()))
    for name, (_, after) in pairs.items():
        assert (history.root / name).read_bytes() == after


def apply(root: Path, text: bytes) -> None:
    subprocess.run(("git", "apply", "--whitespace=nowarn", "-"), cwd=root, input=text, check=True, timeout=60)
