"""A server elsewhere shows by a certificate that it is the one that was meant, or nothing is told to it."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import urlencode

import psycopg
import pytest

from ganga.cli.main import main
from ganga.errors import ConfigurationError, StoreNotTrusted, StoreUnavailable
from ganga.store.base import Query
from ganga.store.postgres import address, authorities
from ganga.store.postgres.failures import is_passing, translated
from ganga.store.postgres.store import open_postgres
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled

#: What the certificate of the server is for; no name server knows it, and the URLs say where that is.
NAME: Final = "db.example.test"
WORD: Final = "s3cret"


class Certificates:
    """In a folder: `ca.pem`, `foreign.pem` of another authority, `good.pem` and `expired.pem` with their keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for authority in ("ca", "foreign"):
            new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", f"/CN={authority}")
            self._openssl(*new, "-keyout", f"{authority}.key", "-out", f"{authority}.pem")
        self._issue("good", "9")
        self._issue("expired", "-1")

    def _issue(self, who: str, days: str) -> None:
        names = ("-subj", f"/CN={who}", "-addext", f"subjectAltName=DNS:{NAME}")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", *names, "-keyout", f"{who}.key", "-out", "request")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy", "-days", days)
        self._openssl("x509", "-req", "-in", "request", *signing, "-out", f"{who}.pem")

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Certificates(tmp_path_factory.mktemp("certificates")).folder


@pytest.fixture(scope="module")
def tls_server(certificates: Path) -> Iterator[PostgresServer]:
    needs(check, NotInstalled)
    with running(durable=False) as server:
        server.new_role("ada", WORD)
        server.run("CREATE DATABASE jobs OWNER ada")
        show(server, certificates, "good")
        yield server


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", WORD)


def show(server: PostgresServer, certificates: Path, who: str) -> None:
    """Have the server show this certificate."""
    for end in ("pem", "key"):
        place = server.folder / "data" / f"{who}.{end}"
        shutil.copyfile(certificates / f"{who}.{end}", place)
        place.chmod(0o600)
        shutil.chown(place, server.folder.owner(), server.folder.group())
    server.run(f"ALTER SYSTEM SET ssl_cert_file = '{who}.pem'")
    server.run(f"ALTER SYSTEM SET ssl_key_file = '{who}.key'")
    server.run("ALTER SYSTEM SET ssl = on")
    server.restart()


def url_of(server: PostgresServer, name: str = NAME, **options: str) -> str:
    """By a name, which leads to this machine."""
    where = {"host": name, "hostaddr": "127.0.0.1", "port": str(server.port), **options}
    return f"postgresql://ada@/jobs?{urlencode(where)}"


async def refused(url: str) -> str:
    """What is said of a server that is not trusted; at once, since no waiting helps."""
    began = monotonic()
    with pytest.raises(StoreNotTrusted) as raised:
        async with open_postgres(url, patience=30):
            pass
    assert monotonic() - began < 15
    assert raised.value.exit_code == 2
    assert "nothing was told to the server" in str(raised.value)
    return str(raised.value)


async def test_a_server_of_this_name_is_trusted(tls_server: PostgresServer, certificates: Path) -> None:
    async with open_postgres(url_of(tls_server, sslrootcert=str(certificates / "ca.pem"))) as store:
        assert await store.select(Query()) == []
    [(ciphered,)] = await asyncio.to_thread(encrypted, tls_server, certificates)
    assert ciphered is True


def encrypted(server: PostgresServer, certificates: Path) -> list[tuple[object, ...]]:
    parameters = address.read_address(url_of(server, sslrootcert=str(certificates / "ca.pem"))).named("tests", 5.0)
    with psycopg.connect(psycopg.conninfo.make_conninfo("", **parameters)) as connection:
        return connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchall()


