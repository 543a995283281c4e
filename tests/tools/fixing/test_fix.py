import os
import stat
import subprocess

import pytest

from ganga_quality.errors import UsageError
from ganga_quality.findings import FailureKind
from ganga_quality.fixing import fix as module
from ganga_quality.fixing.fix import Fixed, FixedFile, fix
from ganga_quality.git.repository import Repository
from ganga_quality.runners import pool
from ganga_quality.scope.scope import Request, resolve
from ganga_quality.settings import Settings
from tests.tools.history import History

OLD = "a  = 1\nb  = 2\nc  = 3\n"
RUFF = '[tool.ruff.lint]\nselect = ["F", "I"]\n'


def fixed(
    history: History,
    request: Request | None = None,
    *,
    lint: bool = False,
    whole: bool = False,
    check: bool = False,
    settings: Settings | None = None,
) -> Fixed:
    repository, chosen = history.repository, settings or Settings()
    scope = resolve(repository, chosen, request or Request(since="HEAD"), {})
    return fix(repository, scope, chosen, lint=lint, whole=whole, check=check)


def text(history: History, path: str) -> str:
    return (history.root / path).read_bytes().decode()


def names(result: Fixed) -> list[str]:
    return [file.path for file in result.files]


def test_only_what_the_change_wrote_is_formatted(history: History) -> None:
    history.commit({"x.py": OLD, "old.py": OLD})
    history.write("x.py", OLD.replace("2", "9"))
    history.write("new.py", OLD)
    result = fixed(history)
    assert names(result) == ["new.py", "x.py"]
    assert result.exit_code == 1
    assert text(history, "x.py") == "a  = 1\nb = 9\nc  = 3\n"
    assert text(history, "new.py") == "a = 1\nb = 2\nc = 3\n"
    assert text(history, "old.py") == OLD
    assert sorted(path.name for path in history.root.iterdir()) == [".git", "new.py", "old.py", "x.py"]
    assert fixed(history) == Fixed()


def test_whole_files_are_formatted_on_request(history: History) -> None:
    history.commit({"x.py": OLD, "old.py": OLD})
    history.write("x.py", OLD.replace("2", "9"))
    assert names(fixed(history, whole=True)) == ["x.py"]
    assert text(history, "x.py") == "a = 1\nb = 9\nc = 3\n"
    assert names(fixed(history, Request(all=True))) == ["old.py"]
    assert fixed(history, Request(all=True)).exit_code == 0


def test_check_writes_nothing(history: History) -> None:
    history.commit()
    history.write("x.py", OLD)
    result = fixed(history, check=True)
    assert (result.files[0].before, result.files[0].after) == (OLD.encode(), b"a = 1\nb = 2\nc = 3\n")
    assert text(history, "x.py") == OLD


def test_the_patch_does_what_the_command_does(history: History) -> None:
    history.commit()
    history.write("x y.py", OLD)
    history.write("é.py", "# coding: latin-1\nx  = 'ä'".encode("latin-1"))
    patch = fixed(history, check=True).patch()
    subprocess.run(("git", "apply", "-"), cwd=history.root, input=patch, check=True, timeout=60)
    assert fixed(history, check=True) == Fixed()


# -- ruff's fixes


def test_ruff_comes_first_and_black_has_the_last_word(history: History) -> None:
    history.commit({"pyproject.toml": RUFF, "x.py": "import re\nx  = f'a'\n"})
    history.write("x.py", "import re\nx  = f'a'\nimport os\nimport sys\ny  = f'b'\nprint(sys)\n")
    assert names(fixed(history, lint=True)) == ["x.py"]
    assert text(history, "x.py") == "import re\nx  = f'a'\nimport sys\n\ny = \"b\"\nprint(sys)\n"


def test_whole_files_have_all_safe_fixes(history: History) -> None:
    history.commit({"pyproject.toml": RUFF, "x.py": "import re\nimport os\n\nx = re, f''\n"})
    assert names(fixed(history, Request(all=True), lint=True)) == ["x.py"]
    assert text(history, "x.py") == 'import re\n\nx = re, ""\n'


