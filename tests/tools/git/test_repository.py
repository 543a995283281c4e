import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganga_quality.changes import FileChange, Hunk
from ganga_quality.errors import ToolError, UsageError
from ganga_quality.git.repository import Commit, Index, Repository, WorkingTree
from tests.tools.history import History

# Hostile to whoever reads names from git's output: as text, as lines, as words, as patterns, or as UTF-8.
NAMES = (
    "plain.py",
    "with space.py",
    'quote".py',
    "line\nbreak.py",
    "tab\t.py",
    "x b/x.py",
    "back\\slash.py",
    "*.py",
    "[a].py",
    ":(top)x.py",
    "--staged.py",
    "é.py",
    "diff --git a/x b/x.py",
)
Texts: TypeAlias = dict[str, bytes | None]


# -- where the repository is


def test_the_root_is_found_from_a_folder_below(history: History) -> None:
    history.write("a/b/x.py", "")
    assert Repository.discover(history.root / "a/b").root == history.root


@pytest.mark.usefixtures("plain_git")
def test_the_name_of_the_root_may_be_anything(tmp_path: Path) -> None:
    history = History(tmp_path / "line\nbreak é")
    base = history.commit({"x.py": "a\n"})
    assert history.repository.root == history.root
    history.write("y.py", "a\n")
    assert history.repository.changes(base, WorkingTree()).files["y.py"].hunks == (Hunk(0, 0, 1, 1),)


@pytest.mark.parametrize("folder", [".git", "bare", "outside", "missing"])
def test_outside_of_a_work_tree_the_user_is_told(
    history: History, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.git("init", "-q", "--bare", "bare")
    places = {"outside": history.root.parent, "missing": history.root / "no" / "such"}
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(history.root.parent.parent))
    with pytest.raises(UsageError, match="not in the work tree of a git repository; go to one"):
        Repository.discover(places.get(folder, history.root / folder))


