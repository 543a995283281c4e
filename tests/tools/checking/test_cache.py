"""What is kept may be lost at any time, and is never believed if others could have written it."""

import os
from pathlib import Path

import pytest

from ganga_quality.checking.cache import FOLDER, Cache
from ganga_quality.findings import Finding, Outcome
from tests.tools.history import History

OUTCOME = Outcome((Finding(path="a.py", line=1, end_line=1, rule="F401", tool="ruff", message="m"),))
MEMORY = {"a.py": OUTCOME, "b.py": Outcome()}


def test_what_was_said_is_remembered(history: History) -> None:
    Cache.of(history.repository).remember("key", MEMORY)
    assert Cache.of(history.repository).remembered("key") == MEMORY
    assert Cache.of(history.repository).remembered("another key") == {}


def test_git_and_backups_do_not_see_it(history: History) -> None:
    Cache.of(history.repository).remember("key", MEMORY)
    assert history.git("status", "--porcelain", "--untracked-files=all") == ""
    assert (
        (history.root / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    )


def test_each_tool_has_a_place_of_its_own(history: History) -> None:
    assert Cache.of(history.repository).place("ruff") == history.root / FOLDER / "ruff"


@pytest.mark.parametrize("content", [b"", b"{", b'{"a.py": 1}', b"\xff"])
def test_what_cannot_be_read_is_not_known(history: History, content: bytes) -> None:
    cache = Cache.of(history.repository)
    cache.remember("key", MEMORY)
    for file in (history.root / FOLDER / "old").iterdir():
        file.write_bytes(content)
    assert cache.remembered("key") == {}


def test_what_cannot_be_written_is_not_kept(history: History) -> None:
    cache = Cache.of(history.repository)
    cache.remember("key", {"\udcff.py": OUTCOME})
    assert cache.remembered("key") == {}


def test_the_oldest_are_forgotten(history: History) -> None:
    cache = Cache.of(history.repository)
    for number in range(20):
        cache.remember(str(number), MEMORY)
        for file in (history.root / FOLDER / "old").iterdir():
            times = file.stat()
            os.utime(file, (times.st_atime, times.st_mtime - 10))
    assert len(list((history.root / FOLDER / "old").iterdir())) == 16
    assert cache.remembered("19") == MEMORY
    assert cache.remembered("0") == {}


def test_a_link_is_not_followed(history: History, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (history.root / FOLDER).symlink_to(tmp_path / "elsewhere")
    cache = Cache.of(history.repository)
    assert cache.place("ruff") is None
    cache.remember("key", MEMORY)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_that_was_committed_is_not_used(history: History) -> None:
    history.write(f"{FOLDER}/old/x.json", "{}")
    history.commit()
    assert Cache.of(history.repository).place("ruff") is None


def test_a_file_in_its_place_is_no_error(history: History) -> None:
    history.write(FOLDER, "")
    assert Cache.of(history.repository).place("ruff") is None
