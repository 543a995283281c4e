from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.kerberos.mounts import Storage, cell_of, storage_of

MOUNTS = """\
/dev/vda1 / ext4 rw,relatime 0 0
AFS /cells afs rw 0 0
nfs.example.org:/home /home nfs4 rw,vers=4.2,sec=krb5p,hard 0 0
nfs.example.org:/open /home/open nfs4 rw,vers=4.2,sec=sys,hard 0 0
nfs.example.org:/my /my\\040files nfs rw,sec=krb5 0 0
//files.example.org/x /windows cifs rw,sec=krb5i 0 0
none /over nfs4 rw,sec=krb5 0 0
none /over tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "storage"),
    [
        ("/srv/work", Storage.OPEN),
        ("/afs/cern.ch/user/a/ada", Storage.AFS),
        ("/cells/x", Storage.AFS),
        ("/home/ada/work", Storage.KERBEROS),
        ("/homes/ada", Storage.OPEN),
        ("/home/open/ada", Storage.OPEN),
        ("/my files/x", Storage.KERBEROS),
        ("/windows", Storage.KERBEROS),
        ("/over/x", Storage.OPEN),
    ],
)
def test_what_a_folder_is_on_is_told_by_the_mounts(folder: str, storage: Storage) -> None:
    assert storage_of(PurePosixPath(folder), MOUNTS) is storage


def test_without_mounts_the_path_of_afs_is_known() -> None:
    assert storage_of(PurePosixPath("/afs/cern.ch"), "") is Storage.AFS
    assert storage_of(PurePosixPath("/home/ada"), "") is Storage.OPEN


@pytest.mark.parametrize(
    ("folder", "cell"),
    [("/afs/cern.ch/user", "cern.ch"), ("/afs/.cern.ch", "cern.ch"), ("/afs", ""), ("/cells/cern.ch", "")],
)
def test_the_cell_is_in_the_path(folder: str, cell: str) -> None:
    assert cell_of(PurePosixPath(folder)) == cell


@given(st.text())
def test_any_text_of_mounts_gives_an_answer(mounts: str) -> None:
    assert storage_of(PurePosixPath("/home/ada"), mounts) in Storage
