"""The commands that ask a back end directly: ``history``, ``reschedule``, ``delete``, and ``logs`` of a running job."""

import time
from importlib.metadata import EntryPoint
from math import inf
from pathlib import Path

import pytest

from ganga import app
from ganga.backends.base import ENTRY_POINTS, Tail
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.testing.backend import Fault
from ganga.testing.world import Script
from tests.cli.conftest import Ganga
from tests.cli.obliging import begin
from tests.obliging import Obliging

ENDLESS = Script(running=inf, stdout=b"all of it\n")
FAILING = Script(running=0.0, exit_code=3, stdout=b"all of it\n")
JOB = NativeId("1000")


@pytest.fixture(autouse=True)
def plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target ``site`` with a back end of the tests."""
    backends = [
        EntryPoint("obliging", "tests.cli.obliging", ENTRY_POINTS),
        EntryPoint("local", "ganga.backends.local", ENTRY_POINTS),
    ]
    monkeypatch.setattr(app, "entry_points", lambda group: backends if group == ENTRY_POINTS else [])
    config = tmp_path / "ganga.toml"
    config.write_text('default_target = "site"\n[targets.site]\nbackend = "obliging"\n[targets.local]\n')
    monkeypatch.setenv("GANGA_CONFIG", str(config))


def running(cli: Ganga) -> Obliging:
    """Submit a job that does not end by itself, and see it run."""
    system = begin(ENDLESS)
    cli("submit", "true")
    cli("refresh", "1")
    assert cli("list", "--json").objects[0]["status"] == "running"
    return system


def failed(cli: Ganga, *options: str) -> Obliging:
    system = begin(FAILING)
    assert cli("run", *options, "true").code != 0
    return system


def test_a_history_has_both_sides_by_time(cli: Ganga) -> None:
    failed(cli)
    lines = cli("history", "1").out.splitlines()
    assert lines[0].split() == ["TIME", "TOLD", "BY", "WHAT", "DETAIL"]
    assert lines[1].split()[2:] == ["site", "scheduler", "PD", "Priority"]
    assert "ganga           job created" in lines[2]
    assert lines[-1].split()[2:] == ["ganga", "completing", "->", "failed", "exit", "code", "3"]
    step, created, *_ = cli("history", "1", "--json").objects
    assert step == {
        "told_by": "site",
        "status": "PD",
        "minor_status": "Priority",
        "application_status": "",
        "at": "1970-01-01T00:00:01.000Z",
        "source": "scheduler",
    }
    assert (created["told_by"], created["kind"]) == ("ganga", "job_created")


def test_a_history_is_what_ganga_knows_where_the_back_end_is_silent(cli: Ganga) -> None:
    failed(cli).goes_wrong("history", Fault.FAIL)
    result = cli("history", "1")
    assert (result.code, "job created" in result.out, "fails as the script demands" in result.err) == (3, True, True)
    cli("run", "--target", "local", "true")
    result = cli("history", "2")
    assert (result.code, result.err) == (0, "ganga: target local records no history of its jobs\n")
    assert "completing -> completed" in result.out


def test_a_history_of_a_job_with_subjobs_names_one_of_these(cli: Ganga) -> None:
    failed(cli, "-n", "2")
    result = cli("history", "1")
    assert "subjobs with a history each, such as 1.0" in result.err
    assert "job created" in result.out


def test_a_job_runs_again(cli: Ganga) -> None:
    failed(cli)
    result = cli("reschedule", "1", "--timeout", "60")
    assert (result.code, result.out.endswith(", attempt 2\n")) == (0, True)
    assert cli("wait", "1").code == 1
    [sheet] = cli("show", "1", "--json").objects
    assert (sheet["attempt"], sheet["restart"], sheet["native_id"]) == (2, 1, JOB)


def test_subjobs_that_failed_run_again(cli: Ganga) -> None:
    failed(cli, "-n", "2")
    assert cli("reschedule", "--status", "failed", "--yes", "--timeout", "60").out.count(", attempt 2\n") == 2


def test_a_run_that_is_not_seen_in_time_is_told(cli: Ganga) -> None:
    failed(cli).goes_wrong("poll", *[Fault.FAIL] * 1000)
    result = cli("reschedule", "1", "--timeout", "0.3")
    assert (result.code, result.out) == (0, "1: failed, attempt 1\n")
    assert "1 job not seen to run again within 0.3 seconds; the request was taken" in result.err


def test_a_refusal_ends_with_2_and_the_words_of_the_back_end(cli: Ganga) -> None:
    failed(cli).refuses = {JOB: "too often"}
    for verb in ("reschedule", "delete"):
        result = cli(verb, "1")
        assert (result.code, result.err) == (2, "ganga: the back end refused job 1: too often\n")


def test_what_makes_no_sense_ends_with_2(cli: Ganga) -> None:
    running(cli)
    for words in (["reschedule"], ["reschedule", "x"], ["reschedule", "7"], ["delete"], ["delete", "1"], ["history"]):
        result = cli(*words)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "job 1 is running; 'ganga kill 1' first, then delete it" in cli("delete", "1").err


def test_what_ended_is_deleted_and_stays_here(cli: Ganga) -> None:
    system = failed(cli)
    assert cli("delete", "1") == cli("delete", "--all", "--yes")
    assert [call for call in system.calls if call[0] == "delete"] == [("delete", 1)] * 2
    assert cli("list", "--json").objects[0]["status"] == "failed"
    assert cli("logs", "1").out == "all of it\n"


def test_the_logs_of_a_running_job_are_its_last_lines(cli: Ganga) -> None:
    system = running(cli)
    system.tail = Tail("step 1\nstep 2\n", Utc(time.time() - 185))
    result = cli("logs", "1")
    assert (result.code, result.out) == (0, "step 1\nstep 2\n")
    assert "the last lines that job 1 reported to site 3 min ago" in result.err
    system.tail = Tail("step 3\n")
    assert "reported to site; all of its output comes" in cli("logs", "1").err
    system.tail = Tail("")
    assert cli("logs", "1").err == "ganga: job 1 has reported no output to site yet\n"


def test_the_standard_error_of_a_running_job_is_not_shown(cli: Ganga) -> None:
    running(cli)
    result = cli("logs", "1", "--stderr")
    assert (result.code, "shows no output before the job has ended" in result.err) == (2, True)


def test_logs_that_are_followed_end_with_all_of_the_output(cli: Ganga) -> None:
    running(cli).ends_when_shown = True
    result = cli("logs", "1", "--follow")
    assert (result.code, result.out) == (0, "step 1\nstep 2\nall of it\n")
    assert "all of the output of job 1:" in result.err


def test_logs_that_cannot_be_followed_yet_say_why(cli: Ganga) -> None:
    system = running(cli)
    system.ends_when_shown = True
    system.goes_wrong("peek", Fault.FAIL)
    result = cli("logs", "1", "--follow")
    assert (result.code, result.out) == (0, "all of it\n")
    assert "fails as the script demands; ask again later; waiting until it has ended" in result.err


@pytest.mark.parametrize("words", [("run", "true"), ("logs", "1", "--follow", "--stderr")])
def test_output_that_is_not_shown_before_the_end_is_told_once(cli: Ganga, words: tuple[str, ...]) -> None:
    """The end of the job waits until that was told."""
    system = begin(Script(running=1.0, stdout=b"all of it\n", stderr=b"none\n"))
    if words[0] == "logs":
        cli("submit", "true")
    result = cli(*words)
    told = "ganga: target site shows no output before the job has ended; waiting until it has ended\n"
    assert (result.code, result.err.count(told)) == (0, 1)
    assert result.out == ("none\n" if words[0] == "logs" else "all of it\n")
    assert system.calls
