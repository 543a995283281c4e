"""Whose a file is that the settings call an owner's."""

import os
import pwd
from pathlib import Path

import pytest

from ganga.errors import BackendUnavailable
from ganga.hosting.confinement import check_place

ME = pwd.getpwuid(os.getuid()).pw_name
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")


def file_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "proxy").write_text("x")
    return folder / "proxy"


def test_what_is_not_there_yet_is_nobodys(tmp_path: Path) -> None:
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == tmp_path / "ada" / "proxy"


def test_what_the_account_of_the_owner_has_made_may_be_anywhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "elsewhere")
    (tmp_path / ME).symlink_to(place)
    assert check_place(f"{tmp_path}/{{owner}}", ME) == place


def test_what_the_service_has_put_there_is_the_owners(tmp_path: Path) -> None:
    place = file_in(tmp_path / "ada")
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == place


def test_the_administrator_may_have_the_whole_folder_elsewhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "disk" / "ada")
    (tmp_path / "ada").symlink_to(place.parent)
    assert check_place(f"{tmp_path}/{{owner}}/proxy", "ada") == place


@as_root
def test_the_owner_may_not_have_it_elsewhere(tmp_path: Path) -> None:
    place = file_in(tmp_path / "bob")
    (tmp_path / "ada").symlink_to(place)
    os.chown(tmp_path / "ada", 4711, 4711, follow_symlinks=False)
    with pytest.raises(BackendUnavailable, match="leads to"):
        check_place(f"{tmp_path}/{{owner}}", "ada")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ada").symlink_to(tmp_path / "ada")
    with pytest.raises(BackendUnavailable, match="cannot be read"):
        check_place(f"{tmp_path}/{{owner}}", "ada")
