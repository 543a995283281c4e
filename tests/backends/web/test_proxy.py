import asyncio
import os
import shutil
from pathlib import Path

import pytest

from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.proxy import Proxy, proxy_file, trusting
from ganga.errors import ConfigurationError
from tests.backends.dirac.identities import Identities


@pytest.fixture
def file(identities: Identities, tmp_path: Path) -> Path:
    place = tmp_path / "proxy.pem"
    shutil.copy(identities.folder / "proxy.pem", place)
    return place


@pytest.fixture
def authorities(identities: Identities) -> Path:
    return identities.folder / "ca.pem"


async def test_a_proxy_is_read_once_and_again_when_it_is_renewed(
    identities: Identities, file: Path, authorities: Path
) -> None:
    proxy = Proxy(file, authorities)
    before = proxy.expires_at
    first = await proxy.current()
    assert before is None
    assert await proxy.current() is first
    assert proxy.expires_at == first.chain.valid_until
    shutil.copy(identities.folder / "person.pem", file.with_suffix(".new"))
    file.with_suffix(".new").replace(file)
    second = await proxy.current()
    assert second.context is not first.context
    assert (first.chain.group, second.chain.group) == ("lhcb_user", "")
    assert proxy.expires_at == second.chain.valid_until


async def test_calls_that_begin_together_present_the_same(file: Path, authorities: Path) -> None:
    proxy = Proxy(file, authorities)
    first, *others = await asyncio.gather(*(proxy.current() for _ in range(20)))
    assert all(one is first for one in others)


def test_a_missing_proxy_is_said_and_one_that_comes_later_is_taken(file: Path, authorities: Path) -> None:
    kept = file.read_bytes()
    file.unlink()
    proxy = Proxy(file, authorities)
    with pytest.raises(CredentialsExpired, match="there is no grid proxy") as caught:
        proxy.read()
    assert "dirac-proxy-init" in str(caught.value)
    file.write_bytes(kept)
    file.chmod(0o600)
    assert proxy.read().chain.group == "lhcb_user"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_proxy_that_others_may_use_is_not_used(file: Path, authorities: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(CredentialsExpired, match=r"open to others: `chmod 600"):
        Proxy(file, authorities).read()


def test_the_end_of_its_life_is_seen_without_reading_it_again(
    file: Path, authorities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(file, authorities)
    chain = proxy.read().chain
    monkeypatch.setattr("time.time", lambda: chain.valid_until - 1)
    assert proxy.read().chain is chain
    monkeypatch.setattr("time.time", lambda: chain.valid_until)
    with pytest.raises(CredentialsExpired, match="ended at 20"):
        proxy.read()
    monkeypatch.setattr("time.time", lambda: chain.valid_from - 60)
    with pytest.raises(CredentialsExpired, match="clock"):
        proxy.read()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"])
def test_a_file_that_is_no_proxy(file: Path, authorities: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(CredentialsExpired, match="is no grid proxy"):
        Proxy(file, authorities).read()


def test_a_key_that_does_not_fit_is_never_shown(identities: Identities, file: Path, authorities: Path) -> None:
    key = (identities.folder / "host.key").read_bytes()
    file.write_bytes((identities.folder / "proxy.crt").read_bytes() + key)
    with pytest.raises(CredentialsExpired, match="does not fit its certificate") as caught:
        Proxy(file, authorities).read()
    assert "PRIVATE" not in str(caught.value)


def test_another_group_than_the_one_that_is_set(file: Path, authorities: Path, identities: Identities) -> None:
    assert Proxy(file, authorities, group="lhcb_user").read().chain.group == "lhcb_user"
    with pytest.raises(CredentialsExpired, match=r"of the group 'lhcb_user', 'lhcb_prod' is set: .* -g lhcb_prod"):
        Proxy(file, authorities, group="lhcb_prod").read()
    with pytest.raises(CredentialsExpired, match="without a group"):
        Proxy(identities.folder / "person.pem", authorities, group="lhcb_user").read()


def test_authorities_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="authorities"):
        trusting(tmp_path / "none")


def test_where_a_proxy_is_looked_for() -> None:
    assert proxy_file("/set", "/variable") == Path("/set")
    assert proxy_file("", "/variable") == Path("/variable")
    assert proxy_file("", None) == Path(f"/tmp/x509up_u{os.getuid()}")  # noqa: S108 - where grid tools put it
    assert proxy_file("~/proxy", None) == Path.home() / "proxy"
