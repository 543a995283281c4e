import logging
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from ganga.finishing.base import Ended
from ganga.finishing.mergers import Tar, Text


@pytest.fixture(name="into")
def an_empty_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


class TestText:
    def test_joins_in_order_and_ends_each_part_with_its_line(self, parts: list[Ended], into: Path) -> None:
        assert Text().merge([*parts, parts[0]], into) is None
        assert (into / "stdout").read_text() == "one\ntwo\none\n"

    def test_headers_and_another_name(self, parts: list[Ended], into: Path) -> None:
        assert Text(into="all/text", header="# {job}").merge(parts, into) is None
        assert (into / "all/text").read_text() == "# 12.0\none\n# 12.1\ntwo\n"

    def test_an_empty_part(self, parts: list[Ended], into: Path) -> None:
        (parts[0].output / "stdout").write_text("")
        assert Text().merge(parts, into) is None
        assert (into / "stdout").read_text() == "two\n"

    def test_a_part_without_the_file_is_objected_to(self, parts: list[Ended], into: Path) -> None:
        assert Text(file="result").merge(parts, into) == "subjob 12.0 has no result"
        assert list(into.iterdir()) == []

    def test_a_link_that_leads_out_is_no_file(self, parts: list[Ended], into: Path) -> None:
        (parts[1].output / "secret").symlink_to("/etc/passwd")
        (parts[0].output / "secret").write_text("x")
        assert Text(file="secret").merge(parts, into) == "subjob 12.1 has no secret"

    def test_two_of_one_name_are_objected_to(self, parts: list[Ended], into: Path) -> None:
        assert Text().merge(parts, into) is None
        assert Text().merge(parts, into) == "two mergers make stdout; give one of them another name"

    @pytest.mark.parametrize(("file", "into"), [("/x", ""), ("x", "../x")])
    def test_names_stay_inside(self, file: str, into: str) -> None:
        with pytest.raises(ValueError, match="is not a path within"):
            Text(file=file, into=into)


class TestTar:
    def test_packs_each_subjob_into_its_folder(self, parts: list[Ended], into: Path, tmp_path: Path) -> None:
        output = parts[0].output
        (output / "deep").mkdir()
        (output / "deep/program").touch()
        (output / "deep/program").chmod(0o4750)
        (output / "deep/link").symlink_to("../stdout")
        assert Tar(archive="packed/all.tgz").merge(parts, into) is None
        with tarfile.open(into / "packed/all.tgz") as archive:
            members = {member.name: member for member in archive}
            archive.extractall(tmp_path / "unpacked", filter="data")
        assert list(members) == [
            "12.0", "12.0/deep", "12.0/deep/link", "12.0/deep/program", "12.0/stdout", "12.1", "12.1/stdout",
        ]  # fmt: skip
        assert members["12.0/deep/program"].mode == 0o750
        assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members.values()} == {(0, 0, "", "", 2000)}
        assert (tmp_path / "unpacked/12.0/deep/link").read_text() == "one\n"
        assert (tmp_path / "unpacked/12.1/stdout").read_text() == "two"

    def test_the_same_outputs_give_the_same_archive(self, parts: list[Ended], into: Path) -> None:
        assert Tar(archive="a").merge(parts, into) is None
        for part in parts:
            moved = shutil.copytree(part.output, part.output.with_name("copy"))
            shutil.rmtree(part.output)
            moved.rename(part.output)
            os.utime(part.output / "stdout", (5.0, 5.0))
        assert Tar(archive="b").merge(parts, into) is None
        assert (into / "a").read_bytes() == (into / "b").read_bytes()

    @pytest.mark.parametrize("target", ["/etc/passwd", "../../../x", "../output-1/stdout", "self", "through"])
    def test_links_out_are_left_out_with_a_warning(
        self, parts: list[Ended], into: Path, target: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        output = parts[0].output
        (output / "through").symlink_to("/etc")
        (output / "self").symlink_to(target)
        os.mkfifo(output / "pipe")
        with caplog.at_level(logging.WARNING):
            assert Tar().merge(parts[:1], into) is None
        with tarfile.open(into / "outputs.tar.gz") as archive:
            names = archive.getnames()
        inside = ["12.0/self"] if target == "self" else []
        assert names == ["12.0", *inside, "12.0/stdout"]
        assert "pipe is left out" in caplog.text

    def test_objections(self, parts: list[Ended], into: Path) -> None:
        assert Tar(archive="x").merge([], into) is None
        assert Tar(archive="x").merge([], into) == "two mergers make x; give one of them another name"
        shutil.rmtree(parts[1].output)
        assert Tar().merge(parts, into) == "the output of subjob 12.1 is missing"
        with pytest.raises(ValueError, match="is not a path within"):
            Tar(archive="/x")
