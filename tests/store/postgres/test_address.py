import pytest

from ganga.errors import ConfigurationError
from ganga.store.postgres.address import read_address
from ganga.store.postgres.authorities import system_authorities


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.org/jobs",
        "postgresql://127.0.0.1,db.example.org/jobs",
        "postgresql://10.0.0.1/x",
        "postgresql://localhost/x?hostaddr=10.0.0.1",
        "postgresql://db.example.org/x?hostaddr=127.0.0.1",
        "postgresql:///x?hostaddr=10.0.0.1",
    ],
)
def test_a_server_elsewhere_shows_a_certificate(url: str) -> None:
    parameters = read_address(url).parameters
    assert parameters["sslmode"] == "verify-full"
    assert parameters["sslrootcert"] == system_authorities()


@pytest.mark.parametrize(
    "url", ["postgresql:///jobs?host=/run/x", "postgresql://localhost/jobs", "postgresql://127.0.0.1:1,[::1]:2/jobs"]
)
def test_a_server_on_this_machine_need_not(url: str) -> None:
    assert "sslmode" not in read_address(url).parameters


def test_the_url_has_the_last_word() -> None:
    url = "postgresql://h/jobs?sslmode=require&connect_timeout=9&options=-c%20work_mem%3D9MB&sslrootcert=/ca"
    address = read_address(url)
    assert (address.parameters["sslmode"], address.parameters["connect_timeout"]) == ("require", "9")
    assert str(address.named("x", 1.5)["options"]).startswith("-c work_mem=9MB -c ")
    assert "-c lock_timeout=1500" in str(address.named("x", 1.5)["options"])
    own = read_address("postgresql://h/jobs?sslrootcert=/ca").parameters
    assert (own["sslmode"], own["sslrootcert"]) == ("verify-full", "/ca")


def test_authorities_of_the_environment_are_left_to_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "/ca")
    parameters = read_address("postgresql://h/jobs").parameters
    assert parameters["sslmode"] == "verify-full"
    assert "sslrootcert" not in parameters


def test_the_location_has_all_hosts_and_no_password() -> None:
    address = read_address("postgresql://ada:s3cret@h1:1,h2:2/jobs?password=s3cret")
    assert address.location == "postgresql://h1:1,h2:2/jobs"
    assert read_address("postgresql://h1,h2:7/jobs").location == "postgresql://h1:5432,h2:7/jobs"


@pytest.mark.parametrize("url", ["postgresql://ada:s3cret@h/jobs?unheard=1", "s3cret", "postgresql://[s3cret/x"])
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected postgresql://") as raised:
        read_address(url)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__
