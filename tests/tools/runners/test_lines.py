"""Lines of the tools become lines of git."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga_quality.runners.lines import Lines


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.py"


def test_in_most_files_they_are_the_same(file: Path) -> None:
    file.write_bytes(b"a\n\x0cb\r\n\x1c c \x85\n")
    lines = Lines(file)
    assert [lines.line(row) for row in (1, 2, 3, 9)] == [1, 2, 3, 9]
    assert [lines.text(line) for line in (0, 1, 2, 4, 5)] == ["", "a", "b", "", ""]


def test_a_lone_carriage_return_ends_a_row_and_no_line(file: Path) -> None:
    file.write_bytes(b"a\rb\r\nc\n")
    lines = Lines(file)
    assert [lines.line(row) for row in (0, 1, 2, 3, 4, 99)] == [1, 1, 1, 2, 3, 3]
    assert lines.text(1) == "a\rb"


def test_a_file_that_is_gone_has_no_lines(file: Path) -> None:
    assert (Lines(file).line(3), Lines(file).text(1)) == (3, "")


@given(parts=st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"\x0c"])))
def test_every_row_is_where_its_bytes_are(parts: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    content = b"".join(parts)
    file = tmp_path_factory.mktemp("lines") / "x.py"
    file.write_bytes(content)
    lines = Lines(file)
    place = 0
    for row, part in enumerate(content.splitlines(keepends=True), start=1):
        assert lines.line(row) == content.count(b"\n", 0, place) + 1
        place += len(part)
