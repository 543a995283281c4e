import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.kerberos.cache import read_cache
from ganga.backends.batch.kerberos.tickets import TicketError, Tickets
from ganga.model.clock import Utc
from tests.backends.batch.kerberos.caches import END, KEY, RENEWABLE_UNTIL, SETTING, Entry, cache

WHOLE = cache(SETTING, Entry(renewable_until=RENEWABLE_UNTIL))


def test_the_owner_and_the_end_are_read() -> None:
    assert read_cache(WHOLE) == Tickets("ada@EXAMPLE.ORG", Utc(END), Utc(RENEWABLE_UNTIL))


def test_heimdal_writes_no_header() -> None:
    assert read_cache(cache(Entry(), header=b"")) == Tickets("ada@EXAMPLE.ORG", Utc(END))


def test_only_the_ticket_counts_that_brings_the_others() -> None:
    others = [Entry("host/a.example.org", end=END + 1), Entry("krbtgt/OTHER.ORG", end=END + 2)]
    assert read_cache(cache(Entry(end=END - 9), *others, Entry(), owner="ada/admin")) == Tickets(
        "ada/admin@EXAMPLE.ORG", Utc(END)
    )
    assert read_cache(cache(*others)) == Tickets("ada@EXAMPLE.ORG", None)


def test_a_renewal_that_is_over_with_the_ticket_is_none() -> None:
    assert read_cache(cache(Entry(renewable_until=END))).renewable_until is None


def test_times_after_2038_are_times() -> None:
    assert read_cache(cache(Entry(end=(1 << 32) - 1))).ends_at == Utc((1 << 32) - 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "ends in the middle"),
        (b"\x05\x03" + WHOLE[2:], "version 4"),
        (WHOLE[:-1], "ends in the middle"),
        (cache(Entry("/".join("a" * 65))), "65 parts"),
    ],
)
def test_what_is_no_cache_is_told(content: bytes, reason: str) -> None:
    with pytest.raises(TicketError, match=reason):
        read_cache(content)


@given(
    st.binary(max_size=400)
    | st.binary(max_size=200).map(lambda rest: cache() + rest)
    | st.builds(
        lambda at, byte: WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :],
        st.integers(0, len(WHOLE) - 1),
        st.integers(0, 255),
    )
)
def test_any_bytes_give_tickets_or_a_clear_error_and_never_a_key(content: bytes) -> None:
    try:
        told = repr(read_cache(content))
    except TicketError as error:
        told = str(error)
    assert told
    assert KEY.decode() not in told


@given(st.integers(0, len(WHOLE) - 1))
def test_a_cache_that_is_not_whole_gives_no_other_end(size: int) -> None:
    try:
        ends_at = read_cache(WHOLE[:size]).ends_at
    except TicketError:
        return
    assert ends_at is None
