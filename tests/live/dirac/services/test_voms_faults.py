"""A proxy with an attestation of a VOMS server in it is read, and the services take it."""

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.certificates import read_chain
from tests.backends.dirac.identities import SETTINGS
from tests.live.dirac.services.conftest import ROADS
from tests.live.dirac.services.installation import description
from tests.live.dirac_server.servers import Site

pytestmark = pytest.mark.slow

_ORGANISATION = "testvo"


def attested(site: Site, folder: Path, *, until: str = "20990101000000Z") -> Path:
    """A proxy of Alice that says what a VOMS server of the organisation would attest, until then."""
    # DIRAC's own reader takes its group in this kind of string only.
    text = (
        SETTINGS.replace("UTF8:lhcb_user", "IA5:user").replace("lhcb", _ORGANISATION).replace("20990101000000Z", until)
    )
    (folder / "openssl.cnf").write_text(text)
    own = site.folder / "pki"
    request = (
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "key.pem",
        "-out",
        "csr.pem",
        "-subj",
        "/O=Test/CN=Alice Tester/CN=7",
    )
    signer = ("-CA", str(own / "alicecert.pem"), "-CAkey", str(own / "alicekey.pem"), "-CAcreateserial")
    serial = ("-CAserial", str(folder / "serial"))
    extensions = ("-days", "10", "-extfile", "openssl.cnf", "-extensions", "proxy")
    for words in (
        ("req", *request, "-config", "openssl.cnf"),
        ("x509", "-req", "-in", "csr.pem", *signer, *serial, *extensions, "-out", "crt.pem"),
    ):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)
    place = folder / "proxy.pem"
    place.touch(mode=0o600)
    chain = (folder / "crt.pem", folder / "key.pem", own / "alicecert.pem")
    place.write_bytes(b"".join(file.read_bytes() for file in chain))
    return place


async def test_it_is_read_and_works(road_name: str, site: Site, settings: Settings, tmp_path: Path) -> None:
    proxy = attested(site, tmp_path)
    chain = read_chain(proxy.read_bytes())
    assert chain.membership is not None
    assert chain.membership.names[0] == f"/{_ORGANISATION}/Role=user/Capability=NULL"
    async with ROADS[road_name](replace(settings, proxy=str(proxy), organisation="")) as road:
        identity = await road.whoami()
        assert (identity.owner, identity.group, identity.organisation) == ("alice", "user", _ORGANISATION)
        (job,) = await road.submit([description("attested")])
        assert set(await road.states([job])) == {job}


async def test_it_ends_with_what_is_attested(road_name: str, site: Site, settings: Settings, tmp_path: Path) -> None:
    proxy = attested(site, tmp_path, until="20260201000000Z")
    with pytest.raises(CredentialsExpired, match=r"ended at 2026-02-01T00:00:00.*dirac-proxy-init"):
        async with ROADS[road_name](replace(settings, proxy=str(proxy))):
            pass
