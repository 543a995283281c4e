"""Old debt is held in real repositories: it may stay and it may fall, and never grow."""

import stat

import pytest
from msgspec.structs import replace

from ganga_quality.errors import UsageError
from ganga_quality.findings import FailureKind, Origin
from ganga_quality.ratchet.ratchet import Change, RatchetUpdate, RatchetVerdict, check_ratchet, update_ratchet
from ganga_quality.report import github, markdown, record, sarif, text
from ganga_quality.scope.scope import Request, Scope, resolve
from ganga_quality.settings import Settings
from tests.tools.history import History

SETTINGS = Settings(tools=("ruff",))
FILE = SETTINGS.ratchet
CONFIGURATION = '[tool.ruff.lint]\nselect = ["F401", "W291"]\n'
DEBT = "import os\nimport sys\nx = 1 \ny = 2  # noqa: E501\n"


@pytest.fixture
def project(history: History) -> History:
    """A repository with debt that is accepted."""
    history.write("pyproject.toml", CONFIGURATION)
    history.write("old.py", DEBT)
    updated(history, accept=True)
    history.commit()
    return history


def scope(history: History, since: str | None) -> Scope:
    request = Request(all=since is None, since=since, folder=history.root)
    return resolve(history.repository, SETTINGS, request, {})


def verdict(
    history: History, *, since: str | None = None, strict: bool = False, settings: Settings = SETTINGS
) -> RatchetVerdict:
    return check_ratchet(history.repository, scope(history, since), settings, strict=strict)


def updated(
    history: History, *, since: str | None = None, accept: bool = False, settings: Settings = SETTINGS
) -> RatchetUpdate:
    return update_ratchet(history.repository, scope(history, since), settings, accept=accept)


def entries(history: History) -> list[str]:
    return (history.root / FILE).read_text().splitlines()[1:]


def test_the_first_time_everything_is_accepted(project: History) -> None:
    assert entries(project) == ["2 F401 old.py", "1 W291 old.py", "1 noqa:E501 old.py"]
    assert (project.root / ".github" / ".gitattributes").read_text() == "ratchet.txt merge=union\n"
    assert stat.S_IMODE((project.root / FILE).stat().st_mode) & 0o600 == 0o600
    told = verdict(project)
    assert (told.exit_code, told.findings, told.stale, told.advice, told.files) == (0, (), (), "", 1)


@pytest.mark.parametrize("since", [None, "HEAD"])
def test_debt_may_move_within_its_file(project: History, since: str | None) -> None:
    project.write("old.py", '"""A docstring."""\n\n\n' + "".join(sorted(DEBT.splitlines(keepends=True))))
    assert (verdict(project, since=since).findings, verdict(project, since=since).stale) == ((), ())


def test_what_has_grown_is_told_by_the_lines_that_the_change_wrote(project: History) -> None:
    project.write("old.py", DEBT.replace("x = 1", "import re\nx = 1"))
    told = verdict(project, since="HEAD")
    assert told.exit_code == 1
    assert [(found.line, found.rule, found.origin) for found in told.findings] == [(3, "F401", Origin.CHANGED)]
    assert told.findings[0].message == "`re` imported but unused (3 in this file, 2 allowed)"


def test_if_nothing_is_known_of_the_change_all_of_the_kind_are_told(project: History) -> None:
    project.write("old.py", DEBT.replace("x = 1", "import re\nx = 1"))
    assert [(found.line, found.rule) for found in verdict(project).findings] == [(1, "F401"), (2, "F401"), (3, "F401")]


def test_also_if_written_lines_do_not_explain_it(project: History) -> None:
    project.commit({"old.py": DEBT + "print(os, sys)\n"})
    updated(project)
    project.commit()
    project.write("old.py", DEBT + "import re\n")
    told = verdict(project, since="HEAD").findings
    assert [(found.line, found.origin) for found in told] == [
        (5, Origin.CHANGED),
        (1, Origin.EXISTING),
        (2, Origin.EXISTING),
    ]


