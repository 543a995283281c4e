"""What a change has to answer for, in real repositories and by the real tools."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from ganga_quality.checking.check import check
from ganga_quality.errors import UsageError
from ganga_quality.findings import FailureKind, Origin, Outcome, Verdict
from ganga_quality.runners import mypy, program
from ganga_quality.runners.program import Completed, Deadline
from ganga_quality.scope.scope import Request, resolve
from ganga_quality.settings import Settings
from tests.tools.history import History

RUFF = Settings(tools=("ruff",))
MYPY = Settings(tools=("mypy",))
BLACK = Settings(tools=("black",))
ALL = Settings(tools=("ruff", "black", "mypy"))

CONFIGURATION = '[tool.ruff.lint]\nselect = ["F", "E", "W", "I"]\n[tool.mypy]\nfiles = ["."]\n'
SINCE = Request(since="HEAD")


@pytest.fixture(scope="session")
def typeshed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy knows of the standard library, which takes seconds to learn."""
    folder = tmp_path_factory.mktemp("typeshed")
    (folder / "a.py").write_text("import sys\n")
    assert mypy.run(folder, ["a.py"], Settings(), cache=folder / "cache").failures == ()
    return folder / "cache"


@pytest.fixture
def project(history: History, typeshed: Path) -> History:
    """A repository with a configuration, and with a mypy that knows the standard library."""
    history.commit({"pyproject.toml": CONFIGURATION})
    shutil.copytree(typeshed, history.root / ".ganga_quality_cache" / "mypy")
    (history.root / ".ganga_quality_cache" / ".gitignore").write_text("*\n")
    return history


def checked(project: History, settings: Settings = RUFF, request: Request = SINCE) -> Verdict:
    request = replace(request, folder=project.root)
    scope = resolve(project.repository, settings, request, {})
    return check(project.repository, scope, settings)


def told(verdict: Verdict) -> list[tuple[str, int, str, Origin]]:
    return [(found.path, found.line, found.rule, found.origin) for found in verdict.findings]


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "run", pytest.fail)
    monkeypatch.setitem(sys.modules, "ganga_quality.runners.black", None)


# -- what counts


def test_only_what_the_change_wrote_counts(project: History) -> None:
    project.commit({"a.py": "import os\nx = 1\n"})
    project.write("a.py", "import os\nx = 1 \n")
    verdict = checked(project)
    assert told(verdict) == [("a.py", 2, "W291", Origin.CHANGED)]
    assert (verdict.exit_code, verdict.files, verdict.findings[0].text) == (1, 1, "x = 1")
    assert verdict.seconds.keys() == {"ruff"}


def test_a_new_file_counts_whole(project: History) -> None:
    project.write("new/a.py", "import os\n")
    assert told(checked(project)) == [("new/a.py", 1, "F401", Origin.CHANGED)]


def test_lines_above_do_not_make_old_debt_new(project: History) -> None:
    project.commit({"a.py": "import os\n"})
    project.write("a.py", '"""A docstring."""\n\nimport os\n')
    assert told(checked(project)) == []


def test_a_renamed_file_takes_its_debt_along(project: History) -> None:
    body = "import os\n" + "".join(f"x{number} = {number}\n" for number in range(20))
    project.commit({"old.py": body})
    (project.root / "old.py").rename(project.root / "new.py")
    project.write("new.py", body + "y = 1 \n")
    assert told(checked(project)) == [("new.py", 22, "W291", Origin.CHANGED)]


def test_the_last_use_that_goes_leaves_an_import_unused(project: History) -> None:
    project.commit({"a.py": "import os\nimport sys\n\nprint(os.sep)\nprint(1)\n"})
    project.write("a.py", "import os\nimport sys\n\nprint(1)\n")
    assert told(checked(project)) == [("a.py", 1, "F401", Origin.KNOCK_ON)]


def test_a_changed_signature_breaks_its_callers_elsewhere(project: History) -> None:
    project.commit(
        {"lib.py": "def f() -> int:\n    return 1\n", "user.py": "from lib import f\n\nx: int = f()\ny: int = ''\n"}
    )
    project.write("lib.py", "def f() -> str:\n    return ''\n")
    assert told(checked(project, MYPY)) == [("user.py", 3, "assignment", Origin.KNOCK_ON)]


def test_a_deleted_module_breaks_the_import_of_it(project: History) -> None:
    project.commit({"lib.py": "x = 1\n", "user.py": "import lib\n\ny: int = ''\n"})
    (project.root / "lib.py").unlink()
    verdict = checked(project, ALL)
    assert told(verdict) == [("user.py", 1, "import-not-found", Origin.KNOCK_ON)]
    assert verdict.seconds.keys() == {"mypy"}


