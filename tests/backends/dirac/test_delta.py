"""The laws of the feed: every change is told, once, whatever commits late, fails or comes twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from ganga.backends.dirac.delta import LONGEST_ABSENCE, SETTLED, Delta
from ganga.backends.dirac.road import JobState
from ganga.model.clock import Utc, from_rfc3339
from ganga.model.ids import Cursor

OVERLAP = 5.0
START = 1_800_000_000.0


class Server(Struct):
    """A table of jobs, as one sees it that commits each update some time after it has stamped it."""

    #: When it is committed, and what is then so.
    updates: list[tuple[float, JobState]]

    def rows(self, now: float) -> dict[int, JobState]:
        """What is committed: the last update of each job."""
        return {state.id: state for at, state in sorted(self.updates, key=lambda update: update[0]) if at <= now}

    def changed(self, since: float, now: float) -> list[JobState]:
        """Stamped at `since` or later, compared by whole seconds, in the order of their stamps."""
        rows = [row for row in self.rows(now).values() if row.updated_at is not None and row.updated_at >= since]
        return sorted(rows, key=lambda row: (row.updated_at or 0.0, row.id))


def state(number: int, at: float, application: str = "") -> JobState:
    return JobState(id=number, status="Running", application_status=application, updated_at=Utc(at))


def ask(delta: Delta, server: Server, cursor: Cursor | None, now: float) -> tuple[list[JobState], Cursor]:
    question = delta.question(cursor, Utc(now))
    question.take(server.changed(question.since, now))
    return question.news(), delta.settle(question)


def time_of(cursor: Cursor) -> Utc:
    return from_rfc3339(cursor.split()[0])


_updates = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.floats(0, 300),
        # How late it is committed, within what the overlap is for: the second that a stamp may lose included.
        st.floats(0, OVERLAP - 1),
    ),
    max_size=30,
)


def served(updates: list[tuple[int, float, float]]) -> Server:
    """Updates of one job are committed in the order of their stamps, as the lock of its row has it."""
    committed: dict[int, float] = {}
    server = Server([])
    for mark, (number, at, late) in enumerate(sorted(updates, key=lambda update: update[1])):
        committed[number] = max(committed.get(number, 0.0), START + at + late)
        server.updates.append((committed[number], state(number, START + at, str(mark))))
    return server


@given(_updates, st.lists(st.tuples(st.floats(0.5, 40), st.booleans()), max_size=30))
def test_every_change_is_told_once_whatever_commits_late_or_fails(
    updates: list[tuple[int, float, float]], ticks: list[tuple[float, bool]]
) -> None:
    server, delta, now = served(updates), Delta(OVERLAP, "here"), START
    told: list[JobState] = []
    known: dict[int, JobState] = {}
    news, cursor = ask(delta, server, None, now)
    for pause, fails in [*ticks, (OVERLAP, False), (400.0, False)]:
        known.update({job.id: job for job in news})
        told += news
        now += pause
        if fails:
            question = delta.question(cursor, Utc(now))
            question.take(server.changed(question.since, now)[:1])
            news = []
        else:
            news, cursor = ask(delta, server, cursor, now)
    known.update({job.id: job for job in news})
    told += news
    assert known == server.rows(now)
    assert len(told) == len({(job.id, job.application_status) for job in told})


@given(_updates, st.lists(st.floats(0.5, 40), min_size=2, max_size=20))
def test_a_cursor_never_goes_back_while_the_clock_does_not(
    updates: list[tuple[int, float, float]], pauses: list[float]
) -> None:
    server, delta, now = served(updates), Delta(OVERLAP, "here"), START
    cursors: list[Cursor] = []
    cursor: Cursor | None = None
    for pause in pauses:
        now += pause
        _, cursor = ask(delta, server, cursor, now)
        cursors.append(cursor)
    assert cursors == sorted(cursors, key=time_of)
    assert all(time_of(cursor) <= now for cursor in cursors)


def test_whoever_comes_with_an_older_cursor_is_told_again() -> None:
    server, delta = Server([(START, state(1, START))]), Delta(OVERLAP, "here")
    news, first = ask(delta, server, None, START + 1)
    assert [job.id for job in news] == [1]
    assert ask(delta, server, first, START + 2)[0] == []
    assert [job.id for job in ask(Delta(OVERLAP, "here"), server, first, START + 3)[0]] == [1]


def test_an_answer_that_never_arrived_is_told_again() -> None:
    server, delta = Server([(START, state(1, START))]), Delta(OVERLAP, "here")
    _, heard = ask(delta, server, None, START + 1)
    server.updates.append((START + 1, state(2, START + 0.5)))
    news, unheard = ask(delta, server, heard, START + 2)
    assert [job.id for job in news] == [2]
    assert time_of(unheard) == time_of(heard)
    assert 2 in {job.id for job in ask(delta, server, heard, START + 3)[0]}


def test_a_quiet_night_reads_nothing_again_and_writes_no_cursor() -> None:
    server, delta = Server([(START, state(1, START))]), Delta(OVERLAP, "here")
    _, cursor = ask(delta, server, None, START + 1)
    _, cursor = ask(delta, server, cursor, START + 1000)
    question = delta.question(cursor, Utc(START + 2000))
    assert server.changed(question.since, START + 2000) == []
    assert delta.settle(question) == cursor


def test_a_clock_that_was_set_back_blinds_nobody() -> None:
    server, delta = Server([(START, state(1, START))]), Delta(OVERLAP, "here")
    _, cursor = ask(delta, server, None, START + 1)
    back = START - 120
    server.updates.append((START + 2, state(2, back + 1)))
    question = delta.question(cursor, Utc(back + 2))
    question.take(server.changed(question.since, START + 3))
    assert 2 in {job.id for job in question.news()}
    assert time_of(delta.settle(question)) <= back + 2


@pytest.mark.parametrize("noticed_after", [1, 60, 600])
def test_what_was_changed_after_a_clock_was_set_back_is_told_whenever_that_is_noticed(noticed_after: int) -> None:
    now = 5000.0
    server, delta = Server([(START, state(1, START))]), Delta(OVERLAP, "here", now=lambda: now)
    _, cursor = ask(delta, server, None, START + 1)
    server.updates.append((START + 2, state(2, START - 119)))
    now += noticed_after
    refused = delta.question(cursor, Utc(START + 1 - 120 + noticed_after))
    for question in (refused, delta.question(cursor, Utc(START + 1 - 120 + noticed_after))):
        question.take(server.changed(question.since, START + 3))
        assert 2 in {job.id for job in question.news()}
    cursor = delta.settle(question)
    question = delta.question(cursor, Utc(START + 1 - 120 + noticed_after))
    question.take(server.changed(question.since, START + 3))
    assert 2 not in {job.id for job in question.news()}


def test_a_clock_that_was_set_back_while_nobody_asked_is_believed_from_a_while_before_on() -> None:
    server = Server([(START, state(1, START))])
    _, cursor = ask(Delta(OVERLAP, "here"), server, None, START + 1)
    server.updates.append((START + 2, state(2, START - 119)))
    question = Delta(OVERLAP, "there").question(cursor, Utc(START - 90))
    question.take(server.changed(question.since, START + 3))
    assert 2 in {job.id for job in question.news()}


def test_a_stamp_from_the_future_does_not_move_the_cursor_beyond_the_clock() -> None:
    server, delta = Server([(START, state(1, START + 3600))]), Delta(OVERLAP, "here")
    _, cursor = ask(delta, server, None, START + 1)
    assert time_of(cursor) <= START + 1


def test_a_cursor_of_somebody_else_begins_anew() -> None:
    question = Delta(OVERLAP, "here").question(Cursor("4711"), Utc(START))
    assert question.since == START - SETTLED * OVERLAP - OVERLAP


def test_a_cursor_does_not_grow_old_while_nothing_happens() -> None:
    delta = Delta(OVERLAP, "here")
    cursor = delta.settle(delta.question(None, Utc(START)))
    for hour in range(1, 72):
        now = Utc(START + 3600 * hour)
        question = delta.question(cursor, now)
        assert question.since < time_of(cursor)
        cursor = delta.settle(question)
        assert now - time_of(cursor) < LONGEST_ABSENCE / 2


def test_a_very_old_cursor_begins_anew() -> None:
    delta = Delta(OVERLAP, "here")
    cursor = delta.settle(delta.question(None, Utc(START)))
    young, old = Utc(START + LONGEST_ABSENCE - 100), Utc(START + LONGEST_ABSENCE + 1)
    assert delta.question(cursor, young).since < START
    assert delta.question(cursor, old).since > old - 100


def test_a_job_that_changes_while_pages_are_read_counts_as_it_was_last() -> None:
    question = Delta(OVERLAP, "here").question(None, Utc(START))
    question.take([state(1, START, "late")])
    question.take([state(1, START - 1, "early"), state(2, START)])
    assert [job.application_status for job in question.news()] == ["late", ""]