def test_a_new_file_is_allowed_nothing(project: History) -> None:
    project.write("new.py", "import os\n")
    assert [(found.path, found.message) for found in verdict(project).findings] == [
        ("new.py", "`os` imported but unused (1 in this file, 0 allowed)")
    ]


def test_a_suppression_is_debt_as_well(project: History) -> None:
    project.write("old.py", DEBT + "import re  # noqa: F401\nz: int = ''  # type: ignore\n")
    assert [(found.line, found.rule) for found in verdict(project).findings] == [(5, "noqa:F401"), (6, "type-ignore")]


def test_stale_entries_are_told_and_cost_nothing(project: History) -> None:
    project.write("old.py", "import os\n")
    told = verdict(project)
    assert (told.exit_code, told.findings) == (0, ())
    assert [str(change) for change in told.stale] == [
        "old.py: F401: 2 -> 1",
        "old.py: W291: 1 -> 0",
        "old.py: noqa:E501: 1 -> 0",
    ]
    assert "ganga-quality ratchet update" in told.advice


def test_unless_the_check_is_strict(project: History) -> None:
    project.write("old.py", "import os\nx = 1 \ny = 1  # noqa: E501\n")
    told = verdict(project, strict=True)
    assert told.exit_code == 1
    (found,) = told.findings
    assert (found.path, found.line, found.tool, found.rule) == (FILE, 2, "ratchet", "stale")
    assert found.message == (
        "old.py: F401: 2 -> 1: the file allows more than there is; lower it with: ganga-quality ratchet update"
    )


def test_every_report_can_tell_it(project: History) -> None:
    project.write("old.py", "import os\nimport re\nimport sys\n")
    told = verdict(project, strict=True)
    for report in (text, github, markdown, record, sarif):
        assert "noqa:E501: 1 -> 0" in report.render(told).replace("\\u003e", ">").replace("&gt;", ">").replace("\\", "")


def test_an_update_lowers_and_drops(project: History) -> None:
    project.write("old.py", "import os\nx = 1 \n")
    done = updated(project)
    assert done == RatchetUpdate(
        file=FILE, changes=(Change("old.py", "F401", 2, 1), Change("old.py", "noqa:E501", 1, 0))
    )
    assert (done.exit_code, entries(project)) == (0, ["1 F401 old.py", "1 W291 old.py"])
    assert updated(project) == RatchetUpdate(file=FILE)


def test_an_update_never_raises(project: History) -> None:
    project.write("old.py", DEBT + "import re\n")
    project.write("new.py", "import os\n")
    done = updated(project)
    assert done.left == (Change("new.py", "F401", 0, 1), Change("old.py", "F401", 2, 3))
    assert (done.exit_code, done.changes) == (1, ())
    assert entries(project) == ["2 F401 old.py", "1 W291 old.py", "1 noqa:E501 old.py"]


def test_unless_it_is_told_to_accept(project: History) -> None:
    project.write("old.py", "import os\nimport re\nimport sys\n")
    done = updated(project, accept=True)
    assert (done.exit_code, done.left) == (0, ())
    assert entries(project) == ["3 F401 old.py"]


def test_a_renamed_file_takes_its_allowance_along(project: History) -> None:
    (project.root / "old.py").rename(project.root / "new.py")
    told = verdict(project, since="HEAD")
    assert (told.exit_code, told.findings) == (0, ())
    assert str(told.stale[0]) == "old.py -> new.py: F401: 2 -> 2"
    assert updated(project, since="HEAD").exit_code == 0
    assert entries(project) == ["2 F401 new.py", "1 W291 new.py", "1 noqa:E501 new.py"]
    assert verdict(project, since="HEAD").stale == ()


def test_a_deleted_file_is_allowed_nothing_any_more(project: History) -> None:
    (project.root / "old.py").unlink()
    assert len(verdict(project).stale) == 3
    assert updated(project).exit_code == 0
    assert entries(project) == []
    assert (project.root / FILE).exists()


