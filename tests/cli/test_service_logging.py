"""A service logs as people or programs like to read it; under systemd each line says how grave it is."""

import json
import logging
import os
import sys
from pathlib import Path

import pytest

from ganga.cli.logging import logging_briefly
from ganga.cli.service_logging import logging_as
from ganga.model.clock import from_rfc3339
from ganga.model.ids import TargetName
from ganga.monitor.subject import works_for
from tests.cli.conftest import Ganga

_log = logging.getLogger("ganga.monitor.service")


def a_bug() -> None:
    try:
        dict[str, str]()["x"]
    except KeyError:
        _log.exception("local: its monitor failed")


def test_as_json_each_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_briefly(), logging_as("json", {}):
        _log.info("taken up")
        _log.warning("local: %s", 'the "gate"\nis shut')
        a_bug()
    information, warning, bug = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (information["level"], information["message"]) == ("info", "taken up")
    assert warning["message"] == 'local: the "gate"\nis shut'
    assert (warning["logger"], warning["level"]) == ("ganga.monitor.service", "warning")
    assert from_rfc3339(warning["time"]) > 0
    assert warning["time"].endswith("Z")
    assert "exception" not in warning
    assert bug["exception"].endswith("KeyError: 'x'")


async def test_the_target_is_told_where_it_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("json", {}):
        _log.warning("of none")
        works_for(TargetName("slurm"))
        logging.getLogger("a.library").warning("of one")
    none, one = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert "target" not in none
    assert one["target"] == "slurm"


def test_plain_lines_are_those_of_all_commands(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with logging_briefly(), logging_as("plain", {}):
        _log.info("taken up")
        _log.warning("local: the gate is shut")
        logging.getLogger("ganga.monitor.watchdog").warning("held")
        a_bug()
    gate, bug = capsys.readouterr().err.splitlines()
    assert gate == "ganga: local: the gate is shut"
    assert bug == "ganga: local: its monitor failed (the traceback is in ganga.log)"
    assert "KeyError" in (home / "logs" / "ganga.log").read_text()


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_journal_is_told_how_grave_it_is(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "journal"
    with journal.open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        status = os.fstat(stream.fileno())
        with logging_as(form, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}):
            _log.warning("w")
            _log.error("e")
            _log.critical("c")
    assert [line[:3] for line in journal.read_text().splitlines()] == ["<4>", "<3>", "<2>"]


def test_afterwards_all_is_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_briefly():
        with logging_as("json", {}):
            pass
        _log.info("not told")
        _log.warning("told")
    assert capsys.readouterr().err == "ganga: told\n"


def test_what_ends_the_service_is_a_line_of_its_log(cli: Ganga) -> None:
    result = cli("monitor", "--log-format", "json", "--metrics", "nowhere")
    [line] = (json.loads(line) for line in result.err.splitlines())
    assert (result.code, line["level"]) == (2, "critical")
    assert "expected PORT or HOST:PORT" in line["message"]
    plain = cli("monitor", "--metrics", "nowhere")
    assert (plain.code, plain.err) == (2, f"ganga: {line['message']}\n")
