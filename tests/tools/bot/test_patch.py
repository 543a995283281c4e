"""Patches, read as GitHub writes them and written as git reads them."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganga_quality.bot.facts import Edit
from ganga_quality.bot.patch import shown, written
from ganga_quality.bot.texts import END_OF_PATCH
from ganga_quality.changes import Span
from tests.tools.bot.world import edit

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
LINES = st.lists(
    st.sampled_from([b"a", b"b", b"", b" c", b"\t", b"END_OF_FORMATTING", b"+++ x", b"-- y", b"\r"]), max_size=30
)
SOURCES = st.builds(lambda lines, end: b"\n".join(lines) + end, LINES, st.sampled_from([b"", b"\n"]))


def test_what_a_patch_adds_and_what_it_shows() -> None:
    patch = (
        "@@ -1,4 +1,5 @@ def f():\n a\n-b\n+B\n+C\n c\n d\n@@ -20,2 +21,2 @@\n t\n-u\n+U\n\\ No newline at end of file"
    )
    assert written(patch) == (Span(2, 3), Span(22, 22))
    assert shown(patch) == (Span(1, 5), Span(21, 22))


def test_a_patch_that_only_deletes_wrote_an_empty_span() -> None:
    assert written("@@ -3 +2,0 @@\n-gone") == (Span(3, 2),)
    assert written("@@ -2,3 +2,2 @@\n a\n-gone\n b") == (Span(3, 2),)
    assert shown("@@ -3 +2,0 @@\n-gone") == ()


def test_lines_that_look_like_headers_are_lines() -> None:
    assert written("@@ -0,0 +1,3 @@\n+@@ -1 +7 @@\n+--- a\n+x") == (Span(1, 3),)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SOURCES, SOURCES, st.sampled_from(["a.py", "b c/d e.py", "ü`$(x)`.py", 'q"u\\o.py', "-x.py"]))
def test_git_applies_what_is_written(tmp_path: Path, before: bytes, after: bytes, path: str) -> None:
    change = edit(path, before, after)
    if not change.hunks:
        return
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(before)
    command = ["git", "apply", "--whitespace=nowarn"]
    done = subprocess.run(command, cwd=tmp_path, input=change.patch, env=QUIET, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert file.read_bytes() == after


@given(SOURCES, SOURCES)
def test_the_mark_that_ends_a_patch_never_stands_in_it(before: bytes, after: bytes) -> None:
    assert END_OF_PATCH.encode() not in edit("a.py", before, after).patch.split(b"\n")


@pytest.mark.parametrize("path", ["END_OF_FORMATTING", "x\nEND_OF_FORMATTING\nrm -rf /.py"])
def test_a_path_cannot_end_a_patch(path: str) -> None:
    assert END_OF_PATCH.encode() not in edit(path).patch.split(b"\n")


def test_hunks_far_from_each_other_have_contexts_of_their_own() -> None:
    before = b"x  = 1\n" + b"#\n" * 20 + b"y  = 1\n"
    change = edit("a.py", before, before.replace(b"  ", b" "))
    assert isinstance(change, Edit)
    assert [line for line in change.patch.split(b"\n") if line.startswith(b"@@")] == [
        b"@@ -1,4 +1,4 @@",
        b"@@ -19,4 +19,4 @@",
    ]
