import json
import zlib
from base64 import b64encode
from pathlib import Path

import pytest

from ganga.backends.dirac.configuration import Addresses, addresses, local_configuration
from ganga.backends.dirac.dirac_cfg import Section, parse
from ganga.backends.dirac.diset import Client, Diset
from ganga.backends.web.proxy import Proxy
from ganga.errors import BackendUnavailable, ConfigurationError
from tests.backends.dirac.diset_server import Caller, serving
from tests.backends.dirac.identities import Identities

SERVICE = "WorkloadManagement/JobMonitoring"

NEW = """
Systems { WorkloadManagement { URLs {
JobMonitoring = dips://$MAINSERVERS$:9130/WorkloadManagement/JobMonitoring
TornadoJobMonitoring = https://a:8443/WorkloadManagement/TornadoJobMonitoring
}
FailoverURLs {
JobMonitoring = dips://late:9130/WorkloadManagement/JobMonitoring
} } }
Operations { Defaults {
MainServers = a, b
} }
"""

OLD = """
DIRAC {
Setup = LHCb-Production
Setups { LHCb-Production {
WorkloadManagement = Production
} } }
Systems { WorkloadManagement {
Production { URLs {
JobMonitoring = dips://prod:9130/WorkloadManagement/JobMonitoring
} }
Certification { URLs {
JobMonitoring = dips://test:9130/WorkloadManagement/JobMonitoring
} } } }
"""


@pytest.fixture
def diset(identities: Identities) -> Diset:
    proxy = Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem")
    return Diset(proxy, Client(), timeout=60)


def _hosts(urls: list[str]) -> list[str]:
    return [url.split("/")[2].split(":")[0] for url in urls]


def test_addresses_of_a_version_9() -> None:
    found = parse(NEW)
    assert _hosts(addresses(found, SERVICE, "dips")) == ["a", "b", "late"]
    assert _hosts(addresses(found, SERVICE, "https")) == ["a"]
    assert addresses(found, "WorkloadManagement/Nothing", "dips") == []


def test_addresses_of_a_version_8_are_those_of_its_setup() -> None:
    assert _hosts(addresses(parse(OLD), SERVICE, "dips")) == ["prod"]


async def test_settings_come_first_and_the_file_next(diset: Diset) -> None:
    given = Addresses({SERVICE: "https://set:1/x, dips://set:2/x"}, parse(OLD), (), diset)
    assert await given.of(SERVICE, "dips") == ["dips://set:2/x"]
    assert _hosts(await Addresses({}, parse(OLD), (), diset).of(SERVICE, "dips")) == ["prod"]


async def test_nobody_knows_an_address(diset: Diset) -> None:
    with pytest.raises(ConfigurationError, match="no address of WorkloadManagement/JobMonitoring for https://"):
        await Addresses({}, parse(OLD), (), diset).of(SERVICE, "https")


async def test_the_configuration_service_is_asked_once(identities: Identities, diset: Diset) -> None:
    asked: list[object] = []

    async def behave(caller: Caller) -> None:
        asked.append((await caller.hear())["Value"])
        await caller.say({"OK": True, "Value": None})
        await caller.hear()
        await caller.say(
            {"OK": True, "Value": {"__dCls": "b64", "obj": b64encode(zlib.compress(NEW.encode())).decode()}}
        )

    async with serving(identities, behave) as url:
        local: Section = {"DIRAC": {"Configuration": {"Servers": url}}}
        places = Addresses({}, local, (), diset)
        assert _hosts(await places.of(SERVICE, "dips")) == ["a", "b", "late"]
        assert _hosts(await places.of(SERVICE, "https")) == ["a"]
    assert len(asked) == 1
    assert "getCompressedData" in json.dumps(asked)


@pytest.mark.parametrize("packed", [b"nonsense", zlib.compress(b"a {" * 9)[:-4], zlib.compress(b"{")])
async def test_a_configuration_that_is_none_is_not_believed(
    identities: Identities, diset: Diset, packed: bytes
) -> None:
    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.hear()
        await caller.say({"OK": True, "Value": {"__dCls": "b64", "obj": b64encode(packed).decode()}})

    async with serving(identities, behave) as url:
        with pytest.raises(BackendUnavailable, match="configuration"):
            await Addresses({}, {}, (url,), diset).of(SERVICE, "dips")


def test_the_local_file_is_the_one_that_is_set_or_that_of_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_configuration("", None) == {}
    (tmp_path / ".dirac.cfg").write_text("a = home\n")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "dirac.cfg").write_text("a = installed\n")
    (tmp_path / "mine.cfg").write_text("a = mine\n")
    assert local_configuration("", None) == {"a": "home"}
    assert local_configuration("", str(tmp_path)) == {"a": "installed"}
    assert local_configuration("~/mine.cfg", str(tmp_path)) == {"a": "mine"}
    with pytest.raises(ConfigurationError, match="there is no file"):
        local_configuration("/nowhere.cfg", None)
    (tmp_path / "mine.cfg").write_text("}")
    with pytest.raises(ConfigurationError, match="line 1"):
        local_configuration("~/mine.cfg", None)
