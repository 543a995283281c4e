"""Where the road over DiracX leads to; the road itself is tried against the real server, in `tests.live.dirac`."""

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.replies import NotSent
from ganga.errors import ConfigurationError


@pytest.mark.parametrize("address", ["diracx.example.org", "ftp://diracx.example.org", "https://", "/api", "https:x"])
async def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(ConfigurationError, match="expected an address such as"):
        async with open_road(Settings(diracx_url=address)):
            pass


async def test_without_an_address_the_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIRACX_URL", raising=False)
    with pytest.raises(ConfigurationError, match="DIRACX_URL"):
        async with open_road(Settings()):
            pass


@pytest.mark.parametrize("host", ["diracx.example.org", "10.0.0.1", "localhost.example.org"])
async def test_no_token_is_sent_in_the_clear(host: str) -> None:
    with pytest.raises(ConfigurationError, match="over https only"):
        async with open_road(Settings(diracx_url=f"http://{host}:8000/")):
            pass


async def test_the_address_of_the_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRACX_URL", "http://127.0.0.1:1/")
    with pytest.raises(NotSent, match=r"DiracX at http://127\.0\.0\.1:1 cannot be reached"):
        async with open_road(Settings()):
            pass
