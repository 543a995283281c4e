import pytest

from ganga.errors import ConfigurationError
from ganga.store.location import check_url


@pytest.mark.parametrize(
    "url", ["postgresql://ada@h1:1,h2:2/jobs?target_session_attrs=read-write", "postgres:///jobs?host=/run/postgresql"]
)
def test_a_url_without_a_secret(url: str) -> None:
    check_url(url, "it")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ada:s3cret@h/jobs", "it holds a password"),
        ("postgresql://ada:@h/jobs", "it holds a password"),
        ("postgresql:///jobs?user=ada&password=s3cret", "it holds a password"),
        ("postgresql:///jobs?sslpassword=s3cret", "it holds a password"),
        ("mysql://ada:s3cret@h/jobs", "it: there is no kind of store for mysql://...; expected postgresql://"),
        ("postgresql://[s3cret/jobs", "it cannot be read"),
    ],
)
def test_a_url_that_is_refused_is_not_repeated(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_url(url, "it")
    assert str(raised.value).startswith(told)
    assert "s3cret" not in str(raised.value)
