"""Where the server is, and how it is spoken to: what libpq makes of a URL, and what it is told besides."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from ganga.errors import ConfigurationError
from ganga.store.postgres.authorities import system_authorities

#: Milliseconds for which a process that stands still may keep what it has locked.
STANDSTILL: Final = 3000

#: Milliseconds for all that is sent at once: for a process that stands still in the middle of sending, since any other
#: gives up by itself.
_LONGEST: Final = 30_000

#: Set in each connection. A server whose client has gone stops its work within a second. A page
#: that an index leads to costs hardly more than the next one: without that word, lists and takeovers read whole tables.
_OPTIONS: Final[Mapping[str, str]] = {
    "idle_in_transaction_session_timeout": str(STANDSTILL),
    "statement_timeout": str(_LONGEST),
    "client_connection_check_interval": "1000",
    "jit": "off",
    "random_page_cost": "1.1",
    "search_path": "pg_catalog",
}

#: So that a network that was cut is noticed; the URL may say otherwise. Seconds, and milliseconds for the last.
_NETWORK: Final[Mapping[str, str | int]] = {
    "connect_timeout": 3,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 3000,
    "target_session_attrs": "read-write",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A database, and how it is reached."""

    #: For people, without any password.
    location: str
    parameters: Mapping[str, str | int]
    #: Whether the server is to refuse whatever would write.
    read_only: bool = False

    def named(self, name: str, lock_timeout: float) -> dict[str, str | int]:
        """For a connection that the server is to show under this name, and that waits so many seconds for a lock."""
        options = {**_OPTIONS, "lock_timeout": str(max(1, int(lock_timeout * 1000)))}
        parameters = dict(self.parameters)
        if self.read_only:
            options["default_transaction_read_only"] = "on"
            # Such a session is not taken for one of a server that is written to.
            if parameters.get("target_session_attrs") == "read-write":
                parameters["target_session_attrs"] = "primary"
        own = " ".join(f"-c {option}={value}" for option, value in options.items())
        given = parameters.get("options", "")
        return {**parameters, "application_name": name, "options": f"{given} {own}".strip()}


def read_address(url: str, *, read_only: bool = False) -> Address:
    """The address that a URL of libpq gives. Raises `ConfigurationError`, whose text does not repeat the URL: it may
    hold a password.
    """
    try:
        given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        raise ConfigurationError(
            "the URL of the store cannot be read; expected postgresql://[ROLE@]HOST[:PORT]/DATABASE[?OPTIONS]"
        ) from None
    hosts = str(given.get("host") or given.get("hostaddr") or _default("host")).split(",")
    parameters = {**_NETWORK, "client_encoding": "UTF8", **_verified(given, hosts), **given}
    return Address(_location(given, hosts), parameters, read_only)


def _verified(given: Mapping[str, object], hosts: list[str]) -> dict[str, str]:
    """Who can be anybody on the way shows a certificate."""
    addresses = str(given.get("hostaddr") or _default("hostaddr")).split(",")
    if "sslmode" in given or "service" in given or all(map(_is_here, [*hosts, *addresses])):
        return {}
    if "sslrootcert" in given or _default("sslrootcert"):
        return {"sslmode": "verify-full"}
    authorities = system_authorities()
    if authorities is None:
        raise ConfigurationError(
            f"this system has no file of authorities, by which the certificate of {', '.join(hosts)} could be judged; "
            "install ca-certificates, or name the file of its authority by sslrootcert in the URL of the store"
        )
    return {"sslmode": "verify-full", "sslrootcert": authorities}


def _is_here(host: str) -> bool:
    """A socket, or this machine itself."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _location(given: Mapping[str, object], hosts: list[str]) -> str:
    ports = str(given.get("port") or _default("port")).split(",")
    every = [ports[min(place, len(ports) - 1)] or _default("port") for place in range(len(hosts))]
    where = ",".join(f"{quote(host, safe='[]:')}:{port}" for host, port in zip(hosts, every, strict=True))
    return f"postgresql://{where}/{quote(str(given.get('dbname') or _default('dbname')))}"


def _default(name: str) -> str:
    """What libpq takes from the environment, or has by itself."""
    keyword = name.encode()
    found = {option.keyword: option.val for option in pq.Conninfo.get_defaults()}
    return (found.get(keyword) or b"").decode(errors="replace")
