"""An address is this machine's own unless another one is spelled out."""

import pytest

from ganga.errors import ConfigurationError
from ganga.telemetry.address import Address, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", Address("127.0.0.1", 9464)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("localhost:9464", Address("localhost", 9464)),
        ("0.0.0.0:9464", Address("0.0.0.0", 9464)),  # noqa: S104 - only read
        ("[::1]:9464", Address("::1", 9464)),
    ],
)
def test_what_is_an_address(text: str, address: Address) -> None:
    assert parse(text) == address
    assert parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "here", "here:", ":9464", "host:port", "1:65536", "::1:9464", "-1", "²", "[]:1"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"expected PORT or HOST:PORT"):
        parse(text)
