from pathlib import Path

import pytest

from ganga_quality.changes import Span
from ganga_quality.findings import FailureKind
from ganga_quality.fixing.linting import Linter
from ganga_quality.runners.program import Unusable
from ganga_quality.settings import Settings

CONFIGURATION = '[tool.ruff.lint]\nselect = ["F", "I", "UP", "E711", "PIE790"]\n'


@pytest.fixture
def linter(tmp_path: Path) -> Linter:
    (tmp_path / "pyproject.toml").write_text(CONFIGURATION)
    return Linter(tmp_path, Settings())


def test_a_whole_file_has_all_safe_fixes(linter: Linter) -> None:
    source = b"import sys\nimport os\nx = f'a'\nprint(sys, x == None)\n"
    assert linter.whole("a.py", source) == b"import sys\n\nx = 'a'\nprint(sys, x == None)\n"


def test_of_some_lines_only_these_are_fixed(linter: Linter) -> None:
    source = b"x = f'a'\ny = f'b'\nz = f'c'\n"
    assert linter.partly("a.py", source, [Span(2, 2)]) == (b"x = f'a'\ny = 'b'\nz = f'c'\n", (Span(2, 2),))


def test_the_lines_follow(linter: Linter) -> None:
    source = b"import os\nx = f'a'\nimport sys, re\n\ny = f'b'\nprint(sys)\n"
    after, spans = linter.partly("a.py", source, [Span(1, 1), Span(5, 5)])
    assert after == b"x = f'a'\nimport sys, re\n\ny = 'b'\nprint(sys)\n"
    assert spans == (Span(4, 4),)


def test_imports_are_sorted_only_where_all_are_new(linter: Linter) -> None:
    source = b"import sys\nimport os\n\nprint(os, sys)\n"
    assert linter.partly("a.py", source, [Span(2, 2)])[0] == source
    assert linter.partly("a.py", source, [Span(1, 3)])[0] == b"import os\nimport sys\n\nprint(os, sys)\n"


def test_what_makes_room_for_another_fix_is_followed_by_it(linter: Linter) -> None:
    source = b"def f():\n    import os\n    import re\n    import sys\n    '''text'''\n    pass\n"
    after, spans = linter.partly("a.py", source, [Span(2, 6)])
    assert after == b"def f():\n    '''text'''\n"
    assert spans == (Span(2, 2),)


def test_encoding_and_line_ends_stay(linter: Linter) -> None:
    source = "\ufeffx = f'é'\r\ny = f'😀'; z = f'b'\r\n".encode()
    assert linter.partly("a.py", source, [Span(2, 2)])[0] == "\ufeffx = f'é'\r\ny = '😀'; z = 'b'\r\n".encode()


def test_what_cannot_be_parsed_is_a_failure(linter: Linter) -> None:
    with pytest.raises(Unusable) as caught:
        linter.partly("a.py", b"x = (\n", [Span(1, 1)])
    assert caught.value.kind is FailureKind.UNPARSABLE


def test_settings_that_ruff_does_not_know_are_a_failure(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nnonsense = 1\n")
    with pytest.raises(Unusable, match="nonsense"):
        Linter(tmp_path, Settings()).partly("a.py", b"x = 1\n", [Span(1, 1)])


@pytest.mark.parametrize("path", ["-.py", "@x.py", "a b.py", "new\nline.py"])
def test_a_name_is_only_a_name(linter: Linter, path: str) -> None:
    assert linter.whole(path, b"x = f'a'\n") == b"x = 'a'\n"