def test_a_missing_git_is_told(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = history.repository
    monkeypatch.setenv("PATH", str(history.root))
    with pytest.raises(ToolError, match="git was not found; install it"):
        repository.run("version")


def test_a_failure_is_told_in_git_s_own_words(history: History) -> None:
    with pytest.raises(ToolError, match="git cat-file failed: fatal: Not a valid object name nothing"):
        history.repository.run("cat-file", "blob", "nothing")


# -- revisions


@pytest.mark.parametrize("revision", ["nothing", "--all", "-x", "HEAD:x.py", "HEAD^{tree}", "", "HEAD..HEAD", "a b"])
def test_what_names_no_commit_is_refused(history: History, revision: str) -> None:
    history.commit({"x.py": ""})
    with pytest.raises(UsageError, match="names no commit"):
        history.repository.commit(revision)


def test_a_tag_names_its_commit(history: History) -> None:
    commit = history.commit()
    history.git("tag", "-a", "v1", "-m", "first")
    assert history.repository.commit("v1") == commit


def test_the_merge_base_is_where_histories_parted(history: History) -> None:
    base = history.commit()
    history.git("switch", "-q", "-c", "topic")
    history.commit({"x.py": ""})
    history.git("switch", "-q", "main")
    history.commit({"y.py": ""})
    assert history.repository.merge_base("topic", "main") == base


def test_without_a_common_commit_a_deeper_clone_is_suggested(history: History) -> None:
    history.commit({"x.py": ""})
    history.git("switch", "-q", "--orphan", "other")
    history.commit({"y.py": ""})
    with pytest.raises(UsageError, match=r"'main' .* have no commit in common here; .*fetch-depth: 0"):
        history.repository.merge_base("main", "other")
    with pytest.raises(UsageError, match="'nothing' names no commit"):
        history.repository.merge_base("nothing", "main")


def test_a_shallow_clone_says_what_it_lacks(history: History, tmp_path: Path) -> None:
    history.commit({"x.py": ""})
    history.git("switch", "-q", "-c", "topic")
    history.commit({"y.py": ""})
    history.git("switch", "-q", "main")
    history.commit({"z.py": ""})
    clone = tmp_path / "clone"
    history.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{history.root}", str(clone))
    with pytest.raises(UsageError, match="fetch-depth: 0"):
        Repository.discover(clone).merge_base("origin/topic", "HEAD")


# -- the files of a state


def test_only_regular_python_files_count(history: History) -> None:
    history.write(".gitignore", "ignored.py\n")
    for path in ("a/x.py", "a/stub.pyi", "README.md", "ignored.py", "gone.py", "a.pyx", "script"):
        history.write(path, "x\n")
    (history.root / "a/x.py").chmod(0o755)
    (history.root / "link.py").symlink_to("a/x.py")
    inner = History(history.root / "module.py")
    inner.commit({"inner.py": ""})
    commit = history.commit()
    (history.root / "gone.py").unlink()
    history.write("untracked.py", "")
    History(history.root / "another").write("not_ours.py", "")
    repository = history.repository
    assert repository.python_files(WorkingTree()) == ("a/stub.pyi", "a/x.py", "untracked.py")
    assert repository.python_files(Index()) == ("a/stub.pyi", "a/x.py", "gone.py")
    assert repository.python_files(Commit(commit)) == ("a/stub.pyi", "a/x.py", "gone.py")


def test_files_behind_a_link_are_not_on_disk(history: History, tmp_path: Path) -> None:
    history.commit({"a/x.py": "", "b.py": ""})
    (history.root / "a").rename(tmp_path / "elsewhere")
    (history.root / "a").symlink_to(tmp_path / "elsewhere")
    (history.root / "b.py").unlink()
    (history.root / "b.py").mkdir()
    assert history.repository.python_files(WorkingTree()) == ()
    assert history.repository.read(WorkingTree(), "a/x.py") is None


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_found_in_every_state(history: History, name: str) -> None:
    base = history.commit({"other.py": "x\n"})
    repository = history.repository
    history.write(name, "a\nb\n")
    change = FileChange(path=name, old_path=None, hunks=(Hunk(0, 0, 1, 2),))
    assert repository.changes(base, WorkingTree()).files == {name: change}
    history.git("--literal-pathspecs", "add", "--", name)
    assert repository.changes(base, Index()).files == {name: change}
    commit = history.commit()
    assert repository.changes(base, Commit(commit)).files == {name: change}
    for state in (WorkingTree(), Index(), Commit(commit)):
        assert repository.python_files(state) == tuple(sorted(("other.py", name)))
        assert repository.read(state, name) == b"a\nb\n"
    history.git("--literal-pathspecs", "mv", "--", name, "renamed.py")
    assert repository.renames(commit, Index()) == {"renamed.py": name}
    history.git("--literal-pathspecs", "mv", "--", "renamed.py", name)
    history.git("rm", "-q", "-f", f":(literal){name}")
    assert repository.changes(commit, Index()).deleted == {name}


def test_a_name_need_not_be_text(history: History) -> None:
    name = os.fsdecode(b"\xff\xfe.py")
    try:
        history.write(name, "a\n")
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    base = history.repository.empty_tree
    assert set(history.repository.changes(base, WorkingTree()).files) == {name}
    assert history.repository.read(WorkingTree(), name) == b"a\n"


def test_what_is_only_intended_to_be_added_is_on_disk_and_not_staged(history: History) -> None:
    base = history.commit()
    history.write("x.py", "a\n")
    history.git("add", "--intent-to-add", "x.py")
    repository = history.repository
    assert repository.changes(base, Index()).files == {}
    assert repository.python_files(Index()) == ()
    assert repository.changes(base, WorkingTree()).files["x.py"].hunks == (Hunk(0, 0, 1, 1),)
    assert not repository.on_disk(Index())


# -- what lies between


def test_renames_are_found_with_and_without_edits(history: History) -> None:
    base = history.commit({"same.py": "a\nb\nc\nd\n", "edited.py": "e\nf\ng\nh\ni\nj\n", "deleted.py": "1\n2\n3\n"})
    (history.root / "same.py").rename(history.root / "moved.py")
    (history.root / "edited.py").unlink()
    history.write("edited_too.py", "e\nf\nG\nh\ni\nj\n")
    (history.root / "deleted.py").unlink()
    changes = history.repository.changes(base, WorkingTree())
    assert changes.files == {
        "moved.py": FileChange(path="moved.py", old_path="same.py"),
        "edited_too.py": FileChange(path="edited_too.py", old_path="edited.py", hunks=(Hunk(3, 1, 3, 1),)),
    }
    assert changes.deleted == {"deleted.py"}
    history.stage()
    assert history.repository.changes(base, Index()) == changes


def test_modes_kinds_and_empty_files(history: History) -> None:
    base = history.commit({"mode.py": "a\n", "kind.py": "b\n", "link.py": "c\n"})
    (history.root / "mode.py").chmod(0o755)
    (history.root / "kind.py").unlink()
    (history.root / "kind.py").symlink_to("mode.py")
    history.write("empty.py", "")
    changes = history.repository.changes(base, WorkingTree())
    assert changes.files == {
        "mode.py": FileChange(path="mode.py", old_path="mode.py"),
        "kind.py": FileChange(path="kind.py", old_path=None, hunks=(Hunk(0, 0, 1, 1),)),
        "empty.py": FileChange(path="empty.py", old_path=None),
    }
    assert not changes.deleted


@pytest.mark.parametrize(
    ("old", "new", "hunks"),
    [
        (b"a\nb", b"a\nb\n", (Hunk(2, 1, 2, 1),)),
        (b"a\nb\n", b"a\nb", (Hunk(2, 1, 2, 1),)),
        (b"a\r\nb\r\n", b"a\r\nB\r\n", (Hunk(2, 1, 2, 1),)),
        (b"a\nb\nc\n", b"a\nc\n", (Hunk(2, 1, 1, 0),)),
        (b"a\nb\n", b"", (Hunk(1, 2, 0, 0),)),
        (b"a\rb\nc\n", b"a\rb\nC\n", (Hunk(2, 1, 2, 1),)),
        (b"a\0\nb\n", b"a\0\nB\n", (Hunk(2, 1, 2, 1),)),
        (b"\xff\nb\n", b"\xff\nb\n\x0c\n", (Hunk(2, 0, 3, 1),)),
        ("x = 'a\u2028b'\ny\n".encode(), "x = 'a\u2028b'\nz\n".encode(), (Hunk(2, 1, 2, 1),)),
    ],
)
def test_lines_end_where_git_ends_them(history: History, old: bytes, new: bytes, hunks: tuple[Hunk, ...]) -> None:
    base = history.commit({"x.py": old})
    history.write("x.py", new)
    assert history.repository.changes(base, WorkingTree()).files["x.py"].hunks == hunks


def test_python_is_text_whatever_an_attribute_says(history: History) -> None:
    history.write(".gitattributes", "*.py binary\n*.bin -text\n")
    base = history.commit({"x.py": "a\nb\n", "data.bin": b"\0\1"})
    history.write("x.py", "a\nB\n")
    history.write("data.bin", b"\0\2")
    history.write("new.py", "a\n")
    changes = history.repository.changes(base, WorkingTree())
    assert {path: change.hunks for path, change in changes.files.items()} == {
        "x.py": (Hunk(2, 1, 2, 1),),
        "new.py": (Hunk(0, 0, 1, 1),),
        "data.bin": (),
    }


def test_a_file_only_touched_did_not_change(history: History) -> None:
    base = history.commit({"x.py": "a\n"})
    os.utime(history.root / "x.py", (1, 1))
    repository = history.repository
    assert repository.changes(base, WorkingTree()).files == {}
    assert repository.on_disk(Index())
    assert repository.on_disk(Commit(base))


def test_a_submodule_is_not_looked_into(history: History) -> None:
    inner = History(history.root / "module")
    inner.commit({"x.py": "a\n"})
    base = history.commit({"y.py": ""})
    inner.commit({"x.py": "b\n"})
    inner.write("x.py", "c\n")
    assert history.repository.changes(base, WorkingTree()).files == {}
    assert history.repository.on_disk(Commit(base))


def test_a_conflict_cannot_be_staged_but_has_its_lines_on_disk(history: History) -> None:
    base = history.commit({"x.py": "a\n"})
    history.git("switch", "-q", "-c", "topic")
    history.commit({"x.py": "b\n"})
    history.git("switch", "-q", "main")
    history.commit({"x.py": "c\n"})
    with pytest.raises(AssertionError):
        history.git("merge", "-q", "topic")
    history.write("untracked.py", "")
    repository = history.repository
    with pytest.raises(UsageError, match=r"'x.py' is in conflict; resolve it"):
        repository.changes(base, Index())
    assert set(repository.changes(base, WorkingTree()).files) == {"x.py", "untracked.py"}
    assert repository.changes(base, WorkingTree()).files["x.py"].hunks == (Hunk(1, 1, 1, 5),)
    assert repository.python_files(WorkingTree()) == ("untracked.py", "x.py")


def test_before_the_first_commit_everything_is_new(history: History) -> None:
    repository = history.repository
    history.stage({"x.py": "a\n"})
    history.write("y.py", "b\n")
    assert set(repository.changes(repository.empty_tree, Index()).files) == {"x.py"}
    assert set(repository.changes(repository.empty_tree, WorkingTree()).files) == {"x.py", "y.py"}


def test_a_repository_without_an_index_has_its_files_on_disk(history: History) -> None:
    history.write("y.py", "b\n")
    repository = history.repository
    assert set(repository.changes(repository.empty_tree, WorkingTree()).files) == {"y.py"}
    assert repository.python_files(Index()) == ()


@pytest.mark.usefixtures("plain_git")
def test_hashes_may_be_long(tmp_path: Path) -> None:
    history = History(tmp_path / "long", "--object-format=sha256")
    base = history.commit({"x.py": "a\n"})
    repository = history.repository
    history.write("y.py", "b\n")
    assert set(repository.changes(base, WorkingTree()).files) == {"y.py"}
    assert set(repository.changes(repository.empty_tree, WorkingTree()).files) == {"x.py", "y.py"}
    assert repository.read(Commit(base), "x.py") == b"a\n"


def test_a_second_work_tree_is_a_place_of_its_own(history: History, tmp_path: Path) -> None:
    base = history.commit({"x.py": "a\n"})
    history.git("worktree", "add", "-q", str(tmp_path / "second"))
    second = History(tmp_path / "second")
    second.write("y.py", "a\n")
    assert second.repository.root == second.root
    assert set(second.repository.changes(base, WorkingTree()).files) == {"y.py"}
    assert history.repository.changes(base, WorkingTree()).files == {}


def test_a_sparse_checkout_did_not_delete_what_it_leaves_out(history: History) -> None:
    base = history.commit({"in/x.py": "a\n", "out/y.py": "b\n"})
    history.git("sparse-checkout", "set", "in")
    history.write("out/new.py", "c\n")
    changes = history.repository.changes(base, WorkingTree())
    assert set(changes.files) == {"out/new.py"}
    assert not changes.deleted
    assert history.repository.python_files(WorkingTree()) == ("in/x.py", "out/new.py")


@pytest.mark.parametrize("options", [("core.splitIndex=true",), ("core.untrackedCache=true",), ("index.version=4",)])
def test_any_form_of_index_will_do(history: History, options: tuple[str, ...]) -> None:
    for option in options:
        history.git("config", *option.split("="))
    base = history.commit({"x.py": "a\n", "y.py": "a\n"})
    history.stage({"x.py": "b\n"})
    history.write("new.py", "c\n")
    assert set(history.repository.changes(base, WorkingTree()).files) == {"x.py", "new.py"}


def test_a_change_in_the_moment_of_staging_is_seen_also_with_untracked_files(history: History) -> None:
    history.git("config", "core.trustCtime", "false")
    file = history.write("x.py", "a\n")
    os.utime(file, (1000, 1000))
    base = history.commit()
    file.write_text("b\n")
    os.utime(file, (1000, 1000))
    os.utime(history.root / ".git/index", (1000, 1000))
    history.write("new.py", "")
    assert set(history.repository.changes(base, WorkingTree()).files) == {"x.py", "new.py"}


HOSTILE = """
[core]
    quotePath = false
    pager = false
    abbrev = 4
    attributesFile = {attributes}
    hooksPath = {hooks}
    fsmonitor = {hooks}/fsmonitor
[color]
    ui = always
    diff = always
[diff]
    external = false
    noprefix = true
    mnemonicPrefix = true
    interHunkContext = 9
    context = 9
    algorithm = patience
    renames = copies
    renameLimit = 1
    submodule = log
    relative = true
    colorMoved = zebra
    wsErrorHighlight = all
    suppressBlankEmpty = true
    orderFile = {attributes}
[diff "hostile"]
    textconv = false
    command = false
    binary = true
    xfuncname = "(.*)"
"""


def test_the_user_s_configuration_changes_nothing(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{number}\n" for number in range(20))
    base = history.commit({"x.py": text, "é.py": text + "a\n", "sub/y.py": text + "b\n"})
    history.write("x.py", text.replace("3\n", "three\n", 1).replace("\n7\n", "\n7\n7\n"))
    history.write("copy.py", text)
    (history.root / "é.py").rename(history.root / "ü.py")
    history.stage()
    repository = history.repository
    expected = repository.changes(base, WorkingTree())
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "fsmonitor"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "attributes").write_text("*.py diff=hostile\n")
    configuration = tmp_path / "configuration"
    configuration.write_text(HOSTILE.format(attributes=tmp_path / "attributes", hooks=hooks), encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    for name in ("GIT_DIFF_OPTS", "GIT_EXTERNAL_DIFF", "GIT_ICASE_PATHSPECS", "GIT_GLOB_PATHSPECS"):
        monkeypatch.setenv(name, "--unified=7" if name == "GIT_DIFF_OPTS" else "1")
    assert len(expected.files) == 3
    assert repository.changes(base, WorkingTree()) == expected
    assert repository.changes(base, Index()) == expected
    history.write("untracked.py", "")
    assert set(repository.changes(base, WorkingTree()).files) == {*expected.files, "untracked.py"}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("command", "staged"), [(("--all",), {"x.py", "y.py"}), (("x.py",), {"x.py"}), ((), {"z.py"})])
def test_in_a_hook_the_index_is_that_of_the_commit(
    history: History, tmp_path: Path, command: tuple[str, ...], staged: set[str]
) -> None:
    history.commit({"x.py": "a\n", "y.py": "a\n"})
    history.write("x.py", "b\n")
    history.write("y.py", "b\n")
    if not command:
        history.write("z.py", "b\n")
        history.git("add", "z.py")
    history.write("untracked.py", "")
    program = (
        "from pathlib import Path; from ganga_quality.git.repository import *\n"
        "repository = Repository.discover(Path.cwd())\n"
        "base = repository.commit('HEAD')\n"
        "disk = repository.changes(base, WorkingTree()).files\n"
        "assert 'untracked.py' in disk, disk\n"
        f"print(*repository.changes(base, Index()).files, file=open({str(tmp_path / 'told')!r}, 'w'))\n"
    )
    hook = history.write(".git/hooks/pre-commit", f'#!/bin/sh\nexec "{sys.executable}" "{tmp_path}/hook.py"\n')
    (tmp_path / "hook.py").write_text(program)
    hook.chmod(0o755)
    history.git("commit", "-q", "-m", "with a hook", *command)
    assert set((tmp_path / "told").read_text().split()) == staged
    assert set(history.git("show", "--name-only", "--format=").split()) == staged


def test_asking_changes_nothing(history: History) -> None:
    base = history.commit({"x.py": "a\n", "y.py": "b\n"})
    history.stage({"x.py": "b\n"})
    history.write("x.py", "c\n")
    history.write("new.py", "c\n")
    before = {path: path.read_bytes() for path in history.root.rglob("*") if path.is_file()}
    repository = history.repository
    for state in (WorkingTree(), Index(), Commit(base)):
        repository.changes(base, state)
        repository.python_files(state)
        repository.read(state, "x.py")
        repository.on_disk(state)
    assert {path: path.read_bytes() for path in history.root.rglob("*") if path.is_file()} == before


# -- reading and writing out


def test_each_state_has_its_own_content(history: History) -> None:
    commit = history.commit({"x.py": "committed\n"})
    history.stage({"x.py": "staged\n"})
    history.write("x.py", "on disk\n")
    (history.root / "link.py").symlink_to("x.py")
    repository = history.repository
    assert repository.read(Commit(commit), "x.py") == b"committed\n"
    assert repository.read(Index(), "x.py") == b"staged\n"
    assert repository.read(WorkingTree(), "x.py") == b"on disk\n"
    for state in (Commit(commit), Index(), WorkingTree()):
        assert repository.read(state, "nothing.py") is None
        assert repository.read(state, "link.py") is None


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_state_is_written_out_as_git_has_it(history: History, tmp_path: Path) -> None:
    history.write(".gitattributes", "*.py filter=hostile eol=crlf\n")
    contents = {"x.py": b"a\n", "a/y.pyi": b"\0\r\n\xff", "a/empty.py": b"", "pyproject.toml": b"[tool]\n"}
    commit = history.commit({**contents, "README.md": "", "large.bin": b"\0"})
    history.git("config", "filter.hostile.smudge", f"touch {tmp_path}/ran; cat")
    folder = tmp_path / "out"
    folder.mkdir()
    history.repository.write_out(Commit(commit), folder)
    assert files_in(folder) == contents
    assert not (tmp_path / "ran").exists()


def test_asked_for_paths_are_all_that_is_written(history: History, tmp_path: Path) -> None:
    history.stage({"x.py": "a\n", "y.py": "b\n", "README.md": "c\n"})
    history.repository.write_out(Index(), tmp_path / "out", ["README.md", "x.py", "nothing.py"])
    assert files_in(tmp_path / "out") == {"README.md": b"c\n", "x.py": b"a\n"}


def test_links_are_written_as_links(history: History, tmp_path: Path) -> None:
    history.write("a/x.py", "a\n")
    (history.root / "b.py").symlink_to("a/x.py")
    history.stage()
    history.repository.write_out(Index(), tmp_path / "out")
    assert (tmp_path / "out/b.py").readlink() == Path("a/x.py")


def test_nothing_is_written_outside(history: History, tmp_path: Path) -> None:
    blob = history.repository.run("hash-object", "-w", "--stdin", content=b"evil\n").decode().strip()
    inner = history.repository.run("mktree", content=f"100644 blob {blob}\tevil.py\n".encode()).decode().strip()
    tree = history.repository.run("mktree", content=f"040000 tree {inner}\t..\n".encode()).decode().strip()
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolError, match=r"leads out of it: '\.\./evil\.py'"):
        history.repository.write_out(Commit(tree), tmp_path / "out")
    assert not (tmp_path / "evil.py").exists()


