import os
from pathlib import Path

import pytest

from ganga.backends.batch.kerberos import reading
from ganga.backends.batch.kerberos.reading import cache_file, read_tickets, read_token
from ganga.backends.batch.kerberos.tickets import NoTickets, TicketError, Tickets
from ganga.model.clock import Utc
from tests.backends.batch.kerberos.caches import END, Entry, cache
from tests.backends.batch.kerberos.test_replies import HEIMDAL, MIT, NOW, TOKENS

ADA = Tickets("ada@EXAMPLE.ORG", Utc(END))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder with programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(programs: Path) -> dict[str, str]:
    return {"PATH": str(programs)}


def install(programs: Path, name: str, *lines: str) -> None:
    program = programs / name
    program.write_text("\n".join(("#!/bin/sh", *lines, "")))
    program.chmod(0o755)


def says(programs: Path, name: str, text: str) -> str:
    """The line that says it, where the words and times are to be the same everywhere."""
    (programs / f"{name}.txt").write_text(text)
    return f'[ "$LC_ALL$TZ" = CUTC0 ] && while IFS= read -r line; do echo "$line"; done <{programs}/{name}.txt'


@pytest.mark.parametrize("kind", ["", "FILE:", "WRFILE:", "DIR::"])
def test_a_file_is_read(kind: str, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "tickets").write_bytes(cache(Entry()))
    assert read_tickets({**environment, "KRB5CCNAME": f"{kind}{tmp_path}/tickets"}, NOW) == ADA


@pytest.mark.parametrize("primary", ["tktX\n", None, "../tkt"])
def test_of_a_folder_that_one_is_read_which_is_in_use(
    primary: str | None, tmp_path: Path, environment: dict[str, str]
) -> None:
    if primary is not None:
        (tmp_path / "primary").write_text(primary)
    (tmp_path / ("tktX" if primary == "tktX\n" else "tkt")).write_bytes(cache(Entry()))
    assert read_tickets({**environment, "KRB5CCNAME": f"DIR:{tmp_path}"}, NOW) == ADA


def test_a_path_may_have_a_colon() -> None:
    assert cache_file("/run/a:b") == Path("/run/a:b")
    assert cache_file("KEYRING:persistent:0") is None


def test_without_the_variable_they_are_at_the_usual_place_or_where_klist_finds_them(
    programs: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4294967)
    with pytest.raises(NoTickets, match="there is no /tmp/krb5cc_4294967"):
        read_tickets(environment, NOW)
    install(programs, "klist", says(programs, "mit", MIT))
    assert read_tickets(environment, NOW).principal == "ada@EXAMPLE.ORG"


@pytest.mark.parametrize("name", ["KEYRING:persistent:1000", "KCM:1000"])
def test_klist_tells_of_the_others(name: str, programs: Path, environment: dict[str, str]) -> None:
    environment["KRB5CCNAME"] = name
    with pytest.raises(TicketError, match=f"klist, which reads {name}, is not installed"):
        read_tickets(environment, NOW)
    install(programs, "klist", says(programs, "mit", MIT))
    assert read_tickets(environment, NOW)._replace(renewable_until=None) == ADA
    heimdal = f"Credentials cache: {name}\n"
    install(
        programs,
        "klist",
        f'if [ "$1" = --json ]; then {says(programs, "json", HEIMDAL + chr(10))}',
        f"else {says(programs, 'heimdal', heimdal)}",
        "fi",
    )
    assert read_tickets(environment, NOW) == ADA
    install(programs, "klist", "echo 'klist: No credentials cache found' >&2; exit 1")
    with pytest.raises(NoTickets, match=r"^No credentials cache found$"):
        read_tickets(environment, NOW)


def test_what_is_not_there_or_cannot_be_read_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    environment["KRB5CCNAME"] = str(tmp_path / "tickets")
    with pytest.raises(NoTickets, match="there is no"):
        read_tickets(environment, NOW)
    (tmp_path / "tickets").write_bytes(cache(Entry())[:-3])
    with pytest.raises(TicketError, match=r"tickets cannot be read: it ends in the middle"):
        read_tickets(environment, NOW)
    with pytest.raises(TicketError, match="cannot be read: Is a directory"):
        read_tickets({"KRB5CCNAME": str(tmp_path)}, NOW)


def test_tokens_are_those_of_the_command(programs: Path, environment: dict[str, str]) -> None:
    assert read_token("example.org", environment, NOW) is None
    install(programs, "tokens", says(programs, "list", TOKENS))
    assert read_token("example.org", environment, NOW) == Utc(END - 34)
    with pytest.raises(NoTickets, match=r"no AFS token for example\.info"):
        read_token("example.info", environment, NOW)


def test_a_command_that_hangs_is_given_up(
    programs: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PATIENCE", 0.2)
    install(programs, "tokens", "exec /bin/sleep 600")
    with pytest.raises(TicketError, match="does not answer"):
        read_token("example.org", environment, NOW)
