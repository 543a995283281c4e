"""Where the token comes from, and that nobody sees it."""

import getpass
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from ganga.backends.slurm.rest.token import read_token, token_file
from ganga.errors import BackendUnavailable, ConfigurationError


def made(claims: str) -> str:
    return f"head.{urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.signature"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(0o600)
    return path


@pytest.mark.parametrize("text", ["{}", "SLURM_JWT={}\n", "{}\n"])
def test_a_file_as_scontrol_prints_it(file: Path, text: str) -> None:
    token = made('{"exp":1,"sun":"alice"}')
    file.write_text(text.format(token))
    assert read_token(file, {}) == (token, "alice", 1.0)
    assert repr(read_token(file, {})) == "<Token of alice>"


@pytest.mark.parametrize("claims", ["{}", "[]", "garbage", '{"sun":"a\\r\\nX: y"}', '{"sun":3}'])
def test_a_token_without_a_user_is_ours(claims: str) -> None:
    assert read_token(None, {"SLURM_JWT": made(claims)}).user == getpass.getuser()


@pytest.mark.parametrize("text", ["", "secret", "SLURM_JWT=", "a.b", "a.b.c d", "ä.b.c"])
def test_what_is_no_token_is_told_without_it(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(BackendUnavailable, match="scontrol token") as caught:
        read_token(file, {})
    assert "secret" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    file.write_text(made("{}"))
    file.chmod(0o640)
    with pytest.raises(BackendUnavailable, match="chmod 600"):
        read_token(file, {})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BackendUnavailable, match="No such file"):
        read_token(tmp_path / "none", {})


def test_the_setting_goes_before_the_environment() -> None:
    assert token_file("/a/token", {"SLURM_JWT": "a.b.c"}) == Path("/a/token")
    assert token_file("", {"SLURM_JWT": "a.b.c"}) is None
    with pytest.raises(ConfigurationError, match="token_file"):
        token_file("", {})
