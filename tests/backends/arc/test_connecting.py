"""Where an element is, and who we are there."""

from pathlib import Path

import pytest

from ganga.backends import arc
from ganga.backends.arc.connecting import address
from ganga.backends.base import Discovering, Surroundings
from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.replies import NotSent
from ganga.errors import ConfigurationError
from ganga.model.ids import TargetName
from tests.backends.dirac.identities import Identities


@pytest.mark.parametrize(
    "url",
    [
        "https://arc.example.org:8443/arex",
        "https://arc.example.org:8443/arex/",
        "https://arc.example.org:8443/arex/rest/1.0",
        "https://arc.example.org:8443/arex/rest",
    ],
)
def test_an_address_is_that_of_the_web_service(url: str) -> None:
    assert address(url) == "https://arc.example.org:8443/arex"


@pytest.mark.parametrize(
    "url",
    ["", "arc.example.org", "http://arc.example.org/arex", "https://", "https://a:b/", "https://a/?b", "https://[a"],
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"url: .* is no address of ARC"):
        address(url)


async def test_without_a_proxy_no_element_is_asked(tmp_path: Path) -> None:
    settings = arc.Settings(url="https://arc.example.org/arex", proxy=str(tmp_path / "none"))
    with pytest.raises(CredentialsExpired, match=r"there is no grid proxy .*arcproxy"):
        async with arc.connect(settings, Surroundings(TargetName("arc"), tmp_path / "target")):
            pass


async def test_what_an_earlier_process_left_behind_goes(
    identities: Identities, tmp_path: Path, unused_tcp_port: int
) -> None:
    left = tmp_path / "target" / "inputs-0badcafe"
    left.mkdir(parents=True)
    (left / "0.tar").touch()
    settings = arc.Settings(
        url=f"https://localhost:{unused_tcp_port}/arex",
        proxy=str(identities.folder / "proxy.pem"),
        authorities=str(identities.folder / "ca.pem"),
    )
    with pytest.raises(NotSent, match="cannot be reached"):
        async with arc.connect(settings, Surroundings(TargetName("arc"), tmp_path / "target")):
            pass
    assert not left.exists()


def test_settings_say_where_their_target_is() -> None:
    assert arc.Settings(url="https://arc.example.org/arex").where == "https://arc.example.org/arex"


def test_the_policy_follows_the_settings() -> None:
    assert arc.policy(arc.Settings(interval=7.0)).sweep.fastest == 7.0


async def test_arcs_client_is_a_trace_of_arc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert isinstance(arc, Discovering)
    variables = {"PATH": str(tmp_path)}
    assert (await arc.discover(variables)).found == ""
    (tmp_path / ".arc").mkdir()
    (tmp_path / ".arc" / "client.conf").touch()
    assert "client.conf" in (await arc.discover(variables)).found
    (tmp_path / "arcsub").touch(0o755)
    discovery = await arc.discover(variables)
    assert discovery.found == f"ARC's client in {tmp_path}"
    assert "url" in str(discovery.obstacle)
