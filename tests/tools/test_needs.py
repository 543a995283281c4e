import sys
from pathlib import Path

import pytest

from tests.tools.needs import needs_program


def test_a_program_beside_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")

    assert needs_program(Path(sys.executable).name).samefile(sys.executable)


def test_a_missing_program_skips_the_test_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="'no-such-program'"):
        needs_program("no-such-program")


def test_a_missing_program_fails_where_nobody_reads_of_skipped_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="'no-such-program'"):
        needs_program("no-such-program")