def test_a_partial_clone_fetches_once(history: History, tmp_path: Path) -> None:
    commit = history.commit({f"{name}.py": f"{name}\n" for name in "abcd"})
    history.git("config", "uploadpack.allowFilter", "true")
    history.git("config", "uploadpack.allowAnySHA1InWant", "true")
    words = ("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{history.root}", str(tmp_path / "clone"))
    history.git(*words)
    clone = History(tmp_path / "clone")
    packs = {*clone.root.glob(".git/objects/pack/*.pack")}
    clone.repository.write_out(Commit(commit), tmp_path / "out")
    assert len(files_in(tmp_path / "out")) == 4
    assert len({*clone.root.glob(".git/objects/pack/*.pack")} - packs) == 1


def test_a_place_that_cannot_be_written_to_is_told(history: History, tmp_path: Path) -> None:
    commit = history.commit({"x.py": "a\n"})
    (tmp_path / "out").touch()
    with pytest.raises(ToolError, match=r"cannot write to .*; free space there, or set TMPDIR"):
        history.repository.write_out(Commit(commit), tmp_path / "out")


def test_a_damaged_repository_is_told(history: History, tmp_path: Path) -> None:
    commit = history.commit({"x.py": "a\n"})
    blob = history.git("rev-parse", "HEAD:x.py")
    (history.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(ToolError, match=r"no content for 'x.py'; .*git fsck"):
        history.repository.write_out(Commit(commit), tmp_path / "out")


# -- laws

# Few distinct lines, so that they repeat, and now and then no newline at the end.
TEXTS = st.builds(
    lambda lines, end: b"".join(lines) + end,
    st.lists(st.sampled_from([b"a\n", b"b\n", b"\n", b"c\r\n"]), max_size=9),
    st.sampled_from([b"", b"", b"", b"d"]),
)
FLAT = tuple(name for name in NAMES if "/" not in name)[:5]
STATES = st.dictionaries(st.sampled_from(FLAT), st.none() | TEXTS, max_size=5)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(tmp_path_factory.mktemp("laws") / "repository")


def show(history: History, texts: Texts) -> None:
    """Have just these files on disk."""
    for path in history.root.iterdir():
        if path.name != ".git" and texts.get(path.name) is None:
            path.unlink()
    for name, content in texts.items():
        if content is not None:
            history.write(name, content)


def lines_of(content: bytes) -> list[bytes]:
    return content.removesuffix(b"\n").split(b"\n") if content else []


def applied(change: FileChange, old: list[bytes], new: list[bytes]) -> list[bytes]:
    """The old lines with the hunks of the new ones, from the last to the first."""
    lines = list(old)
    for hunk in reversed(change.hunks):
        first = hunk.old_start - bool(hunk.old_count)
        new_first = hunk.new_start - bool(hunk.new_count)
        lines[first : first + hunk.old_count] = new[new_first : new_first + hunk.new_count]
    return lines


@pytest.mark.usefixtures("plain_git")
@settings(max_examples=60)
@given(old=STATES, new=STATES)
def test_laws_of_changes(shared: History, old: Texts, new: Texts) -> None:
    repository = shared.repository
    show(shared, old)
    shared.stage()
    base = shared.git("write-tree")
    show(shared, new)
    changes = repository.changes(base, WorkingTree())
    shared.stage()
    assert repository.changes(base, Index()) == changes
    assert repository.changes(base, Commit(shared.git("write-tree"))) == changes
    check_laws(changes.files, changes.deleted, {**dict.fromkeys(FLAT), **old}, {**dict.fromkeys(FLAT), **new})


def check_laws(files: Mapping[str, FileChange], deleted: frozenset[str], old: Texts, new: Texts) -> None:
    sources = {change.old_path for change in files.values() if change.old_path != change.path}
    assert deleted == {name for name in FLAT if old[name] is not None and new[name] is None} - sources
    for name in FLAT:
        content = new[name]
        if content is not None:
            change = files.get(name, FileChange(path=name, old_path=name))
            before = lines_of(old[change.old_path] or b"") if change.old_path else []
            assert applied(change, before, lines_of(content)) == lines_of(content)
            check_lines(change, before, lines_of(content))


def check_lines(change: FileChange, old: list[bytes], new: list[bytes]) -> None:
    places = [(line, change.old_line(line)) for line in range(1, len(new) + 1) if not change.wrote(line)]
    kept = [(line, place) for line, place in places if place is not None]
    assert places == kept or change.old_path is None
    assert all(old[place - 1] == new[line - 1] for line, place in kept)
    assert [place for _, place in kept] == sorted({place for _, place in kept})


@pytest.mark.usefixtures("plain_git")
@settings(max_examples=60)
@given(old=TEXTS, new=TEXTS)
def test_the_spans_are_git_s_own(shared: History, old: bytes, new: bytes) -> None:
    one, other = shared.root.parent / "old.py", shared.root.parent / "new.py"
    one.write_bytes(old)
    other.write_bytes(new)
    words = ("git", "diff", "--no-index", "-U0", "--inter-hunk-context=0", "--", str(one), str(other))
    told = subprocess.run(words, check=False, capture_output=True, timeout=60).stdout.split(b"\n")
    show(shared, {"x.py": old})
    shared.stage()
    base = shared.git("write-tree")
    show(shared, {"x.py": new})
    change = shared.repository.changes(base, WorkingTree()).files.get("x.py", FileChange(path="x.py", old_path="x.py"))
    assert [range_of(hunk).encode() for hunk in change.hunks] == [
        line.split(b" @@")[0] for line in told if line.startswith(b"@@ ")
    ]


def range_of(hunk: Hunk) -> str:
    """As git writes it."""
    old, new = (
        f"{start}" if count == 1 else f"{start},{count}"
        for start, count in ((hunk.old_start, hunk.old_count), (hunk.new_start, hunk.new_count))
    )
    return f"@@ -{old} +{new}"