def test_what_the_settings_leave_out_is_not_judged(project: History) -> None:
    project.commit(
        {"src/lib.py": "def f() -> int:\n    return 1\n", "old/user.py": "from src.lib import f\n\nx: int = f()\n"}
    )
    project.write("src/lib.py", "def f() -> str:\n    return ''\n")
    assert told(checked(project, replace(MYPY, paths=("src",)))) == []


def test_a_changed_configuration_has_everything_judged_anew(project: History) -> None:
    project.commit({"a.py": "import os\nl = 1\n"})
    project.write("pyproject.toml", CONFIGURATION.replace('"E", ', '"E", "N", "A", "PLR", "C", "B", "D100", '))
    assert told(checked(project)) == [("a.py", 1, "D100", Origin.KNOCK_ON)]


def test_black_is_asked_for_the_changed_lines(project: History) -> None:
    project.commit({"a.py": "x = {  'a':1 }\n\n\ny = {  'b':1 }\n"})
    project.write("a.py", "x = {  'a':1 }\n\n\ny = {  'b':2 }\n")
    assert told(checked(project, BLACK)) == [("a.py", 4, "format", Origin.CHANGED)]


def test_the_tools_answer_as_one(project: History) -> None:
    project.write("a.py", "import os\n\nx: int = 'a'\n")
    verdict = checked(project, ALL)
    assert sorted(told(verdict)) == [
        ("a.py", 1, "F401", Origin.CHANGED),
        ("a.py", 3, "assignment", Origin.CHANGED),
        ("a.py", 3, "format", Origin.CHANGED),
    ]
    assert verdict.seconds.keys() == {"ruff", "black", "mypy"}


def test_everything_counts_if_everything_is_asked_for(project: History) -> None:
    project.commit({"a.py": "import os\n", "b.py": "x: int = ''\n"})
    assert sorted(told(checked(project, ALL, Request(all=True)))) == [
        ("a.py", 1, "F401", Origin.EXISTING),
        ("b.py", 1, "assignment", Origin.EXISTING),
        ("b.py", 1, "format", Origin.EXISTING),
    ]
    assert told(checked(project, ALL, Request(paths=("a.py",)))) == [("a.py", 1, "F401", Origin.EXISTING)]


def test_staged_changes_are_judged_as_they_are_staged(project: History) -> None:
    project.commit({"a.py": "x = 1\n"})
    project.stage({"a.py": "x = 1\nimport os\n"})
    project.write("a.py", "x = 1\n\n\n\n\nprint(1) \n")
    assert [found[1:3] for found in told(checked(project, RUFF, Request(staged=True)))] == [(2, "E402"), (2, "F401")]


def test_a_missing_module_that_was_not_staged_is_told(project: History) -> None:
    project.stage({"user.py": "import lib\n\nprint(lib.x)\n"})
    project.write("lib.py", "x = 1\n")
    assert told(checked(project, MYPY, Request(staged=True))) == [("user.py", 1, "import-not-found", Origin.CHANGED)]


# -- what is not run


@pytest.mark.usefixtures("no_tools")
def test_an_unchanged_tree_starts_no_tool(project: History) -> None:
    project.commit({"a.py": "import os\n"})
    assert checked(project, ALL) == Verdict(scope="changes since HEAD", files=0)


@pytest.mark.usefixtures("no_tools")
def test_neither_does_a_change_that_concerns_none(project: History) -> None:
    project.commit({"a.py": "import os\n", "old/b.py": "import os\n", "README.md": "a"})
    project.write("README.md", "b")
    (project.root / "old" / "b.py").unlink()
    assert checked(project, replace(ALL, paths=("a.py",))) == Verdict(scope="changes since HEAD", files=0)


