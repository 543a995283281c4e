"""What comes from a job is not trusted, and what goes to one arrives whole."""

import io
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.base import Retrieved
from ganga.backends.dirac import sandbox
from ganga.backends.dirac.sandbox import Unsafe, gather, pack, unpack

PLENTY = 1 << 20


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def archive(
    folder: Path, *members: tuple[tarfile.TarInfo, bytes], mode: Literal["w:", "w:bz2", "w:gz", "w:xz"] = "w:bz2"
) -> Path:
    path = folder / f"sandbox.tar.{mode.removeprefix('w:')}"
    with tarfile.open(path, mode) as writer:
        for info, content in members:
            writer.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_what_is_packed_is_unpacked(tmp_path: Path, into: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "data").write_bytes(b"\0data")
    program = tmp_path / "run.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    packed = tmp_path / "packed.tar.bz2"
    pack([tree, program], packed)
    assert packed.stat().st_mode & 0o777 == 0o600
    assert unpack(packed, into, PLENTY) == 5 + 10
    assert (into / "tree" / "deep" / "data").read_bytes() == b"\0data"
    assert os.access(into / "run.sh", os.X_OK)
    assert not os.access(into / "tree" / "deep" / "data", os.X_OK)


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "./../out", "..", "a/.."])
def test_no_path_leads_out(tmp_path: Path, into: Path, name: str) -> None:
    with pytest.raises(Unsafe, match="outside"):
        unpack(archive(tmp_path, member(name, b"x")), into, PLENTY)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE]))))
def test_whatever_the_names_nothing_is_made_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    inside = folder / "inside"
    inside.mkdir()
    members = [member(name, b"x" if kind == tarfile.REGTYPE else b"", kind) for name, kind in names if "\0" not in name]
    try:
        packed = archive(folder, *members)
    except UnicodeEncodeError:
        return
    with suppress(Unsafe, OSError):
        unpack(packed, inside, PLENTY)
    assert {path.name for path in folder.iterdir()} == {"inside", packed.name}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_is_never_made(tmp_path: Path, into: Path, kind: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    packed = archive(
        tmp_path,
        member("real", b"content"),
        member("good", kind=kind, link="real"),
        member("bad", kind=kind, link=str(secret)),
        member("out", kind=kind, link="../secret"),
        member("loop", kind=tarfile.SYMTYPE, link="loop"),
    )
    unpack(packed, into, PLENTY)
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {"real": b"content", "good": b"content"}
    assert not any(path.is_symlink() for path in into.iterdir())


def test_a_folder_that_is_a_link_leads_nowhere(tmp_path: Path, into: Path) -> None:
    packed = archive(tmp_path, member("a", kind=tarfile.SYMTYPE, link=str(tmp_path)), member("a/planted", b"x"))
    unpack(packed, into, PLENTY)
    assert (into / "a" / "planted").read_bytes() == b"x"
    assert not (tmp_path / "planted").exists()


def test_devices_and_pipes_are_passed_over(tmp_path: Path, into: Path) -> None:
    packed = archive(tmp_path, member("pipe", kind=tarfile.FIFOTYPE), member("disk", kind=tarfile.BLKTYPE))
    unpack(packed, into, PLENTY)
    assert list(into.iterdir()) == []


def test_what_is_too_large_is_told(tmp_path: Path, into: Path) -> None:
    packed = archive(tmp_path, member("a", bytes(60)), member("b", bytes(60)))
    with pytest.raises(Unsafe, match="largest_output"):
        unpack(packed, into, 100)


def test_too_many_members_are_told(tmp_path: Path, into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MOST_MEMBERS", 2)
    with pytest.raises(Unsafe, match="members"):
        unpack(archive(tmp_path, *(member(f"f{number}") for number in range(3))), into, PLENTY)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x28\xb5\x2f\xfdxxxx"])
def test_what_is_no_archive_is_told(tmp_path: Path, into: Path, content: bytes) -> None:
    path = tmp_path / "sandbox.tar.bz2"
    path.write_bytes(content)
    with pytest.raises(Unsafe):
        unpack(path, into, PLENTY)


def test_half_an_archive_is_told(tmp_path: Path, into: Path) -> None:
    packed = archive(tmp_path, member("a", os.urandom(100_000)))
    packed.write_bytes(packed.read_bytes()[:50_000])
    with pytest.raises(Unsafe):
        unpack(packed, into, PLENTY)


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w:xz"])
def test_the_usual_compressions_are_read(tmp_path: Path, into: Path, mode: Literal["w:bz2", "w:gz", "w:xz"]) -> None:
    assert unpack(archive(tmp_path, member("a", b"abc"), mode=mode), into, PLENTY) == 3


def test_zstandard_is_read_where_it_can_be(tmp_path: Path, into: Path) -> None:
    zstandard = pytest.importorskip("backports.zstd", reason="without the extra dirac, or Python has it itself")
    path = tmp_path / "sandbox.tar.zst"
    plain = archive(tmp_path, member("a", b"abc"), member("b", kind=tarfile.SYMTYPE, link="a"), mode="w:")
    path.write_bytes(zstandard.compress(plain.read_bytes()))
    assert unpack(path, into, PLENTY) == 6


def test_streams_get_their_names(into: Path) -> None:
    (into / "std.out").write_text("said")
    assert gather(into, (), PLENTY) == Retrieved()
    assert (into / "stdout").read_text() == "said"
    assert (into / "stderr").read_text() == ""


def test_missing_patterns_are_named(into: Path) -> None:
    (into / "kept.txt").touch()
    (into / "deep.txt").touch()
    outputs = ("kept.txt", "sub/deep.txt", "*.root", "", "/etc/passwd", "k*.txt")
    assert gather(into, outputs, PLENTY).missing == ("*.root", "", "/etc/passwd")


def test_a_folder_is_a_folder_again(tmp_path: Path, into: Path) -> None:
    plain = archive(tmp_path, member("results/a", b"x"), mode="w:")
    plain.rename(into / "results.tar")
    assert gather(into, ("results",), PLENTY).missing == ()
    assert (into / "results" / "a").read_bytes() == b"x"
    assert not (into / "results.tar").exists()