def test_a_tool_that_was_not_asked_keeps_its_entries(project: History) -> None:
    (project.root / FILE).write_bytes((project.root / FILE).read_bytes() + b"3 arg-type old.py\n2 format old.py\n")
    assert verdict(project).stale == ()
    project.write("old.py", "import os\n")
    updated(project)
    assert entries(project) == ["1 F401 old.py", "3 arg-type old.py", "2 format old.py"]


def test_black_and_mypy_count_too(project: History) -> None:
    project.write("pyproject.toml", CONFIGURATION + '[tool.mypy]\nfiles = ["."]\n')
    project.write("old.py", "x: int = ''\ny: str = 1\n")
    assert updated(project, accept=True, settings=Settings()).exit_code == 0
    assert entries(project) == ["2 assignment old.py", "1 format old.py"]


@pytest.mark.parametrize("accept", [False, True])
def test_if_a_tool_fails_nothing_is_written(project: History, accept: bool) -> None:
    before = (project.root / FILE).read_bytes()
    project.write("old.py", "x = (\n")
    done = updated(project, accept=accept)
    assert (done.exit_code, [failure.kind for failure in done.failures]) == (3, [FailureKind.UNPARSABLE])
    assert (project.root / FILE).read_bytes() == before
    told = verdict(project)
    assert (told.exit_code, told.stale) == (3, ())


def test_a_missing_file_is_told_with_the_command_that_begins_it(project: History) -> None:
    (project.root / FILE).unlink()
    for ask in (verdict, updated):
        with pytest.raises(UsageError, match=r"there is no \.github/ratchet\.txt.*ratchet update --accept"):
            ask(project)


def test_a_broken_file_is_not_guessed_at(project: History) -> None:
    project.write(FILE, "<<<<<<< ours\n")
    for ask in (verdict, updated):
        with pytest.raises(UsageError, match=r"ratchet\.txt:1 is a mark"):
            ask(project)


def test_only_the_disk_can_be_written_to(project: History) -> None:
    staged = resolve(project.repository, SETTINGS, Request(staged=True), {})
    with pytest.raises(UsageError, match="on disk"):
        update_ratchet(project.repository, staged, SETTINGS, accept=False)


def test_what_is_staged_is_counted_as_it_is_staged(project: History) -> None:
    project.stage({"old.py": DEBT + "import re\n"})
    project.write("old.py", DEBT)
    staged = resolve(project.repository, SETTINGS, Request(staged=True), {})
    told = check_ratchet(project.repository, staged, SETTINGS, strict=False)
    assert [(found.line, found.rule) for found in told.findings] == [(5, "F401")]


def test_what_the_settings_leave_out_is_not_counted(project: History) -> None:
    project.write("new/a.py", "import os\n")
    project.write("other/b.py", "import os\n")
    settings = replace(SETTINGS, paths=("old.py", "new"))
    assert [found.path for found in verdict(project, settings=settings).findings] == ["new/a.py"]


@pytest.mark.parametrize("name", ["new\nline.py", "a b.py", '"q".py'])
def test_odd_names_are_held_too(project: History, name: str) -> None:
    project.write(name, "import os\n")
    assert updated(project, accept=True).exit_code == 0
    assert (verdict(project).findings, verdict(project).stale) == ((), ())


def test_two_branches_that_pay_off_debt_merge_and_hold(project: History) -> None:
    """The same story from end to end, with the tools themselves on both sides."""
    project.git("checkout", "-q", "-b", "topic")
    project.write("old.py", DEBT.replace("x = 1 \n", "x = 1\n"))
    updated(project)
    project.commit()
    project.git("checkout", "-q", "main")
    project.write("old.py", DEBT.replace("import os\n", ""))
    updated(project)
    project.commit()
    project.git("merge", "-q", "-m", "merge", "topic")
    told = verdict(project)
    assert told.findings == ()
    updated(project)
    assert entries(project) == ["1 F401 old.py", "1 noqa:E501 old.py"]
