"""Whose commands these are, by what they say."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends import grid_engine, lsf, pbs, slurm, torque
from ganga.backends.base import Discovering, Discovery
from ganga.backends.batch.discovery import GRID_ENGINE, OPENPBS, TORQUE, WRAPPERS, Signs, judged, look, whose

Provide = Callable[[Mapping[str, str]], Mapping[str, str]]

#: What these print that are asked for their version.
SINFO = "echo 'slurm-wlm 22.05.8'"
GRID = "echo 'error: Unknown option --version' >&2; printf 'SGE 8.1.9\\nusage: qstat [options]\\n' >&2; exit 1"
OPEN = "echo 'pbs_version = 23.06.06'"
LSF = "printf 'IBM Spectrum LSF Standard 10.1.0.10, Apr 28 2020\\nCopyright\\n' >&2"
NO_MASTER = "echo 'error: unable to read qmaster name: it has zero length' >&2; exit 1"
PERL = "exit 1  # qstat - queries slurm jobs in familiar pbs format"


@pytest.fixture
def provide(tmp_path: Path) -> Provide:
    """Puts commands with these texts into PATH, as the only ones; returns the variables."""

    def put(commands: Mapping[str, str]) -> Mapping[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name, text in commands.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o700)
        return {"PATH": str(folder)}

    return put


def of(names: str, question: str, text: str) -> dict[str, str]:
    """Commands of which one answers."""
    return dict.fromkeys(names.split(), "exit 0") | {question: text}


async def discovered(module: ModuleType, environment: Mapping[str, str]) -> Discovery:
    assert isinstance(module, Discovering)
    found: Discovery = await module.discover(environment)
    return found


@pytest.mark.parametrize(
    ("module", "commands", "found"),
    [
        (slurm, of("sbatch squeue scancel", "sinfo", SINFO), "slurm-wlm 22.05.8"),
        (grid_engine, of("qsub qdel qacct", "qstat", GRID), "SGE 8.1.9"),
        (pbs, of("qsub qdel", "qstat", OPEN), "pbs_version = 23.06.06"),
        (torque, of("qsub qdel", "qstat", "printf 'Version: 6.1.3\\nCommit: 0\\n' >&2"), "Version: 6.1.3"),
        (lsf, of("bsub bkill bhist", "bjobs", LSF), "IBM Spectrum LSF Standard 10.1.0.10"),
    ],
)
async def test_a_system_is_found_by_its_commands(
    provide: Provide, module: ModuleType, commands: Mapping[str, str], found: str
) -> None:
    assert await discovered(module, provide(commands)) == Discovery(found)


@pytest.mark.parametrize("module", [slurm, grid_engine, pbs, torque, lsf])
async def test_without_its_commands_it_is_not_here(provide: Provide, module: ModuleType) -> None:
    discovery = await discovered(module, provide({}))
    assert discovery.found == ""
    assert str(discovery.obstacle).startswith("there is no command ")


@pytest.mark.parametrize(
    ("module", "text", "owner"),
    [
        (pbs, GRID, GRID_ENGINE),
        (pbs, NO_MASTER, GRID_ENGINE),
        (pbs, PERL, WRAPPERS),
        (pbs, "echo 'Version: 6.1.3'", TORQUE),
        (pbs, "echo hello", "a system that is not known here"),
        (torque, OPEN, OPENPBS),
        (torque, PERL, WRAPPERS),
        (grid_engine, OPEN, OPENPBS),
        (grid_engine, PERL, WRAPPERS),
    ],
)
async def test_the_commands_of_another_system_are_told_apart(
    provide: Provide, module: ModuleType, text: str, owner: str
) -> None:
    discovery = await discovered(module, provide(of("qsub qdel qacct", "qstat", text)))
    assert discovery == Discovery(obstacle=f"the command qstat is that of {owner}")


async def test_one_that_is_not_set_up_is_told_with_its_words(provide: Provide) -> None:
    discovery = await discovered(grid_engine, provide(of("qsub qdel qacct", "qstat", NO_MASTER)))
    assert discovery.found == GRID_ENGINE
    assert "zero length" in str(discovery.obstacle)


async def test_a_command_that_is_missing_is_named(provide: Provide) -> None:
    discovery = await discovered(slurm, provide(of("sbatch scancel", "sinfo", SINFO)))
    assert discovery == Discovery("slurm-wlm 22.05.8", "there is no command squeue in PATH")


async def test_one_that_cannot_be_run_is_told(provide: Provide, tmp_path: Path) -> None:
    environment = provide(of("sbatch squeue scancel", "sinfo", SINFO))
    (tmp_path / "bin" / "sinfo").write_text("#!/does/not/exist\n")
    discovery = await discovered(slurm, environment)
    assert (discovery.found, "cannot be run" in str(discovery.obstacle)) == ("Slurm", True)


async def test_where_most_is_missing_nothing_is_found(provide: Provide) -> None:
    environment = provide({"sbatch": "exit 0"})
    discovery = await look(slurm_signs(), environment)
    assert discovery == Discovery(obstacle="there is no command squeue in PATH")


def slurm_signs() -> Signs:
    return slurm.discovery._SIGNS


@given(st.text(), st.text())
def test_whatever_is_said_a_system_is_known_or_is_not(said: str, script: str) -> None:
    assert whose(said, script) in {GRID_ENGINE, OPENPBS, TORQUE, WRAPPERS, None}


@given(st.text())
def test_only_what_tells_a_version_is_ready_for_use(said: str) -> None:
    discovery = judged(slurm_signs(), said, [])
    assert (discovery.obstacle is None) == (slurm_signs().version.search(said) is not None)


async def test_of_an_older_torque_the_settings_tell(provide: Provide) -> None:
    found = await discovered(torque, provide(of("qsub qdel", "qstat", "echo 'version: 2.4.16' >&2")))
    assert (found.found, found.settings) == ("version: 2.4.16", {"commands": "torque-2.4"})
    assert found.obstacle is None