def test_without_lint_ruff_is_not_asked(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Linter", None)
    history.commit({"pyproject.toml": RUFF, "x.py": "import re\n"})
    assert fixed(history, Request(all=True)) == Fixed()


def test_tools_that_are_not_wanted_change_nothing(history: History) -> None:
    history.commit({"pyproject.toml": RUFF, "x.py": "import re\nx  = f'a'\n"})
    assert fixed(history, Request(all=True), lint=True, settings=Settings(tools=("mypy",))) == Fixed()
    fixed(history, Request(all=True), lint=True, settings=Settings(tools=("ruff",)))
    assert text(history, "x.py") == "x  = 'a'\n"


# -- what goes wrong


def test_what_cannot_be_parsed_is_told_and_the_rest_is_fixed(history: History) -> None:
    history.commit({"pyproject.toml": RUFF})
    history.write("broken.py", "x  = (\n")
    history.write("x.py", OLD)
    result = fixed(history, lint=True)
    assert names(result) == ["x.py"]
    assert [(failure.path, failure.tool) for failure in result.failures] == [
        ("broken.py", "black"),
        ("broken.py", "ruff"),
    ]
    assert result.exit_code == 3
    assert text(history, "broken.py") == "x  = (\n"


def test_what_was_changed_meanwhile_is_left_alone(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.commit()
    history.write("x.py", OLD)

    def overtaken(repository: Repository, file: FixedFile) -> None:
        history.write("x.py", "theirs\n")
        check(repository, file)

    check = module._check_untouched
    monkeypatch.setattr(module, "_check_untouched", overtaken)
    result = fixed(history)
    assert (names(result), result.exit_code) == ([], 3)
    assert result.failures[0].kind is FailureKind.CRASHED
    assert "run the command again" in result.failures[0].message
    assert sorted(path.name for path in history.root.iterdir()) == [".git", "x.py"]
    assert text(history, "x.py") == "theirs\n"


def test_a_file_that_became_a_link_is_left_alone(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.commit()
    history.write("x.py", OLD)
    outside = history.root.parent / "outside.py"
    outside.write_text(OLD)

    def overtaken(repository: Repository, file: FixedFile) -> None:
        (history.root / "x.py").unlink()
        (history.root / "x.py").symlink_to(outside)
        check(repository, file)

    check = module._check_untouched
    monkeypatch.setattr(module, "_check_untouched", overtaken)
    assert fixed(history).exit_code == 3
    assert (history.root / "x.py").is_symlink()
    assert outside.read_text() == OLD


def test_a_link_is_never_followed(history: History) -> None:
    outside = history.root.parent / "outside.py"
    outside.write_text(OLD)
    history.commit()
    (history.root / "x.py").symlink_to(outside)
    assert fixed(history) == Fixed()
    assert outside.read_text() == OLD


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_a_failure(history: History) -> None:
    history.commit()
    history.write("folder/x.py", OLD)
    (history.root / "folder").chmod(0o500)
    result = fixed(history)
    assert (names(result), result.exit_code) == ([], 3)


def test_the_mode_stays(history: History) -> None:
    history.commit()
    history.write("x.py", OLD).chmod(0o751)
    fixed(history)
    assert stat.S_IMODE((history.root / "x.py").stat().st_mode) == 0o751


# -- states other than the disk


def test_staged_changes_are_fixed_on_disk(history: History) -> None:
    history.commit({"x.py": OLD})
    history.stage({"x.py": OLD.replace("2", "9")})
    assert names(fixed(history, Request(staged=True))) == ["x.py"]
    assert text(history, "x.py") == "a  = 1\nb = 9\nc  = 3\n"


def test_staged_and_other_changes_in_one_file_are_refused(history: History) -> None:
    history.commit({"x.py": OLD, "y.py": "y = 1\n"})
    history.stage({"x.py": OLD.replace("2", "9"), "y.py": "y = 2\n"})
    # What would stay as it is, may differ.
    history.write("y.py", "y  = 3\n")
    assert names(fixed(history, Request(staged=True), check=True)) == ["x.py"]
    history.write("x.py", OLD.replace("2", "9").replace("1", "8"))
    with pytest.raises(UsageError, match=r"'x.py': on disk is something else .*staged"):
        fixed(history, Request(staged=True))
    assert text(history, "x.py") == "a  = 8\nb  = 9\nc  = 3\n"


def test_line_ends_that_git_changes_are_no_other_change(history: History) -> None:
    history.git("config", "core.autocrlf", "true")
    history.commit({"x.py": OLD})
    history.stage({"x.py": OLD.replace("2", "9").replace("\n", "\r\n")})
    assert names(fixed(history, Request(staged=True))) == ["x.py"]
    assert text(history, "x.py") == "a  = 1\r\nb = 9\r\nc  = 3\r\n"


def test_several_processes_do_the_same(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    history.commit()
    for number in range(4):
        history.write(f"{number}.py", OLD)
    monkeypatch.setattr(pool, "LITTLE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert names(fixed(history)) == ["0.py", "1.py", "2.py", "3.py"]
    assert {text(history, f"{number}.py") for number in range(4)} == {"a = 1\nb = 2\nc = 3\n"}
