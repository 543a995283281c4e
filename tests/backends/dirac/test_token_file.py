"""The file of tokens: whole, private, in place, and one at a time."""

import fcntl
import threading
from pathlib import Path

import pytest

from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.token_file import TokenFile, Tokens, claims
from ganga.errors import BackendUnavailable
from tests.backends.dirac.tokens import made, token, written

HIDDEN = "c2VjcmV0"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = written(tmp_path / "credentials.json", made("a" * 99, None, 12.5))
    inode, mode = file.path.stat().st_ino, file.path.stat().st_mode
    tokens = made("b", "c", 99.0)
    with file.lock() as locked:
        locked.write(tokens)
    assert file.read() == tokens
    assert (file.path.stat().st_ino, file.path.stat().st_mode) == (inode, mode)


def test_its_version_changes_when_it_does(tmp_path: Path) -> None:
    file = written(tmp_path / "credentials.json", made())
    before = file.version()
    assert file.version() == before
    with file.lock() as locked:
        locked.write(made("other"))
    assert file.version() != before


def test_without_a_file_a_login_is_asked_for(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "credentials.json")
    for look in (file.version, file.read, file.lock):
        with pytest.raises(CredentialsExpired, match=r"no tokens of DiracX in .*credentials\.json.*dirac login"):
            look()


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"access_token": 7}', f'{{"x": "{HIDDEN}"'.encode()])
def test_what_is_no_file_of_tokens_is_said_to_be_none_and_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "credentials.json").write_bytes(content)
    with pytest.raises(CredentialsExpired, match="no file with tokens") as caught:
        TokenFile(tmp_path / "credentials.json").read()
    assert HIDDEN not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_login_that_is_under_way_is_no_end_of_the_tokens(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").touch()
    with pytest.raises(BackendUnavailable, match="is empty") as caught:
        TokenFile(tmp_path / "credentials.json").read()
    assert not isinstance(caught.value, CredentialsExpired)


def test_who_holds_the_lock_is_waited_for(tmp_path: Path) -> None:
    file = written(tmp_path / "credentials.json", made("old"))
    other = file.lock()
    read: list[Tokens] = []
    reader = threading.Thread(target=lambda: read.append(file.read()))
    reader.start()
    other.write(made("new"))
    other.close()
    reader.join(100)
    assert [tokens.access_token for tokens in read] == ["new"]


def test_who_holds_the_lock_for_ever_is_not(tmp_path: Path) -> None:
    path = written(tmp_path / "credentials.json", made()).path
    file = TokenFile(path, locked_within=0.0)
    with path.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackendUnavailable, match="locked by another process"):
            file.lock()
        with pytest.raises(BackendUnavailable, match="locked by another process"):
            file.read()
    assert file.read() is not None


def test_readers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    path = written(tmp_path / "credentials.json", made()).path
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert TokenFile(path, locked_within=0.0).read() is not None


def test_a_token_says_whose_it_is() -> None:
    said = claims(token(preferred_username="alice", dirac_group="user", vo="lhcb", exp=12.0))
    assert (said.preferred_username, said.dirac_group, said.vo, said.exp) == ("alice", "user", "lhcb", 12.0)


@pytest.mark.parametrize("text", ["", HIDDEN, "a.b.c", "..", "a.W10.c", "a.\u00e9.c"])
def test_what_is_no_token_is_said_to_be_none_and_not_shown(text: str) -> None:
    with pytest.raises(CredentialsExpired, match="no token") as caught:
        claims(text)
    assert HIDDEN not in str(caught.value)
    assert caught.value.__suppress_context__


def test_tokens_do_not_show_themselves() -> None:
    assert HIDDEN not in repr(made(HIDDEN, HIDDEN))