def test_the_old_state_is_asked_for_once(project: History, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit({"a.py": "import os\nx: int = ''\n"})
    project.write("a.py", "import os\nx: int = ''\nz = 1\n")
    first = checked(project, ALL)
    folders: list[Path] = []
    run = program.run

    def counted(tool: Path, arguments: Sequence[str], *, folder: Path, deadline: Deadline) -> Completed:
        folders.append(folder)
        return run(tool, arguments, folder=folder, deadline=deadline)

    monkeypatch.setattr(program, "run", counted)
    assert told(checked(project, ALL)) == told(first) == []
    assert set(folders) == {project.root}


@pytest.mark.parametrize(("committed", "rules"), [(False, []), (True, ["F401"])])
def test_a_cache_that_belongs_to_the_repository_is_not_believed(
    project: History, committed: bool, rules: list[str]
) -> None:
    project.commit({"a.py": "import os\n\nprint(os)\n"})
    project.write("a.py", "import os\n")
    (finding,) = checked(project).findings
    (memory,) = (project.root / ".ganga_quality_cache" / "old").iterdir()
    memory.write_bytes(msgspec.json.encode({"a.py": Outcome((finding,))}))
    if committed:
        project.git("add", "--force", ".ganga_quality_cache/old")
    assert [found.rule for found in checked(project).findings] == rules


# -- what fails


def test_a_file_that_cannot_be_parsed_fails_the_change_that_touched_it(project: History) -> None:
    project.commit({"a.py": "x = 1\n"})
    project.write("a.py", "x = (\n")
    verdict = checked(project, ALL)
    assert verdict.exit_code == 3
    assert {(each.tool, each.path, each.kind) for each in verdict.failures} == {
        ("black", "a.py", FailureKind.UNPARSABLE),
        ("mypy", "a.py", FailureKind.CRASHED),
        ("ruff", "a.py", FailureKind.UNPARSABLE),
    }


def test_and_nobody_else(project: History) -> None:
    project.commit({"old.py": "x = (\n", "a.py": "x = 1\n"})
    project.write("a.py", "x = 2\n")
    project.write("pyproject.toml", CONFIGURATION.replace('"I"', '"I", "N"'))
    assert checked(project, replace(ALL, tools=("ruff", "black"))).exit_code == 0


def test_but_what_mypy_did_not_judge_is_never_clean(project: History) -> None:
    project.commit({"old.py": "x = (\n", "a.py": "x = 1\n"})
    project.write("a.py", "x = 2\n")
    assert [(each.tool, each.path) for each in checked(project, MYPY).failures] == [("mypy", "old.py")]


@pytest.mark.parametrize("settings", [RUFF, MYPY])
def test_who_mends_a_file_does_not_pay_for_what_it_hid(project: History, settings: Settings) -> None:
    project.commit({"a.py": "import os\nx: int = ''\ny = (\n"})
    project.write("a.py", "import os\nx: int = ''\ny = ()\n")
    verdict = checked(project, settings)
    assert (verdict.findings, verdict.failures) == ((), ())


def test_an_old_configuration_that_does_not_work_gives_way_to_the_new_one(project: History) -> None:
    project.commit({"pyproject.toml": '[tool.ruff]\nrequired-version = "==0.1.0"\n', "a.py": "import os\n"})
    project.write("pyproject.toml", '[tool.ruff.lint]\nselect = ["F"]\n')
    project.write("a.py", "import os\nz = 1\n")
    verdict = checked(project)
    assert (verdict.findings, verdict.failures) == ((), ())


def test_an_old_state_that_cannot_be_judged_is_a_failure(project: History, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit({"a.py": "import os\n"})
    project.write("a.py", "import os\nx = 1 \n")
    run = program.run

    def crashing(tool: Path, arguments: Sequence[str], *, folder: Path, deadline: Deadline) -> Completed:
        if folder != project.root:
            return Completed(2, b"", b"no luck")
        return run(tool, arguments, folder=folder, deadline=deadline)

    monkeypatch.setattr(program, "run", crashing)
    verdict = checked(project)
    assert told(verdict) == [("a.py", 2, "W291", Origin.CHANGED)]
    assert [each.message for each in verdict.failures] == ["of the old state: ruff ended with exit code 2: no luck"]


def test_a_missing_tool_does_not_hide_the_others(
    project: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("a.py", "x = {  'a':1 }\n")
    git = shutil.which("git")
    assert git
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    verdict = checked(project, ALL)
    assert [(each.tool, each.kind) for each in verdict.failures] == [
        ("mypy", FailureKind.MISSING),
        ("ruff", FailureKind.MISSING),
    ]
    assert [found.tool for found in verdict.findings] == ["black"]
    assert verdict.exit_code == 3


def test_wrong_settings_end_it(project: History) -> None:
    project.write("pyproject.toml", "[tool.black]\nnosuch = 1\n")
    project.write("a.py", "x = 1\n")
    with pytest.raises(UsageError, match="nosuch"):
        checked(project, replace(ALL, tools=("ruff", "black")))


def test_an_error_of_one_tool_does_not_wait_for_the_others(
    project: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "bin" / "ruff"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nsleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    project.write("pyproject.toml", "[tool.black]\nnosuch = 1\n")
    project.write("a.py", "x = 1\n")
    with pytest.raises(UsageError, match="nosuch"):
        checked(project, replace(ALL, tools=("ruff", "black"), timeout=100))


def test_odd_names_are_files_like_others(project: History) -> None:
    names = ["a b.py", "-x.py", "new\nline.py", "ü.py"] + ["\udcff.py"] * (sys.platform == "linux")
    project.commit(dict.fromkeys(names, "import os\n"))
    for name in names:
        project.write(name, "import os\n\nx = 1 \n")
    verdict = checked(project)
    assert verdict.failures == ()
    assert sorted((each.path, each.rule) for each in verdict.findings) == sorted((name, "W291") for name in names)
