"""Warnings are told in a sentence, and are in the log with all there is to them."""

import logging
from pathlib import Path

import pytest

from ganga.cli.logging import logging_briefly


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
