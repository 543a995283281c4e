"""Recorded from MIT Kerberos 1.20.1 and Heimdal 7.8 with a KDC; the lists of AFS tokens are those of its manual."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.kerberos.replies import read_heimdal, read_klist, read_tokens
from ganga.backends.batch.kerberos.tickets import NoTickets, TicketError, Tickets
from ganga.model.clock import Utc
from tests.backends.batch.kerberos.caches import END, RENEWABLE_UNTIL

NOW = Utc(END - 600.0)
MIT = """\
Ticket cache: FILE:/tmp/krb5cc_1000
Default principal: ada@EXAMPLE.ORG

Valid starting     Expires            Service principal
11/22/26 23:56:34  11/23/26 00:06:34  krbtgt/EXAMPLE.ORG@EXAMPLE.ORG
\trenew until 11/24/26 00:06:34, Flags: RI
11/22/26 23:57:34  11/23/26 00:05:34  host/a.example.org@EXAMPLE.ORG
\trenew until 11/25/26 00:06:34
"""
HEIMDAL = (
    '{ "cache" : "FILE:/tmp/krb5cc_1000", "principal" : "ada@EXAMPLE.ORG", "tickets" : [{"Issued" : "Nov 22 23:56:34 20'
    '26","Expires" : "Nov 23 00:06:34 2026","Principal" : "krbtgt/EXAMPLE.ORG@EXAMPLE.ORG"}]}'
)
TOKENS = """
Tokens held by the Cache Manager:

User's (AFS ID 1000) tokens for afs@example.org [Expires Nov 23 00:06]
User's (AFS ID 4286) tokens for afs@example.com [Expires Jan  3 01:06]
User's (AFS ID 22) tokens for afs@example.net [>> Expired <<]
User's (AFS ID 1000) rxkad tokens for example.edu [Expires Nov 23 00:06]
   --End of list--
"""


def test_the_table_of_mit_is_read() -> None:
    assert read_klist(MIT) == Tickets("ada@EXAMPLE.ORG", Utc(END), Utc(RENEWABLE_UNTIL))
    assert read_klist(MIT.replace(", Flags: RI", "")).renewable_until == Utc(RENEWABLE_UNTIL)
    assert read_klist(MIT.replace("\trenew until 11/24/26 00:06:34, Flags: RI\n", "")) == Tickets(
        "ada@EXAMPLE.ORG", Utc(END)
    )
    assert read_klist(MIT.replace("krbtgt/EXAMPLE.ORG@", "krbtgt/OTHER.ORG@")) == Tickets("ada@EXAMPLE.ORG", None)


def test_the_object_of_heimdal_is_read() -> None:
    assert read_heimdal(HEIMDAL, NOW) == Tickets("ada@EXAMPLE.ORG", Utc(END))
    assert read_heimdal(HEIMDAL.replace("Nov 23 00:06:34 2026", ">>>Expired<<<"), NOW).ends_at == NOW
    with pytest.raises(NoTickets):
        read_heimdal("{}", NOW)


def test_the_tokens_of_a_cell_are_read() -> None:
    assert read_tokens(TOKENS, "example.org", NOW) == Utc(END - 34)
    assert read_tokens(TOKENS, "EXAMPLE.EDU", NOW) == Utc(END - 34)
    assert read_tokens(TOKENS, "example.net", NOW) == NOW
    assert read_tokens(TOKENS, "example.info", NOW) is None
    assert read_tokens("Tokens held by the Cache Manager:\n   --End of list--\n", "example.org", NOW) is None


def test_a_date_without_a_year_is_the_nearest() -> None:
    january = read_tokens(TOKENS, "example.com", NOW)
    assert january == Utc(1798938360)
    # It was January of the year before, half a year later.
    assert read_tokens(TOKENS, "example.com", Utc(NOW + 200 * 86_400)) == january
    leap_day = TOKENS.replace("Jan  3", "Feb 29")
    assert read_tokens(leap_day, "example.com", Utc(1835395200)) == Utc(1835399160)
    with pytest.raises(TicketError, match="no such day"):
        read_tokens(leap_day, "example.com", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "klist: what?",
        MIT.replace("Default principal", "Principal"),
        MIT.replace("11/23/26 00:06:34  krbtgt", "31/31/26 00:06:34  krbtgt"),
        MIT.replace("11/23/26 00:06:34  krbtgt", "23.11.2026 00:06:34  krbtgt"),
    ],
)
def test_other_tables_are_not_believed(text: str) -> None:
    with pytest.raises(TicketError):
        read_klist(text)


@pytest.mark.parametrize(
    "text", ["", "[]", HEIMDAL[:-1], HEIMDAL.replace("Nov", "Foo"), HEIMDAL.replace('"ada@EXAMPLE.ORG"', "7")]
)
def test_other_objects_are_not_believed(text: str) -> None:
    with pytest.raises(TicketError):
        read_heimdal(text, NOW)


@pytest.mark.parametrize("text", ["", TOKENS.replace("--End of list--", ""), TOKENS.replace("Nov", "Foo")])
def test_other_lists_are_not_believed(text: str) -> None:
    with pytest.raises(TicketError):
        read_tokens(text, "example.org", NOW)


@given(st.text() | st.builds(lambda at, text: MIT[:at] + text + MIT[at:], st.integers(0, len(MIT)), st.text()))
def test_any_text_gives_an_answer_or_a_clear_error(text: str) -> None:
    for read in (read_klist, lambda said: read_heimdal(said, NOW), lambda said: read_tokens(said, "example.org", NOW)):
        with suppress(TicketError):
            read(text)


@given(
    st.text(max_size=5).map(lambda text: TOKENS.replace("Nov 23", text))
    | st.builds(lambda at, text: TOKENS[:at] + text + TOKENS[at:], st.integers(0, len(TOKENS)), st.text())
)
def test_any_list_of_tokens_gives_an_answer_or_a_clear_error(text: str) -> None:
    with suppress(TicketError):
        read_tokens(text, "example.org", NOW)
