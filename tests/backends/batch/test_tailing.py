"""A file that grows, read whole record by whole record."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.here import HereShell
from ganga.backends.batch.tailing import GrowingFile, Growth
from ganga.model.ids import Cursor
from tests.backends.batch.toy import ToySystem


class Bytes(ToySystem):
    """A shell with one file, which is in memory."""

    def __init__(self, content: bytes | None = None) -> None:
        super().__init__()
        self.content = content
        self.reads = 0

    async def read(self, _path: PurePosixPath, offset: int, size: int, /) -> bytes | None:
        self.reads += 1
        return None if self.content is None else self.content[offset : offset + size]

    async def size(self, _path: PurePosixPath, /) -> int | None:
        return None if self.content is None else len(self.content)


def growing(shell: Bytes, *, closing: bytes | None = None, piece: int = 1 << 20) -> GrowingFile:
    return GrowingFile(shell, PurePosixPath("/log"), closing=closing, piece=piece)


async def read_all(file: GrowingFile, since: Cursor) -> tuple[Cursor, list[Growth]]:
    """Until there is no more at once."""
    told = [await file.read_on(since)]
    while told[-1].behind:
        told.append(await file.read_on(told[-1].cursor))
    return told[-1].cursor, told


def records(told: Sequence[Growth]) -> list[bytes]:
    return [record for growth in told for record in growth.records]


@given(
    st.lists(st.text("ab.\n", max_size=12), max_size=12),
    st.lists(st.integers(min_value=0, max_value=150), max_size=8),
    st.sampled_from([None, b"..."]),
)
async def test_each_record_comes_once_however_the_file_is_cut(
    texts: list[str], cuts: list[int], closing: bytes | None
) -> None:
    ending = b"\n" if closing is None else b"\n...\n"
    content = b"".join(text.encode() + ending for text in texts)
    end = content.rfind(b"\n") + 1 if closing is None else len(content)
    whole = growing(Bytes(content), closing=closing)
    shell = Bytes()
    cursor = (await growing(shell).read_on(None)).cursor
    _, at_once = await read_all(whole, cursor)
    parts: list[Growth] = []
    for cut in [*sorted(cuts), len(content)]:
        shell.content = content[:cut]
        # A reader of its own each time, as after a restart, which takes no more than the longest record in one go.
        cursor, told = await read_all(growing(shell, closing=closing, piece=len(content) + 1), cursor)
        parts += told
    assert records(parts) == records(at_once)
    assert not any(growth.gap for growth in parts)
    if closing is None:
        assert records(parts) == content[:end].split(b"\n")[:-1]


@given(st.integers(min_value=20, max_value=60))
async def test_much_comes_in_pieces(piece: int) -> None:
    lines = [f"line {number}".encode() for number in range(200)]
    file = growing(Bytes(b"".join(line + b"\n" for line in lines)), piece=piece)
    start = (await growing(Bytes()).read_on(None)).cursor
    cursor, told = await read_all(file, start)
    assert records(told) == lines
    assert len(told) > 10
    assert await file.read_on(cursor) == Growth(cursor)


async def test_one_read_tells_what_is_new() -> None:
    shell = Bytes(b"one\n")
    file = growing(shell)
    cursor = (await file.read_on(None)).cursor
    shell.content = b"one\ntwo\nthr"
    shell.reads = 0
    assert (await file.read_on(cursor)).records == (b"two",)
    assert shell.reads == 1


async def test_from_now_on_is_from_the_last_record_that_is_whole() -> None:
    shell = Bytes(b"old\nolder\nne")
    file = growing(shell)
    begun = await file.read_on(None)
    assert (begun.records, begun.gap, begun.behind) == ((), False, False)
    shell.content = b"old\nolder\nnew\n"
    assert (await file.read_on(begun.cursor)).records == (b"new",)


async def test_what_is_not_there_yet_is_silence_and_new_when_it_comes() -> None:
    shell = Bytes()
    file = growing(shell)
    begun = await file.read_on(None)
    assert await file.read_on(begun.cursor) == begun == Growth(begun.cursor)
    shell.content = b"first\n"
    assert (await file.read_on(begun.cursor)).records == (b"first",)


async def test_what_has_gone_is_silence() -> None:
    shell = Bytes(b"one\n")
    file = growing(shell)
    cursor = (await file.read_on(None)).cursor
    shell.content = None
    assert await file.read_on(cursor) == Growth(cursor)


@pytest.mark.parametrize("content", [b"", b"on", b"ONE\n", b"ONE\nlonger than before\n"])
async def test_another_file_of_the_same_name_is_told_and_read_from_its_start(content: bytes) -> None:
    shell = Bytes(b"one\n")
    file = growing(shell)
    cursor = (await file.read_on(None)).cursor
    shell.content = content
    _, told = await read_all(file, cursor)
    assert told[0].gap
    assert not told[-1].gap
    assert records(told) == content.split(b"\n")[:-1]


@pytest.mark.parametrize("closing", [None, b"..."])
async def test_a_record_without_an_end_is_passed_over_and_told(closing: bytes | None) -> None:
    shell = Bytes()
    file = growing(shell, closing=closing, piece=64)
    cursor = (await file.read_on(None)).cursor
    shell.content = b"x" * 500
    cursor, told = await read_all(file, cursor)
    assert (records(told), told[-1].gap) == ([], True)
    ending = b"\n" if closing is None else b"\n...\n"
    shell.content += ending + b"one" + ending
    cursor, told = await read_all(file, cursor)
    assert (records(told), told[-1].gap) == ([], True)
    shell.content += b"two" + ending
    _, told = await read_all(file, cursor)
    assert (records(told), told[-1].gap) == ([b"two"], False)


async def test_what_begins_within_a_record_is_no_record() -> None:
    shell = Bytes(b"x" * 200 + b"\nbody\n...\nnew\n...\n")
    file = growing(shell, closing=b"...", piece=12)
    cursor = (await file.read_on(None)).cursor
    shell.content = (shell.content or b"") + b"newer\n...\n"
    assert (await file.read_on(cursor)).records == (b"newer",)


@given(st.text(max_size=40))
async def test_a_cursor_that_means_nothing_is_a_gap(text: str) -> None:
    begun = await growing(Bytes(b"one\n")).read_on(Cursor(text))
    assert begun.gap
    assert begun.records == ()


async def test_records_of_several_lines_are_told_without_their_closing_line() -> None:
    shell = Bytes(b"")
    file = growing(shell, closing=b"...")
    cursor = (await file.read_on(None)).cursor
    shell.content = b"000 one\n\tbody\n...\n...\n....\ntwo\n...\nhalf\n.."
    assert (await file.read_on(cursor)).records == (b"000 one\n\tbody", b"", b"....\ntwo")


async def test_a_real_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = GrowingFile(HereShell(60.0), PurePosixPath(path))
    cursor = (await file.read_on(None)).cursor
    path.write_bytes(b"one\ntw")
    grown = await file.read_on(cursor)
    assert grown.records == (b"one",)
    path.rename(tmp_path / "log.old")
    path.write_bytes(b"three\n")
    cursor, told = await read_all(file, grown.cursor)
    assert (records(told), told[0].gap) == ([b"three"], True)
