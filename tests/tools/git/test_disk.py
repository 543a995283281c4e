import errno
import os
from pathlib import Path

import pytest

from ganga_quality.errors import ToolError
from ganga_quality.git.disk import place, read_regular, regular_ones


def test_only_regular_files_reached_through_folders_count(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.py").write_bytes(b"x")
    (tmp_path / "a/link.py").symlink_to("b/x.py")
    (tmp_path / "c").symlink_to("a/b")
    paths = ("a/b/x.py", "a/link.py", "c/x.py", "a/b", "a/b/x.py/y", "nothing.py", "no/where.py")
    assert list(regular_ones(tmp_path, paths)) == ["a/b/x.py"]
    assert [read_regular(tmp_path, path) for path in paths] == [b"x", None, None, None, None, None, None]


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolError, match="cannot be read: File name too long; make it readable"):
        read_regular(tmp_path, "x" * 1000)
    (tmp_path / "x.py").touch()

    def denied(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(ToolError, match=r"x\.py' cannot be read: Permission denied; make it readable"):
        read_regular(tmp_path, "x.py")


def test_a_place_has_its_folder(tmp_path: Path) -> None:
    place(tmp_path, "a/b/x.py").write_bytes(b"")
    assert read_regular(tmp_path, "a/b/x.py") == b""


@pytest.mark.parametrize("path", ["/etc/x.py", "../x.py", "a/../../x.py", ".."])
def test_no_place_is_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ToolError, match="leads out of it"):
        place(tmp_path, path)
