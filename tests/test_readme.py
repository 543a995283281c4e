"""The README is part of the product: what it shows runs, and nothing that there is goes without a word in it."""

import re
import subprocess
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from msgspec.structs import fields
from prometheus_client import CollectorRegistry

from ganga.backends.arc.settings import Settings as ArcSettings
from ganga.backends.base import ENTRY_POINTS
from ganga.backends.dirac.settings import Settings as DiracSettings
from ganga.backends.grid_engine.settings import Settings as GridEngineSettings
from ganga.backends.htcondor.settings import Settings as HTCondorSettings
from ganga.backends.local.settings import Settings as LocalSettings
from ganga.backends.lsf.settings import Settings as LsfSettings
from ganga.backends.pbs.settings import Settings as PbsSettings
from ganga.backends.slurm.settings import Settings as SlurmSettings
from ganga.backends.torque.settings import Settings as TorqueSettings
from ganga.cli.table import COMMANDS as COMMAND_NAMES
from ganga.model.clock import Utc
from ganga.model.event import EventKind
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from ganga.model.status import JobStatus
from ganga.monitor.instruments import Allowed, Call, LeaseStep, LeaseTold, Save, Standing
from ganga.settings import VARIABLES, MonitorSettings, PaceSettings, ServiceSettings, StoreSettings, load
from ganga.telemetry.metrics import Metrics
from ganga_quality.cli import parser as quality_parser
from ganga_quality.reporting import FORMATS
from ganga_quality.settings import Settings as QualitySettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^```sh\n(.*?)\n```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_each_program_runs(program: str, tmp_path: Path, ganga_home: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(program)
    run = subprocess.run([sys.executable, "-W", "error", path], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert not run.stderr
    assert ganga_home.is_dir()


def test_each_program_has_right_types(tmp_path: Path) -> None:
    paths: list[str] = []
    for number, program in enumerate(PROGRAMS):
        path = tmp_path / f"program_{number}.py"
        path.write_text(program)
        paths.append(str(path))
    command = [sys.executable, "-m", "mypy", "--strict", *paths]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stdout


def test_the_first_two_commands_set_up_run_and_test() -> None:
    assert "pip install" in COMMANDS[0]
    assert "ganga.examples.campaign" in COMMANDS[0]
    assert "[dev]" in COMMANDS[1]
    assert "pytest" in COMMANDS[1]


def test_the_check_of_a_clean_checkout_calls_the_second_command() -> None:
    assert COMMANDS[1] in (ROOT / ".ci" / "run").read_text()


def options_of(name: str) -> set[str]:
    """The long options of a command, as its help shows them."""
    command = [sys.executable, "-m", "ganga", name, "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--help", "--json"}


def test_each_command_and_option_is_documented() -> None:
    for command in COMMAND_NAMES:
        assert f"`ganga {command}" in README, command
        for option in options_of(command):
            assert f"`{option}" in README or f" {option}" in README, f"{command} {option}"


def test_each_setting_is_documented() -> None:
    batch_systems = (SlurmSettings, HTCondorSettings, GridEngineSettings, PbsSettings, TorqueSettings, LsfSettings)
    back_ends = (LocalSettings, DiracSettings, ArcSettings, *batch_systems)
    for section in (StoreSettings, MonitorSettings, PaceSettings, ServiceSettings, *back_ends):
        for field in fields(section):
            assert re.search(rf"^{field.name} = ", README, re.MULTILINE), f"{section.__module__}.{field.name}"
    for variable in VARIABLES:
        assert f"`{variable}`" in README, variable


def test_each_plug_in_and_its_options_are_documented() -> None:
    for group, kind in (("ganga.checkers", "checker"), ("ganga.mergers", "merger"), ("ganga.notifiers", "notifier")):
        for entry in entry_points(group=group):
            row = next((line for line in README.splitlines() if line.startswith(f"| {kind} `{entry.name}`")), None)
            assert row is not None, f"{kind} {entry.name}"
            for field in fields(entry.load()):
                assert f"`{field.name}`" in row, f"{kind} {entry.name}: {field.name}"


def test_each_event_is_documented() -> None:
    for kind in EventKind:
        assert f"`{kind}`" in README, kind


def test_each_back_end_and_status_is_documented() -> None:
    for name in [entry.name for entry in entry_points(group=ENTRY_POINTS)] + list(JobStatus):
        assert f"| `{name}` |" in README, name


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    shown = next(
        text for text in re.findall(r"^```toml\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if "[store]" in text
    )
    file = tmp_path / "ganga.toml"
    file.write_text(shown)
    settings = load({}, home=tmp_path, config=file)
    assert settings.targets[TargetName("local")].pace.batch == 500
    assert settings.monitor.lease == 5.0


def test_the_metrics_documented_are_those_exported() -> None:
    target, jobs = TargetName("site"), dict.fromkeys(JobStatus, 1)
    state = TargetState(name=target, identity=Identity(name="somebody", expires_at=Utc(0.0)))
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for fact in (LeaseTold(target, LeaseStep.TAKEN, 1), Standing(state, jobs), Allowed(target, 1.0, 1.0)):
        metrics.tell(fact)
    for work in (Call(target, "poll"), Save(target, 1, 1)):
        with metrics.during(work):
            pass
    exported = set()
    for family in registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported.add((name, family.type, frozenset(labels)))
    rows = re.findall(r"^\| `(ganga_\w+)` \| (\w+) \| (.*?) ?\| .*\|$", README, re.MULTILINE)
    assert {(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == exported


def quality_commands(parser: ArgumentParser, words: str = "ganga-quality") -> Iterator[tuple[str, ArgumentParser]]:
    """Each command of the quality tools with what it understands."""
    nested = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    if not nested:
        yield words, parser
    for action in nested:
        for name, command in action.choices.items():
            yield from quality_commands(command, f"{words} {name}")


@pytest.mark.parametrize(("command", "parser"), list(quality_commands(quality_parser())))
def test_each_command_and_option_of_the_quality_tools_is_documented(command: str, parser: ArgumentParser) -> None:
    assert f"`{command}" in README
    for option in (option for action in parser._actions for option in action.option_strings):
        assert option in {"-h", "--help"} or re.search(rf"`[^`]*{option}\b", README), f"{command} {option}"


def test_each_setting_and_report_of_the_quality_tools_is_documented() -> None:
    for field in fields(QualitySettings):
        assert re.search(rf"^{field.name} = ", README, re.MULTILINE), field.name
    for form in FORMATS:
        assert f"`{form}`" in README, form


def test_the_five_lines_for_other_repositories_are_those_of_the_reusable_workflow() -> None:
    workflow = (ROOT / ".github" / "workflows" / "quality.yml").read_text()
    lines = re.findall(r"^#   (.*)$", workflow, re.MULTILINE)
    assert len(lines) == 5
    assert "\n".join(["```yaml", *lines, "```"]) in README


def test_the_hooks_that_the_readme_names_are_exported() -> None:
    manifest = (ROOT / ".pre-commit-hooks.yaml").read_text()
    exported = set(re.findall(r"^- id: (.*)$", manifest, re.MULTILINE))
    assert set(re.findall(r"\{id: ([a-z-]+)\}", README)) == exported