async def test_the_authorities_of_the_system_are_asked(
    tls_server: PostgresServer, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no authority known here has issued" in await refused(url_of(tls_server))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    async with open_postgres(url_of(tls_server)) as store:
        assert await store.select(Query()) == []


async def test_another_name_is_not_trusted(tls_server: PostgresServer, certificates: Path) -> None:
    said = await refused(url_of(tls_server, "other.example.test", sslrootcert=str(certificates / "ca.pem")))
    assert "postgresql://other.example.test" in said
    assert "for another name; correct the host in the URL" in said


async def test_an_unknown_authority_is_not_trusted(tls_server: PostgresServer, certificates: Path) -> None:
    said = await refused(url_of(tls_server, sslrootcert=str(certificates / "foreign.pem")))
    assert "name the file of its authority by sslrootcert" in said


async def test_an_authority_that_was_taken_from_the_file_is_no_longer_trusted(
    tls_server: PostgresServer, certificates: Path, tmp_path: Path
) -> None:
    file = tmp_path / "authorities.pem"
    both = [(certificates / f"{name}.pem").read_text() for name in ("foreign", "ca")]
    file.write_text("".join(both))
    async with open_postgres(url_of(tls_server, sslrootcert=str(file))):
        file.write_text(both[0])
    assert "no authority known here has issued" in await refused(url_of(tls_server, sslrootcert=str(file)))


async def test_a_server_without_tls_is_not_trusted(postgres_server: PostgresServer, certificates: Path) -> None:
    said = await refused(url_of(postgres_server, sslrootcert=str(certificates / "ca.pem")))
    assert "speaks without TLS; set ssl = on there, or say by sslmode in the URL" in said


async def test_a_file_of_authorities_that_is_not_there_is_named(tls_server: PostgresServer, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    said = await refused(url_of(tls_server, sslrootcert=missing))
    assert "correct sslrootcert" in said
    assert missing in said


async def test_the_url_may_ask_for_less(tls_server: PostgresServer) -> None:
    async with open_postgres(url_of(tls_server, sslmode="require")) as store:
        assert await store.select(Query()) == []


async def test_a_server_is_not_trusted_while_its_certificate_has_expired(certificates: Path) -> None:
    needs(check, NotInstalled)
    with running(durable=False) as server:
        server.new_role("ada", WORD)
        server.run("CREATE DATABASE jobs OWNER ada")
        show(server, certificates, "good")
        url = url_of(server, sslrootcert=str(certificates / "ca.pem"))
        async with open_postgres(url, patience=30) as store:
            show(server, certificates, "expired")
            assert "or that has expired" in await refused(url)
            with pytest.raises(StoreUnavailable, match="or that has expired"):
                await store.select(Query())
            show(server, certificates, "good")
            assert await store.select(Query()) == []


def test_the_command_line_ends_as_for_wrong_usage(
    tls_server: PostgresServer,
    certificates: Path,
    ganga_home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GANGA_CONFIG", str(ganga_home.parent / "store.toml"))
    url = url_of(tls_server, sslrootcert=str(certificates / "foreign.pem"))
    (ganga_home.parent / "store.toml").write_text(f'[store]\nurl = "{url}"\n')
    assert main(["list"]) == 2
    said = capsys.readouterr().err
    assert "shows a certificate that no authority known here has issued" in said
    assert WORD not in said


def test_a_system_without_authorities_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "system_authorities", lambda: None)
    with pytest.raises(ConfigurationError, match=f"the certificate of {NAME} .*install ca-certificates.* sslrootcert"):
        address.read_address(f"postgresql://{NAME}/jobs")
    assert "sslrootcert" not in address.read_address("postgresql://localhost/jobs").parameters


def test_the_first_file_that_is_there_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    there = tmp_path / "there.pem"
    monkeypatch.setattr(authorities, "FILES", (str(tmp_path / "other"), str(there)))
    monkeypatch.setattr(authorities, "_of_certifi", lambda: None)
    assert authorities.system_authorities() is None
    there.touch()
    assert authorities.system_authorities() == str(there)


@pytest.mark.parametrize(
    ("attempts", "kind"),
    [
        ([("h1", "certificate verify failed"), ("h2", "certificate verify failed")], StoreNotTrusted),
        ([("h1", "certificate verify failed"), ("h2", "connection refused")], StoreUnavailable),
        ([("h1", "connection refused"), ("h1", "certificate verify failed")], StoreNotTrusted),
    ],
)
def test_a_host_that_may_come_back_is_waited_for(attempts: list[tuple[str, str]], kind: type[Exception]) -> None:
    lines = [f"- host: {host!r}, port: '5432', hostaddr: '10.0.0.1': {said}" for host, said in attempts]
    error = psycopg.OperationalError("\n".join([attempts[-1][1], "Multiple connection attempts failed.", *lines]))
    assert type(translated(error, "here")) is kind
    assert is_passing(error) is (kind is StoreUnavailable)
