"""How targets fare, as a table with notes below it, and as JSON."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from rich.cells import cell_len

from ganga.cli.grid import GAP, Column, Grid, Screen, screen
from ganga.cli.quota import Quota, quota_object, quota_words
from ganga.cli.words import clock_time, plural, safe, time_left
from ganga.health import Health
from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity
from ganga.model.job import TargetState
from ganga.monitor.process import parse
from ganga.store.base import Holder

_COLUMNS: Final = (
    Column("TARGET"),
    Column("BACK END"),
    Column("WHERE", gives_way=True),
    Column("JOBS", right=True),
    Column("MONITOR", gives_way=True),
    Column("CONFIRMED", right=True),
    Column("CREDENTIALS"),
    Column("HEALTH"),
)
_CREDENTIALS: Final = 6
_HEALTH: Final = 7
_GREEN, _YELLOW, _RED = "32", "33", "31"
_SECOND: Final = 1.0


class Standing(msgspec.Struct, frozen=True):
    """How one target fares."""

    state: TargetState
    backend: str
    live: int
    holder: Holder | None
    where: str = ""
    #: Whether jobs go there that name no target.
    default: bool = False
    #: What came of asking it; None if it was not asked.
    health: Health | None = None
    #: How often it may be asked; None if nobody knows.
    quota: Quota | None = None

    @property
    def identity(self) -> Identity | None:
        """Whom it takes us for, as it has just said, else as its monitor has stored it."""
        return (self.health.identity if self.health is not None else None) or self.state.identity

    @property
    def problem(self) -> str | None:
        """What came of asking it: None if it was not asked, empty if it answered."""
        return None if self.health is None else self.health.problem or ""


def print_standings(standings: Sequence[Standing]) -> None:
    """Print the table, and below it what does not fit into a cell."""
    now, on = Utc(time.time()), screen()
    rows = [row(standing, now) for standing in standings]
    shown = _columns(rows, on)
    grid = Grid([_COLUMNS[index] for index in shown], [_of(shown, texts) for texts in rows], on.width)
    print(grid.title())
    for standing, texts in zip(standings, rows, strict=True):
        codes = colours(standing, now) if on.colours else {}
        print(grid.line(_of(shown, texts), {shown.index(at): code for at, code in codes.items() if at in shown}))
    for standing in standings:
        for note in notes(standing, now, credentials=_CREDENTIALS not in shown):
            print(f"{safe(standing.state.name)}: {safe(note)}")


def row(standing: Standing, now: Utc) -> list[str]:
    """The cells of one target."""
    state = standing.state
    return [
        safe(state.name) + (" (default)" if standing.default else ""),
        safe(standing.backend),
        safe(standing.where),
        f"{standing.live:,}",
        _keeper(standing.holder),
        clock_time(state.confirmed_at, now) if state.confirmed_at is not None else "never",
        safe(credentials_of(standing.identity, now)),
        _health(standing),
    ]


def notes(standing: Standing, now: Utc, *, credentials: bool) -> Iterator[str]:
    """What somebody should know or do, a line each; with the credentials where the table has no room for these."""
    if standing.problem:
        yield standing.problem
    yield from target_notes(standing.state, now)
    if standing.quota is not None and standing.quota.holds:
        yield f"may be asked {quota_words(standing.quota, now)}"
    if credentials and standing.identity is not None:
        yield credentials_of(standing.identity, now)


def target_notes(state: TargetState, now: Utc) -> Iterator[str]:
    """What its monitor has noted of a target that somebody should know, a line each."""
    if state.down_since is not None:
        yield f"has not answered since {clock_time(state.down_since, now)}: {state.error or 'no reason given'}"
    elif state.error:
        yield state.error
    if state.stuck_threads:
        yield plural(state.stuck_threads, "stuck thread")


def credentials_of(identity: Identity | None, now: Utc) -> str:
    """``ganga_user of lhcb_user, 3 h 12 min left``, and that they are to be renewed when it is time."""
    if identity is None or identity.expires_at is None:
        return "" if identity is None else identity.name
    left = identity.expires_at - now
    words = f"{time_left(left)} left" if left > 0 else f"ended {time_left(-left)} ago"
    return f"{identity.name}, {words}{f': {identity.advice}' if identity.about_to_end(now) else ''}"


def colours(standing: Standing, now: Utc) -> dict[int, str]:
    """The colours of some cells."""
    codes = {}
    identity = standing.identity
    if identity is not None and identity.expires_at is not None and identity.about_to_end(now):
        codes[_CREDENTIALS] = _RED if identity.expires_at <= now else _YELLOW
    if standing.problem or (standing.health is None and standing.state.down_since is not None):
        codes[_HEALTH] = _RED
    elif standing.health is not None:
        codes[_HEALTH] = _GREEN
    return codes


def standing_object(standing: Standing) -> dict[str, object]:
    """As JSON shows it."""
    state = standing.state
    times = {name: getattr(state, name) for name in ("confirmed_at", "down_since")}
    process = parse(standing.holder.owner) if standing.holder is not None else None
    told = msgspec.structs.asdict(state)
    del told["expiry_told"]
    return {
        **told,
        "identity": None if standing.identity is None else _identity(standing.identity),
        **{name: None if at is None else rfc3339(at) for name, at in times.items()},
        "backend": standing.backend,
        "where": standing.where,
        "default": standing.default,
        "live": standing.live,
        "monitor": None if process is None else {"host": process.host, "pid": process.pid},
        "budget": None if standing.quota is None else quota_object(standing.quota),
        "problem": standing.problem,
        "answered_in": None if standing.health is None else standing.health.answered_in,
    }


def _columns(rows: Sequence[Sequence[str]], on: Screen) -> list[int]:
    """Those that are shown: credentials only where somebody has some, and there is room for them."""
    every = list(range(len(_COLUMNS)))
    without = [index for index in every if index != _CREDENTIALS]
    if not any(texts[_CREDENTIALS] for texts in rows):
        return without
    widths = [max([cell_len(column.title), *(cell_len(texts[at]) for texts in rows)]) for at, column in _numbered()]
    return without if on.width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > on.width else every


def _numbered() -> Iterator[tuple[int, Column]]:
    return enumerate(_COLUMNS)


def _of(shown: Sequence[int], texts: Sequence[str]) -> list[str]:
    return [texts[index] for index in shown]


def _keeper(holder: Holder | None) -> str:
    process = parse(holder.owner) if holder is not None else None
    if process is None or process.surely_dead():
        return "nobody"
    return safe(f"process {process.pid} on {process.host}")


def _health(standing: Standing) -> str:
    """In a few words; the notes say more."""
    words = [_answer(standing.health)] if standing.health is not None else []
    if standing.state.paused:
        words.append("paused")
    if standing.health is None and standing.state.down_since is not None:
        words.append("does not answer")
    elif standing.health is None and (standing.state.error or standing.state.stuck_threads):
        words.append("in trouble")
    return ", ".join(words) or "well"


def _answer(health: Health) -> str:
    seconds = health.answered_in
    if seconds is None:
        return "unhealthy"
    return f"answers in {max(1, round(seconds * 1000))} ms" if seconds < _SECOND else f"answers in {seconds:.1f} s"


def _identity(identity: Identity) -> Mapping[str, object]:
    ends_at, now = identity.expires_at, Utc(time.time())
    return {
        "name": identity.name,
        "expires_at": None if ends_at is None else rfc3339(ends_at),
        "seconds_left": None if ends_at is None else max(0, int(ends_at - now)),
        "about_to_end": identity.about_to_end(now),
    }
