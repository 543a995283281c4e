import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.web.certificates import read_chain
from ganga.backends.web.der import DerError
from tests.backends.dirac.identities import PERSON, Identities


def test_a_proxy_tells_whose_it_is_and_for_what(identities: Identities) -> None:
    chain = read_chain((identities.folder / "proxy.pem").read_bytes())
    assert [certificate.is_proxy for certificate in chain.certificates] == [True, False]
    assert chain.identity == PERSON
    assert chain.group == "lhcb_user"
    assert chain.organisation == "lhcb"
    assert chain.membership is not None
    assert chain.membership.names == ("/lhcb/Role=user/Capability=NULL", "/lhcb/Role=NULL/Capability=NULL")
    assert abs(chain.valid_until - time.time() - 20 * 86_400) < 3600
    assert chain.valid_from <= time.time()


def test_a_plain_certificate_has_no_group(identities: Identities) -> None:
    chain = read_chain((identities.folder / "person.pem").read_bytes())
    assert (chain.identity, chain.group, chain.organisation, chain.membership) == (PERSON, "", "", None)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\n!!!=\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nAgEB\n-----END CERTIFICATE-----",
    ],
)
def test_what_is_no_chain_is_an_error(pem: bytes) -> None:
    with pytest.raises(DerError):
        read_chain(pem)


@given(st.data())
def test_a_damaged_chain_is_read_or_a_clear_error(identities: Identities, data: st.DataObject) -> None:
    pem = bytearray((identities.folder / "proxy.pem").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        pem[data.draw(st.integers(0, len(pem) - 1))] = data.draw(st.sampled_from(b"ABCDabcd+/="))
    _read_or_fail_clearly(bytes(pem))


def _read_or_fail_clearly(pem: bytes) -> None:
    try:
        chain = read_chain(pem)
    except DerError:
        return
    assert chain.certificates
