"""Whether DIRAC is known here, and whether somebody has logged in."""

import os
from pathlib import Path

import pytest

from ganga.backends import dirac
from ganga.backends.base import Discovering
from ganga.backends.dirac import discovery
from ganga.backends.dirac.discovery import discover
from tests.backends.dirac.identities import Identities


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Of somebody who has nothing yet."""
    return {"PATH": str(tmp_path / "bin"), "X509_USER_PROXY": str(tmp_path / "proxy")}


def test_the_plug_in_looks_around() -> None:
    assert isinstance(dirac, Discovering)


async def test_without_a_trace_of_it_it_is_not_here(variables: dict[str, str]) -> None:
    assert (await discover(variables)).found == ""


async def test_it_is_found_by_its_address(variables: dict[str, str]) -> None:
    found = await discover({**variables, "DIRACX_URL": "https://diracx.example.org"})
    assert found.found == "DiracX at https://diracx.example.org"
    assert "dirac login" in str(found.obstacle)


async def test_it_is_found_by_its_configuration(variables: dict[str, str], home: Path) -> None:
    (home / ".dirac.cfg").touch()
    assert (await discover(variables)).found == f"DIRAC as in {home}/.dirac.cfg"
    (home / "etc").mkdir()
    (home / "etc" / "dirac.cfg").touch()
    assert (await discover({**variables, "DIRAC": str(home)})).found == f"DIRAC as in {home}/etc/dirac.cfg"


async def test_it_is_found_by_its_client(variables: dict[str, str], home: Path) -> None:
    command = home / "bin" / "dirac-wms-job-status"
    command.parent.mkdir()
    command.touch(0o700)
    assert (await discover(variables)).found == f"DIRAC's client in {home}/bin"


async def test_with_tokens_it_can_be_used(variables: dict[str, str], home: Path) -> None:
    tokens = home / "tokens.json"
    tokens.touch()
    environment = {**variables, "DIRACX_URL": "https://x", "DIRACX_CREDENTIALS_PATH": str(tokens)}
    assert (await discover(environment)).obstacle is None


async def test_with_a_proxy_it_can_be_used_until_that_ends(
    variables: dict[str, str], identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**variables, "DIRACX_URL": "https://x", "X509_USER_PROXY": str(identities.folder / "proxy.pem")}
    assert (await discover(environment)).obstacle is None
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert "has ended" in str((await discover(environment)).obstacle)


async def test_what_is_no_proxy_is_told(variables: dict[str, str], home: Path) -> None:
    (home / "proxy").write_text("nothing")
    assert "is no grid proxy" in str((await discover({**variables, "DIRACX_URL": "https://x"})).obstacle)


async def test_a_missing_extra_is_told(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "find_spec", lambda _: None)
    obstacle = (await discover({**os.environ, **variables, "DIRACX_URL": "https://x"})).obstacle
    assert obstacle == "the Python module aiohttp is missing: pip install 'ganga[dirac]'"
