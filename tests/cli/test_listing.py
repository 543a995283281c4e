from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.cli import listing
from ganga.cli.grid import Screen
from ganga.model.clock import Utc, rfc3339
from ganga.model.ids import NativeId, TargetName
from ganga.model.job import JobRecord, TargetState
from ganga.model.status import JobStatus
from tests.cli.conftest import Ganga, Save

Jobs = Callable[..., list[JobRecord]]

SENT = Utc(1_768_000_000.25)
SEEN = Utc(1_768_000_060.0)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns, without colours."""
    monkeypatch.setattr("ganga.cli.listing.screen", lambda: Screen(80, colours=False))


def running(record: JobRecord) -> JobRecord:
    return replace(
        record,
        status=JobStatus.RUNNING,
        native_id=NativeId("n-1"),
        native_status="R",
        submitted_at=SENT,
        confirmed_at=SENT,
    )


def test_an_empty_store_has_no_jobs(cli: Ganga) -> None:
    assert (cli("list").out, cli("list", "--json").out) == ("", "")
    assert cli("list").err == "no jobs\n"


def test_json_has_all_that_is_promised(cli: Ganga, jobs: Jobs, save: Save) -> None:
    [job] = jobs("fit")
    save(running(job), state=TargetState(name=TargetName("local"), confirmed_at=SEEN))
    [line] = cli("list", "--json").objects
    expected = {
        "id": "1",
        "parent": None,
        "name": "fit",
        "target": "local",
        "native_id": "n-1",
        "status": "running",
        "native_status": "R",
        "exit_code": None,
        "reason": None,
        "submitted_at": "2026-01-09T23:06:40.250Z",
        "started_at": None,
        "ended_at": None,
        "confirmed_at": rfc3339(SEEN),
    }
    assert {name: line[name] for name in expected} == expected


def test_subjobs_stand_behind_their_job(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", subjobs=2)
    jobs("b")
    lines = cli("list", "--subjobs", "--json").objects
    assert [(line["id"], line["parent"]) for line in lines] == [("2", None), ("1", None), ("1.0", "1"), ("1.1", "1")]
    assert [line["id"] for line in cli("list", "--json").objects] == ["2", "1"]
    assert [line["id"] for line in cli("list", "--parent", "1", "--json").objects] == ["1.0", "1.1"]


def test_conditions_narrow_the_choice(cli: Ganga, jobs: Jobs, save: Save) -> None:
    first, *_ = jobs("fit-1", "fit-2", "plot")
    save(running(first))
    assert [line["name"] for line in cli("list", "--name", "fit-*", "--json").objects] == ["fit-2", "fit-1"]
    assert [line["id"] for line in cli("list", "--status", "running", "--json").objects] == ["1"]
    both = cli("list", "--status", "running", "--status", "submitting", "--target", "local", "--json")
    assert len(both.objects) == 3


def test_a_target_that_is_no_longer_configured_can_still_be_listed(cli: Ganga, jobs: Jobs, save: Save) -> None:
    jobs("a")
    save(state=TargetState(name=TargetName("former")))
    assert cli("list", "--target", "former", "--json").code == 0


def test_the_table_says_an_outage(cli: Ganga, jobs: Jobs, save: Save) -> None:
    [job] = jobs("fit")
    save(running(job), state=TargetState(name=TargetName("local"), down_since=SEEN, error="no"))
    assert "local has not answered since" in cli("list").out
    assert "running, as of " in cli("show", "1").out


def test_names_of_all_kinds_stay_in_their_line(cli: Ganga, jobs: Jobs) -> None:
    jobs("two\nlines \x1b[31m", "🎉", "x" * 10_000)
    result = cli("list")
    assert result.out.count("\n") == 4
    assert "\x1b" not in result.out
    assert [line["name"] for line in cli("list", "--json").objects] == ["x" * 10_000, "🎉", "two\nlines \x1b[31m"]


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_the_table_fits_and_is_cut_after_a_page(cli: Ganga, jobs: Jobs) -> None:
    jobs(*["a name of some length, longer than most people would choose for their job"] * 60)
    result = cli("list")
    lines = result.out.splitlines()
    assert len(lines) == 1 + listing.SCREEN
    assert max(map(len, lines)) <= 80
    assert result.err == "60 jobs in all: --after 11 shows the next, --limit 0 all of them\n"
    assert len(cli("list", "--after", "11").out.splitlines()) == 11
    assert len(cli("list", "--limit", "0").out.splitlines()) == 61
    assert len(cli("list", "--limit", "10", "--json").objects) == 10


def test_colours_are_for_terminals(cli: Ganga, jobs: Jobs, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    save(running(jobs("running")[0]))
    assert "\x1b" not in cli("list").out
    monkeypatch.setattr("ganga.cli.listing.screen", lambda: Screen(80, colours=True))
    assert "\x1b[36mrunning\x1b[0m" in cli("list").out


def test_how_many_subjobs_have_ended_is_shown(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", subjobs=3)
    assert "0/3" in cli("list").out


def test_show_has_all_there_is(cli: Ganga, jobs: Jobs, save: Save, home: Path) -> None:
    [job] = jobs("fit\n")
    ended = replace(
        running(job),
        status=JobStatus.FAILED,
        attempt=1,
        exit_code=2,
        signal=9,
        reason="ran out of memory",
        place="LCG.CERN.ch",
        peak_memory=5_000_000,
        cpu_time=1.5,
        kill_requested_by="me",
        started_at=SENT,
        ended_at=SEEN,
    )
    save(ended)
    folder = home / "jobs" / "1" / "output-1"
    folder.mkdir(parents=True)
    (folder / "stdout").write_text("hello")
    text = cli("show", "1").out
    for part in (
        "fit\\n",
        "failed",
        "ran out of memory",
        "n-1",
        "true",
        "place  LCG.CERN.ch",
        "5 MB",
        "1.50 s",
        "stdout (5 B)",
        "job created",
    ):
        assert part in text
    [sheet] = cli("show", "1", "--json").objects
    assert sheet["output_folder"] == str(folder)
    assert sheet["files"] == [{"path": "stdout", "size": 5}]
    assert sheet["attempts"] == []
    assert cli("logs", "1").out == "hello"


def test_show_counts_subjobs(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", subjobs=3)
    assert "3 submitting" in cli("show", "1").out
    [sheet] = cli("show", "1", "--json").objects
    assert sheet["counts"] == {"submitting": 3}


def test_logs_of_a_job_with_subjobs_say_where_they_are(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", subjobs=3)
    result = cli("logs", "1")
    assert (result.code, "'ganga logs 1.0'" in result.err) == (2, True)


def test_events_are_numbered(cli: Ganga, jobs: Jobs) -> None:
    jobs("a", "b")
    first, second = cli("events", "--json").objects
    assert {name: first[name] for name in ("seq", "kind", "job", "old", "new")} == {
        "seq": 1,
        "kind": "job_created",
        "job": "1",
        "old": None,
        "new": "submitting",
    }
    assert str(first["at"]).endswith("Z")
    assert cli("events", "--after", "1", "--json").objects == [second]
    assert cli("events", "--after", "99").out == ""
    assert "job 2 job created" in cli("events", "--job", "2").out


def test_targets_and_their_health(cli: Ganga, jobs: Jobs, save: Save) -> None:
    jobs("a")
    state = TargetState(
        name=TargetName("local"), down_since=SEEN, error="no\x1bway", stuck_threads=2, confirmed_at=SENT
    )
    save(state=state)
    text = cli("targets").out
    for part in ("local", "nobody", "has not answered since", "no\\x1bway", "2 stuck threads"):
        assert part in text
    [line] = cli("targets", "--json").objects
    assert (line["name"], line["live"], line["monitor"], line["down_since"]) == ("local", 1, None, rfc3339(SEEN))


def test_a_target_is_paused_and_resumed(cli: Ganga) -> None:
    assert cli("targets", "pause", "local").code == 0
    assert "paused" in cli("targets").out
    assert cli("targets", "resume", "local").code == 0
    assert "well" in cli("targets").out


def test_a_health_check_connects(cli: Ganga) -> None:
    [line] = cli("targets", "--check", "--json").objects
    assert line["problem"] == ""


def test_who_looks_after_each_target(cli: Ganga) -> None:
    assert "nobody" in cli("monitor", "--status").out
    [line] = cli("monitor", "--status", "--json").objects
    assert (line["target"], line["pid"]) == ("local", None)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(cli: Ganga, shell: str) -> None:
    assert "ganga" in cli("completion", shell).out


def test_copies_are_new_and_can_be_removed(cli: Ganga, jobs: Jobs) -> None:
    jobs("a")
    assert cli("copy", "1", "--name", "b").out == "2\n"
    [copied] = cli("list", "--status", "new", "--json").objects
    assert (copied["id"], copied["name"]) == ("2", "b")
    assert cli("remove", "1").code == 2
    assert cli("remove", "2").code == 0
    assert [line["id"] for line in cli("list", "--json").objects] == ["1"]
    assert cli("copy", "1", "--json").objects[0]["status"] == "new"
