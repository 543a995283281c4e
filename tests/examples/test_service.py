"""The units and the container file say nothing that systemd, or ganga, does not understand."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ganga.examples
from ganga.cli.monitor import Options, configure
from ganga.cli.parsing import Parser, read_options
from ganga.telemetry.address import parse

EXAMPLES = Path(ganga.examples.__file__).parent / "service"
UNITS = {"ganga-monitor.service": "--user", "ganga-monitor@.service": "--system"}
FOR_ALL = "ganga-monitor-for-all.service"
ROOT = Path(__file__).parent.parent.parent


def options(words: list[str]) -> Options:
    """What `ganga monitor` understands of its words behind that."""
    parser = Parser("ganga monitor", "")
    configure(parser)
    return read_options(parser.read(words), Options)


def text_of(name: str) -> str:
    return (EXAMPLES / name).read_text()


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze comes with: apt-get install systemd"
)
@pytest.mark.parametrize(("name", "scope"), [*UNITS.items(), (FOR_ALL, "--system")])
def test_systemd_has_no_complaint(name: str, scope: str, tmp_path: Path) -> None:
    unit = tmp_path / name.replace("@", "@root")
    # The program is installed where each site likes it.
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text_of(name), flags=re.MULTILINE))
    check = subprocess.run(
        ["systemd-analyze", scope, "--man=no", "verify", unit],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, "")


def settings_of(name: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text_of(name).splitlines() if re.match(r"\w+=", line))


def test_the_unit_for_all_starts_a_monitor_for_all_with_bounds() -> None:
    settings = settings_of(FOR_ALL)
    program, command, *words = settings["ExecStart"].split()
    assert (Path(program).name, command) == ("ganga", "monitor")
    assert options(words).for_all
    assert (settings["ProtectSystem"], settings["NoNewPrivileges"], settings["CapabilityBoundingSet"]) == (
        "strict",
        "yes",
        "",
    )
    assert settings["MemoryMax"]
    assert int(settings["WatchdogSec"]) > 0


@pytest.mark.parametrize("name", UNITS)
def test_units_start_a_monitor_that_tells_systemd_and_outlive_no_job(name: str) -> None:
    settings = settings_of(name)
    program, command, *words = settings["ExecStart"].split()
    assert (Path(program).name, command) == ("ganga", "monitor")
    assert not options(words).status
    assert (settings["Type"], settings["KillMode"], settings["OOMPolicy"]) == ("notify", "process", "continue")
    assert int(settings["WatchdogSec"]) > 0


def test_the_image_starts_a_monitor_whose_metrics_can_be_published() -> None:
    file = text_of("Containerfile")
    [start, check] = (
        json.loads(words) for words in re.findall(r"^(?:HEALTHCHECK.* )?CMD (\[.*\])$", file, re.MULTILINE)
    )
    assert start[:2] == check[:2] == ["ganga", "monitor"]
    chosen = options(start[2:])
    assert f"EXPOSE {parse(chosen.metrics or '').port}\n" in file
    assert options(check[2:]).status


def test_the_image_has_extras_that_there_are() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    [named] = re.findall(r"^ARG GANGA=\"ganga\[(.*)\]\"$", text_of("Containerfile"), re.MULTILINE)
    assert set(named.split(",")) <= set(extras)
