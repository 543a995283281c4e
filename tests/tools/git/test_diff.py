import pytest

from ganga_quality.changes import Changes, FileChange, Hunk
from ganga_quality.errors import ToolError, UsageError
from ganga_quality.git.diff import read_differences, to_changes


def read(patch: bytes) -> Changes:
    return to_changes(read_differences(patch))


def test_no_difference_is_no_change() -> None:
    assert read(b"") == Changes(files={}, deleted=frozenset())


def test_hunks_without_a_count_have_one_line() -> None:
    patch = b"diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -3 +3,2 @@ def f():\n-a\n+b\n+c\n"
    assert read(patch).files == {"x.py": FileChange(path="x.py", old_path="x.py", hunks=(Hunk(3, 1, 3, 2),))}


def test_content_cannot_pass_for_a_header() -> None:
    patch = (
        b"diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n"
        b"--- a/evil.py\n\\ No newline at end of file\n+++ b/evil.py\n+@@ -1 +1 @@\r\n\\ No newline at end of file\n"
        b"diff --git a/y.py b/y.py\nold mode 100644\nnew mode 100755\n"
    )
    changes = read(patch)
    assert changes.files["x.py"].hunks == (Hunk(1, 1, 1, 2),)
    assert changes.files["y.py"] == FileChange(path="y.py", old_path="y.py")
    assert len(changes.files) == 2


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b"a/x b/x.py b/x b/x.py", "x b/x.py"),
        (rb'"a/\"\\\n\t.py" "b/\"\\\n\t.py"', '"\\\n\t.py'),
        (rb'"a/\303\251\377.py" "b/\303\251\377.py"', "é\udcff.py"),
    ],
)
def test_names_are_unquoted(written: bytes, name: str) -> None:
    assert read(b"diff --git " + written + b"\nnew file mode 100644\n").files == {
        name: FileChange(path=name, old_path=None)
    }


def test_a_rename_may_come_without_hunks_and_with_quotes() -> None:
    patch = b'diff --git a/x.py "b/\\"y.py"\nsimilarity index 100%\nrename from x.py\nrename to "\\"y.py"\n'
    assert read(patch) == Changes(files={'"y.py': FileChange(path='"y.py', old_path="x.py")})


def test_a_file_that_became_a_link_is_new() -> None:
    patch = (
        b"diff --git a/x.py b/x.py\ndeleted file mode 100644\n--- a/x.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
        b"diff --git a/x.py b/x.py\nnew file mode 120000\n--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+y.py\n"
        b"\\ No newline at end of file\n"
    )
    assert read(patch) == Changes(files={"x.py": FileChange(path="x.py", old_path=None, hunks=(Hunk(0, 0, 1, 1),))})


def test_a_deleted_file_is_told_apart() -> None:
    patch = b"diff --git a/x.py b/x.py\ndeleted file mode 100644\nindex 1..0\n"
    assert read(patch) == Changes(files={}, deleted=frozenset({"x.py"}))


@pytest.mark.parametrize("before", [b"", b"diff --git a/x.py b/x.py\nold mode 100644\nnew mode 100755\n"])
def test_a_conflict_is_for_the_user_to_resolve(before: bytes) -> None:
    with pytest.raises(UsageError, match=r"'y\.py' is in conflict; resolve it"):
        read(before + b"* Unmerged path y.py\n")


@pytest.mark.parametrize(
    "patch",
    [
        b"Segmentation fault\n",
        b"diff --git a/x.py b/y.py\nindex 1..2\n",
        b"diff --git a/x.py b/x.py\n@@ -1,2 +1,2 @@\n-a\n-b\n+a\n",
        b"diff --git a/x.py b/x.py\n@@ something else\n",
        b'diff --git "a/\\q" "b/\\400"\nnew file mode 100644\n',
        b'diff --git "a/x "b/x\nnew file mode 100644\n',
    ],
)
def test_what_is_not_understood_is_no_answer(patch: bytes) -> None:
    with pytest.raises(ToolError, match="was not expected"):
        read(patch)
