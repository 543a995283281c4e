"""Where `slurmrestd` may be. What it answers is tried with a real one, in `tests/live/batch`."""

import pytest

from ganga.backends.slurm.rest.client import place
from ganga.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "base", "socket"),
    [
        ("https://slurm.example.org:6820", "https://slurm.example.org:6820", ""),
        ("https://slurm.example.org/rest/", "https://slurm.example.org/rest", ""),
        ("http://localhost:6820", "http://localhost:6820", ""),
        ("http://127.0.0.1:6820", "http://127.0.0.1:6820", ""),
        ("http://[::1]:6820/", "http://[::1]:6820", ""),
        ("unix:///run/slurmrestd.sock", "http://localhost", "/run/slurmrestd.sock"),
    ],
)
def test_a_token_goes_over_tls_or_stays_here(url: str, base: str, socket: str) -> None:
    assert place(url) == (url, base, socket)


@pytest.mark.parametrize(
    "url",
    [
        "http://slurm.example.org:6820",
        "http://localhost.example.org",
        "http://10.0.0.1:6820",
        "http://",
        "unix://run/slurmrestd.sock",
        "ftp://localhost",
        "localhost:6820",
        "garbage",
    ],
)
def test_other_places_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="rest_url"):
        place(url)
