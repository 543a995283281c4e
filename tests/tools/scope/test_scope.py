import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ganga_quality.errors import UsageError
from ganga_quality.git import repository as git
from ganga_quality.git.plumbing import ask
from ganga_quality.git.repository import Commit, Index, WorkingTree
from ganga_quality.scope.scope import Request, Scope, base_state, checked_state, resolve
from ganga_quality.settings import Settings
from tests.tools.history import History


@pytest.fixture
def topic(history: History) -> str:
    """A branch that changed some files; the hash of where it began."""
    base = history.commit({"a/x.py": "1\n2\n3\n4\n", "b.py": "b\n", "gone.py": "g\n", "README.md": "r\n"})
    history.git("switch", "-q", "-c", "topic")
    history.git("mv", "a/x.py", "a/moved.py")
    history.git("rm", "-q", "gone.py")
    history.commit({"c.py": "c\n", "README.md": "R\n"})
    return base


def scope_of(history: History, request: Request, settings: Settings | None = None) -> Scope:
    return resolve(history.repository, settings or Settings(), request, {})


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- which files


def test_by_itself_it_is_what_the_branch_changed(history: History, topic: str) -> None:
    history.write("untracked.py", "")
    scope = scope_of(history, Request())
    assert (scope.description, scope.state, scope.base) == ("changes since main", WorkingTree(), topic)
    assert scope.files == ("a/moved.py", "c.py", "untracked.py")
    assert scope.changes is not None
    assert scope.changes.deleted == {"gone.py"}
    assert set(scope.changes.files) == {*scope.files, "README.md"}


@pytest.mark.usefixtures("topic")
def test_all_files_count_whole(history: History) -> None:
    scope = scope_of(history, Request(all=True))
    assert scope == Scope(
        description="all files", state=WorkingTree(), base=None, changes=None, files=("a/moved.py", "b.py", "c.py")
    )


@pytest.mark.usefixtures("topic")
def test_staged_files_count_by_their_staged_lines(history: History) -> None:
    history.stage({"b.py": "staged\n"})
    history.write("c.py", "not staged\n")
    scope = scope_of(history, Request(staged=True))
    assert (scope.description, scope.state, scope.files) == ("staged changes", Index(), ("b.py",))


def test_since_a_revision(history: History, topic: str) -> None:
    scope = scope_of(history, Request(since=topic))
    assert (scope.description, scope.files) == (f"changes since {topic}", ("a/moved.py", "c.py"))


@pytest.mark.usefixtures("topic")
def test_paths_alone_count_whole(history: History) -> None:
    scope = scope_of(history, Request(paths=("a", "b.py"), folder=history.root))
    assert (scope.description, scope.base, scope.files) == ("a, b.py", None, ("a/moved.py", "b.py"))


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize("request_", [Request(staged=True), Request(since="main"), Request(all=True)])
def test_paths_narrow_the_rest(history: History, request_: Request) -> None:
    history.git("reset", "-q", "--soft", "main")
    narrowed = Request(
        all=request_.all, staged=request_.staged, since=request_.since, paths=("../a",), folder=history.root / "a"
    )
    assert scope_of(history, narrowed).files == ("a/moved.py",)


