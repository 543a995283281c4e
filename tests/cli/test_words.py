import pytest

from ganga.cli.grid import Column, Grid
from ganga.cli.words import clock_time, doubt, duration, plural, safe, size, standing, time_left
from ganga.model.clock import Utc
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus

NOW = Utc(1_768_000_000.0)
SLURM = TargetName("slurm")


def record(status: JobStatus = JobStatus.RUNNING, silent_since: Utc | None = None) -> JobRecord:
    return JobRecord(
        id=JobId("1"), name="", target=SLURM, status=status, created_at=NOW, confirmed_at=NOW, silent_since=silent_since
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\ttab\r", "two\\nlines\\ttab\\r"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("right\u202eleft", "right\\u202eleft"),
        ("naïve 日本 🎉", "naïve 日本 🎉"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_text_does_no_harm_to_a_terminal(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_ages_sizes_and_counts() -> None:
    assert [duration(seconds) for seconds in (-1, 5, 100, 7200, 200_000)] == ["0 s", "5 s", "1 min", "2 h", "2 d"]
    assert [size(count) for count in (5, 4200, 12_200_000, 3 * 10**12)] == ["5 B", "4.2 kB", "12.2 MB", "3 TB"]
    assert [plural(count, "job") for count in (1, 2000)] == ["1 job", "2,000 jobs"]


def test_what_is_left_is_told_to_the_minute_while_that_matters() -> None:
    left = [time_left(seconds) for seconds in (5, 100, 3600, 11_520, 200_000)]
    assert left == ["5 s", "1 min", "1 h 0 min", "3 h 12 min", "2 d"]


def test_a_time_of_another_day_has_its_date() -> None:
    assert len(clock_time(NOW, NOW)) == len("14:02")
    assert len(clock_time(Utc(NOW - 200_000), NOW)) == len("2026-01-09 14:02")


def test_a_status_that_is_known_says_no_more() -> None:
    assert standing(record(), TargetState(name=SLURM), NOW) == "running"
    assert doubt(record(JobStatus.COMPLETED), TargetState(name=SLURM, down_since=NOW), NOW) is None
    assert doubt(record(), None, NOW) is None


def test_an_outage_is_said_of_the_target() -> None:
    since = clock_time(Utc(NOW + 180), NOW)
    expected = f"running, as of {clock_time(NOW, NOW)}; slurm has not answered since {since}"
    assert standing(record(), TargetState(name=SLURM, down_since=Utc(NOW + 180)), NOW) == expected


def test_silence_and_a_pause_are_said_too() -> None:
    assert "slurm has not spoken of it since" in (doubt(record(silent_since=NOW), TargetState(name=SLURM), NOW) or "")
    assert "slurm is paused" in (doubt(record(), TargetState(name=SLURM, paused=True), NOW) or "")


COLUMNS = (Column("ID"), Column("NAME", gives_way=True), Column("N", right=True))


def test_columns_are_as_wide_as_needed() -> None:
    grid = Grid(COLUMNS, [["1", "a long name", "5"]], None)
    assert grid.title() == "ID  NAME         N"
    assert grid.line(["1", "a long name", "5"]) == "1   a long name  5"


def test_where_the_terminal_is_narrow_texts_are_cut() -> None:
    grid = Grid(COLUMNS, [["1", "a long name", "5"]], 16)
    assert grid.line(["1", "a long name", "5"]) == "1   a long n…  5"
    assert Grid(COLUMNS, [["1", "a long name", "5"]], 3).line(["1", "a long name", "5"]) == "1   a long …  5"


def test_wide_characters_take_two_cells() -> None:
    grid = Grid(COLUMNS, [["1", "日本", "5"], ["2", "abcd", "6"]], None)
    assert grid.line(["1", "日本", "5"]) == "1   日本  5"
    assert grid.line(["2", "abcd", "6"]) == "2   abcd  6"
