from pathlib import Path

import pytest

from ganga_quality.changes import Hunk, Span
from ganga_quality.formatting.style import Style
from ganga_quality.runners import black_cache
from ganga_quality.runners.black_cache import Answer, Cache

ANSWER = Answer(hunks=(Hunk(1, 1, 1, 2),))
STYLE = Style()


def test_answers_are_remembered(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "folder")
    key = cache.key(b"x", STYLE, None, stub=False)
    assert cache.get(key) is None
    cache.put(key, ANSWER)
    cache.write()
    assert Cache(tmp_path / "new" / "folder").get(key) == ANSWER
    assert [file.name for file in (tmp_path / "new" / "folder").iterdir()] == ["black.msgpack"]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = Cache(None)
    cache.put(b"key", ANSWER)
    cache.write()
    assert list(tmp_path.iterdir()) == []


def test_everything_that_matters_is_in_the_key() -> None:
    cache = Cache(None)
    keys = {
        cache.key(b"x", STYLE, None, stub=False),
        cache.key(b"y", STYLE, None, stub=False),
        cache.key(b"x", Style(line_length=9), None, stub=False),
        cache.key(b"x", STYLE, (), stub=False),
        cache.key(b"x", STYLE, (Span(1, 2),), stub=False),
        cache.key(b"x", STYLE, None, stub=True),
    }
    assert len(keys) == 6


def test_another_black_gives_other_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Cache(None).key(b"x", STYLE, None, stub=False)
    monkeypatch.setattr(black_cache, "black_version", lambda: "1.2.3")
    assert Cache(None).key(b"x", STYLE, None, stub=False) != key


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x81\xa1a\x01", b"\xc1" * 99])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "black.msgpack").write_bytes(damage)
    cache = Cache(tmp_path)
    assert cache.get(b"key") is None
    cache.put(b"key", ANSWER)
    cache.write()
    assert Cache(tmp_path).get(b"key") == ANSWER


def test_what_cannot_be_written_is_not_missed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "folder")
    cache.put(b"key", ANSWER)
    cache.write()
    assert Cache(tmp_path / "file" / "folder").get(b"key") is None


def test_two_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    one, other = Cache(tmp_path), Cache(tmp_path)
    one.put(b"one", ANSWER)
    other.put(b"other", ANSWER)
    one.write()
    other.write()
    assert Cache(tmp_path).get(b"other") == ANSWER


def test_what_was_not_asked_for_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(black_cache, "_ROOM", 2)
    first = Cache(tmp_path)
    first.put(b"a", ANSWER)
    first.put(b"b", ANSWER)
    first.write()
    second = Cache(tmp_path)
    assert second.get(b"a") == ANSWER
    second.put(b"c", ANSWER)
    second.write()
    third = Cache(tmp_path)
    assert [third.get(key) for key in (b"a", b"b", b"c")] == [ANSWER, None, ANSWER]
