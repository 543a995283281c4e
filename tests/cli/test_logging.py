"""Warnings are told in a sentence, and are in the log with all there is to them."""

import json
import logging
from pathlib import Path

import pytest

from ganga.cli.lines import print_object
from ganga.cli.logging import logging_briefly
from ganga.cli.words import tell
from ganga.model.status import JobStatus


def test_a_warning_is_told_and_logged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_briefly():
        logging.getLogger("ganga.monitor.service").warning("local: %s", "the gate is shut")
    assert capsys.readouterr().err == "ganga: local: the gate is shut\n"
    assert "WARNING ganga.monitor.service: local: the gate is shut" in (home / "logs" / "ganga.log").read_text()


def test_that_a_busy_machine_holds_the_loop_is_only_logged(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_briefly():
        logging.getLogger("ganga.monitor.watchdog").warning("the event loop has been held for 0.5 s")
    assert capsys.readouterr().err == ""
    assert "the event loop has been held for 0.5 s" in (home / "logs" / "ganga.log").read_text()


NASTY = "gate\n2026-01-01T00:00:00Z WARNING ganga: forged\r\n<3>forged\x1b]0;title\x07\x9b2J\u202e"


def test_what_rows_say_stays_in_one_line_and_is_not_carried_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("ganga.monitor.service")
    with logging_briefly():
        log.warning("local: %s", NASTY)
        try:
            JobStatus(NASTY)
        except ValueError:
            log.exception("local: %s", NASTY)
    told, again = capsys.readouterr().err.splitlines()
    assert told.startswith("ganga: local: gate\\n2026-01-01T00:00:00Z WARNING ganga: forged\\r\\n<3>forged\\x1b]0;")
    assert again == f"{told} (the traceback is in ganga.log)"
    lines = (home / "logs" / "ganga.log").read_text().split("\n")
    assert all(line.isprintable() for line in lines)
    margin = [line for line in lines if line and not line.startswith("    ")]
    assert [line.split(" ")[1] for line in margin] == ["WARNING", "ERROR"]
    assert any(line.startswith("    ValueError: ") for line in lines)


def test_what_is_told_may_have_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    tell("one\ntwo\x1b[2J\r")
    assert capsys.readouterr().err == "ganga: one\ntwo\\x1b[2J\\r\n"


def test_json_says_the_same_without_what_a_terminal_carries_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_object({"reason": NASTY, "name": "é😀"})
    line = capsys.readouterr().out.removesuffix("\n")
    assert line.isprintable()
    assert "é😀" in line
    assert json.loads(line) == {"reason": NASTY, "name": "é😀"}
