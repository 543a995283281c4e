import re

import pytest

from ganga.finishing import searching
from ganga.finishing.base import Ended
from ganga.finishing.checkers import Files, Text


class TestFiles:
    def test_all_there(self, ended: Ended) -> None:
        (ended.output / "deep").mkdir()
        (ended.output / "deep/a.root").write_text("x")
        assert Files(patterns=("deep/*.root", "deep"), nonempty=True).check(ended) is None

    def test_one_missing(self, ended: Ended) -> None:
        assert Files(patterns=("*.root",)).check(ended) == "no file of the output matches *.root"

    def test_no_output_at_all(self, ended: Ended) -> None:
        ended.output.rmdir()
        assert Files(patterns=("stdout",)).check(ended) == "no file of the output matches stdout"

    def test_one_empty(self, ended: Ended) -> None:
        (ended.output / "a").touch()
        assert Files(patterns=("a",)).check(ended) is None
        assert Files(patterns=("a",), nonempty=True).check(ended) == "a is empty"

    @pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "a/../../x", "", "a\0"])
    def test_patterns_stay_inside(self, pattern: str) -> None:
        with pytest.raises(ValueError, match="is not a path within the output folder"):
            Files(patterns=(pattern,))


class TestText:
    @pytest.mark.parametrize(
        ("text", "pattern", "found"),
        [
            ("all is well\n", "is w", True),
            ("a\nEND\n", "^END$", True),
            ("a\nEND", "^END$", True),
            ("ENDE\n", "^END$", False),
            ("a\n", "^$", False),
            ("a\n\nb\n", "^$", True),
            ("", "a", False),
            ("", "^", False),
            ("größe\n", "gr..e$", True),
        ],
    )
    def test_search(self, ended: Ended, text: str, pattern: str, found: bool) -> None:
        (ended.output / "stdout").write_text(text, encoding="utf-8")
        assert (Text(pattern=pattern).check(ended) is None) is found
        assert (Text(pattern=pattern, found=False).check(ended) is None) is not found

    def test_the_objection_names_file_and_text(self, ended: Ended) -> None:
        (ended.output / "stderr").write_text("error\n")
        assert Text(pattern="done", file="stderr").check(ended) == "stderr lacks the text 'done'"
        assert Text(pattern="err", file="stderr", found=False).check(ended) == "stderr has the text 'err'"
        assert Text(pattern="x").check(ended) == "there is no stdout in the output to look for 'x'"

    def test_bytes_that_are_no_text(self, ended: Ended) -> None:
        (ended.output / "stdout").write_bytes(b"\xff\xfe\0 done\n")
        assert Text(pattern="done").check(ended) is None

    def test_blocks_end_at_lines(self, ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(searching, "BLOCK", 4)
        (ended.output / "stdout").write_text("aaaaaa\nbbbbbbbbbb\ncc\n")
        for pattern in ("^a{6}$", "^b{10}$", "^cc$"):
            assert Text(pattern=pattern).check(ended) is None
        assert Text(pattern="^a{5}$").check(ended) is not None

    def test_a_line_without_end_is_searched_in_pieces(self, ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(searching, "BLOCK", 4)
        monkeypatch.setattr(searching, "LONGEST_LINE", 10)
        (ended.output / "stdout").write_text("a" * 50 + "bc")
        assert Text(pattern="bc").check(ended) is None
        assert Text(pattern="a{13}").check(ended) is not None

    def test_no_character_between_the_pieces_is_lost(self, ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(searching, "BLOCK", 4)
        monkeypatch.setattr(searching, "LONGEST_LINE", 10)
        letters = "abcdefghijklmnopqrstuvwxyz"
        (ended.output / "stdout").write_text(letters)
        assert all(Text(pattern=re.escape(letter)).check(ended) is None for letter in letters)

    @pytest.mark.parametrize(("pattern", "file"), [("(", "stdout"), ("a", "/x")])
    def test_bad_options(self, pattern: str, file: str) -> None:
        with pytest.raises(ValueError, match="is not a"):
            Text(pattern=pattern, file=file)
