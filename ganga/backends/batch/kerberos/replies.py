"""What the commands ``klist`` and ``tokens`` say, where they are run with ``LC_ALL=C`` and ``TZ=UTC0``. Pure."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

from ganga.backends.batch.kerberos.tickets import NoTickets, TicketError, Tickets, granting
from ganga.model.clock import Utc
from ganga.model.ids import shortened

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CENTURY: Final = 2000
#: ``11/23/26 00:06:34``: month, day, year.
_NUMBERS: Final = re.compile(r"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
#: ``Nov 23 00:06:34 2026``, or ``Nov 23 00:06``.
_WORDS: Final = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: (\d{4}))?", re.ASCII)

_OWNER: Final = re.compile(r"^Default principal: (\S+)$", re.MULTILINE)
_TICKET: Final = re.compile(r"^\S+ \S+ {2}(\S+ \S+) {2}(\S+)$(?:\n\s+renew until (\S+ \S+?)(?:,|$))?", re.MULTILINE)
_TOKEN: Final = re.compile(r"[Tt]okens for (?:\S*@)?(\S+) \[(?:Expires ([^\]\n]+)|>> Expired <<)\]")


class _HeimdalTicket(msgspec.Struct):
    service: str = msgspec.field(name="Principal")
    expires: str = msgspec.field(name="Expires")


class _HeimdalCache(msgspec.Struct):
    """An empty object where there is none."""

    principal: str = ""
    tickets: tuple[_HeimdalTicket, ...] = ()


def read_klist(text: str) -> Tickets:
    """The table of MIT Kerberos. Raises `TicketError`."""
    owner = _OWNER.search(text)
    if owner is None:
        raise TicketError(f"klist says {shortened(text.strip(), 100)!r}; expected a line with the default principal")
    principal = owner[1]
    rows = [row for row in _TICKET.finditer(text) if row[2] == granting(principal)]
    if not rows:
        return Tickets(principal, None)
    end, row = max(((_of_numbers(row[1]), row) for row in rows), key=lambda pair: pair[0])
    return Tickets(principal, end, None if row[3] is None else _of_numbers(row[3]))


def read_heimdal(text: str, now: Utc) -> Tickets:
    """The object of Heimdal's ``klist --json``, which does not say when one has ended that has. Raises
    `TicketError`.
    """
    try:
        cache = msgspec.json.decode(text, type=_HeimdalCache)
    except msgspec.DecodeError as error:
        raise TicketError(f"klist --json says {shortened(text.strip(), 100)!r}: {error}") from error
    if not cache.principal:
        raise NoTickets("klist knows none")
    found = [ticket.expires for ticket in cache.tickets if ticket.service == granting(cache.principal)]
    ends = [now if "Expired" in expires else _of_words(expires, now) for expires in found]
    return Tickets(cache.principal, max(ends, default=None))


def read_tokens(text: str, cell: str, now: Utc) -> Utc | None:
    """When the AFS token for this cell ends (one that has ended: now); None if there is none. Raises `TicketError`."""
    if "--End of list--" not in text:
        raise TicketError(f"tokens says {shortened(text.strip(), 100)!r}; expected a list with an end")
    ends = [
        _of_words(token[2], now) if token[2] else now
        for token in _TOKEN.finditer(text)
        if token[1].lower() == cell.lower()
    ]
    return max(ends, default=None)


def _of_numbers(text: str) -> Utc:
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise TicketError(f"{text!r} is no time; expected something like 11/23/26 00:06:34")
    month, day, year, *clock = map(int, found.groups())
    return _nearest(text, Utc(0.0), [(_CENTURY + year, month, day, *clock)])


def _of_words(text: str, now: Utc) -> Utc:
    """A time without a year is the one that is nearest to now."""
    found = _WORDS.fullmatch(text.strip())
    if found is None or found[1] not in _MONTHS:
        raise TicketError(f"{shortened(text)!r} is no time; expected something like Nov 23 00:06:34 2026")
    this_year = datetime.fromtimestamp(now, UTC).year
    years = [int(found[6])] if found[6] else [this_year - 1, this_year, this_year + 1]
    rest = (_MONTHS.index(found[1]) + 1, int(found[2]), int(found[3]), int(found[4]), int(found[5] or 0))
    return _nearest(text, now, [(year, *rest) for year in years])


def _nearest(text: str, now: Utc, candidates: Sequence[tuple[int, ...]]) -> Utc:
    """Of those that are dates: there is no 29 February in most years."""
    moments = []
    for year, month, day, hour, minute, second in candidates:
        with suppress(ValueError):
            moments.append(Utc(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()))
    if not moments:
        raise TicketError(f"{text!r} is no time: there is no such day or hour")
    return min(moments, key=lambda moment: abs(moment - now))