@pytest.mark.usefixtures("topic")
def test_paths_start_from_the_current_folder(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(history.root / "a")
    assert scope_of(history, Request(paths=("moved.py",))).files == ("a/moved.py",)


@pytest.mark.usefixtures("topic")
def test_the_settings_say_what_is_judged(history: History) -> None:
    settings = Settings(paths=("a", "c.py"))
    assert scope_of(history, Request(), settings).files == ("a/moved.py", "c.py")
    assert scope_of(history, Request(all=True), settings).files == ("a/moved.py", "c.py")
    assert scope_of(history, Request(paths=("b.py",), folder=history.root), settings).files == ()


@pytest.mark.usefixtures("topic")
def test_a_path_that_is_nowhere_is_refused(history: History) -> None:
    with pytest.raises(UsageError, match=r"'typo\.py' is neither on disk nor in what is checked"):
        scope_of(history, Request(paths=("typo.py",), folder=history.root))
    with pytest.raises(UsageError, match="paths names 'typo', which is not there"):
        scope_of(history, Request(), Settings(paths=("typo",)))
    # What is there but not Python is no mistake: hooks name such files. Nor is what the change removed.
    assert scope_of(history, Request(paths=("README.md",), folder=history.root)).files == ()
    assert scope_of(history, Request(since="main", paths=("gone.py",), folder=history.root)).files == ()


def test_a_request_is_for_one_thing(history: History) -> None:
    with pytest.raises(UsageError, match="exclude each other; choose one"):
        scope_of(history, Request(all=True, since="main"))


# -- where the tools see it


@pytest.mark.usefixtures("topic")
def test_the_disk_is_its_own_state(history: History) -> None:
    with checked_state(history.repository, scope_of(history, Request())) as folder:
        assert folder == history.root


@pytest.mark.usefixtures("topic")
def test_what_is_staged_is_seen_in_the_root_if_it_shows_just_that(history: History) -> None:
    history.stage({"b.py": "staged\n"})
    history.write("README.md", "of no concern\n")
    history.write("untracked.txt", "of no concern\n")
    with checked_state(history.repository, scope_of(history, Request(staged=True))) as folder:
        assert folder == history.root


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize("path", ["b.py", "c.py", "untracked.py", "pyproject.toml", "a/ruff.toml"])
def test_what_is_staged_is_seen_elsewhere_if_the_disk_has_more(history: History, path: str) -> None:
    history.stage({"b.py": "staged\n"})
    history.write(path, "# on disk\n")
    with checked_state(history.repository, scope_of(history, Request(staged=True))) as folder:
        assert files_in(folder) == {"a/moved.py": b"1\n2\n3\n4\n", "b.py": b"staged\n", "c.py": b"c\n"}
        assert folder == folder.resolve()
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_a_commit_is_seen_in_the_root_if_it_shows_just_that(history: History, topic: str) -> None:
    head = history.repository.commit("HEAD")
    environment = {"PRE_COMMIT_FROM_REF": topic, "PRE_COMMIT_TO_REF": head}
    scope = resolve(history.repository, Settings(), Request(), environment)
    assert scope.state == Commit(head)
    with checked_state(history.repository, scope) as folder:
        assert folder == history.root
    history.write("b.py", "later\n")
    with checked_state(history.repository, scope) as folder:
        assert files_in(folder)["b.py"] == b"b\n"


def test_a_sparse_checkout_lacks_what_is_checked(history: History, topic: str) -> None:
    history.git("sparse-checkout", "set", "--no-cone", "/b.py")
    environment = {"PRE_COMMIT_FROM_REF": topic, "PRE_COMMIT_TO_REF": "HEAD"}
    scope = resolve(history.repository, Settings(), Request(), environment)
    with checked_state(history.repository, scope) as folder:
        assert set(files_in(folder)) == {"a/moved.py", "b.py", "c.py"}


@pytest.mark.usefixtures("topic")
def test_the_old_state_has_the_old_names(history: History) -> None:
    history.write("b.py", "later\n")
    with base_state(history.repository, scope_of(history, Request()), None) as folder:
        assert files_in(folder) == {"a/x.py": b"1\n2\n3\n4\n", "b.py": b"b\n", "gone.py": b"g\n"}


def test_of_the_old_state_some_files_may_do(history: History) -> None:
    history.commit({"x.py": "x\n", "a/y.py": "y\n", "a/py.typed": "", "pyproject.toml": "[tool]\n"})
    history.write("x.py", "later\n")
    history.write("pyproject.toml", "[later]\n")
    with base_state(history.repository, scope_of(history, Request()), ["x.py", "new.py"]) as folder:
        assert files_in(folder) == {"x.py": b"x\n", "a/y.py": b"", "a/py.typed": b"", "pyproject.toml": b"[tool]\n"}


def test_where_everything_counts_there_is_no_old_state(history: History) -> None:
    scope = scope_of(history, Request(all=True))
    with pytest.raises(ValueError, match="there is no old state"), base_state(history.repository, scope, None):
        pass


def test_the_old_state_of_a_first_commit_is_empty(history: History) -> None:
    history.stage({"x.py": "x\n"})
    scope = scope_of(history, Request(staged=True))
    assert scope.files == ("x.py",)
    with base_state(history.repository, scope, None) as folder:
        assert files_in(folder) == {}


@pytest.mark.usefixtures("topic")
def test_few_questions_are_asked(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def counted(folder: Path, arguments: Sequence[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append(arguments)
        return ask(folder, arguments, **more)

    monkeypatch.setattr(git, "ask", counted)
    history.git("update-ref", "refs/remotes/origin/HEAD", "main")
    resolve(history.repository, Settings(), Request(), {})
    assert [words[0] for words in asked] == [
        *("rev-parse", "rev-parse", "for-each-ref", "rev-parse", "merge-base"),
        *("ls-files", "diff-index", "ls-files"),
    ]
