"""``python -m tests.live.provision SERVER --folder D``: install a real server in this folder, unless it is there, and
run it until a signal. Batch systems are installed for the whole machine, and need no folder.

What is installed is pinned, in a virtual environment of its own, from the package registry; databases, keys and logs
are in the folder too. The first line on standard output is a JSON object that says where everything is; it comes when
the server answers.

===============  =====================================================================================================
``diracx``       DiracX on SQLite: 1 to 2 minutes and 450 MB to install; 5 s to start, 250 MB of memory to run
``dirac``        DIRAC's DISET and HTTPS services on MariaDB: 60 s and 430 MB to install (system packages too, which
                 only root may), 9 s and 680 MB of memory to run
``slurm``        Slurm with accounting on MariaDB: 40 s to install (system packages, which only root may), 5 s to start;
                 the tests start their own, so that to install it is enough
``grid_engine``  Son of Grid Engine: 20 s to install (system packages, which only root may), 2 s to start; the tests
                 start their own too
===============  =====================================================================================================
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.grid_engine_server import install as grid_engine
from tests.live.slurm_server import install as slurm


def main(arguments: Sequence[str]) -> None:
    """Does not return: the process becomes the server's."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.live.provision", description="Install and run real servers for the live tests."
    )
    servers = parser.add_subparsers(dest="server", required=True)
    command = servers.add_parser("diracx", help="DiracX on SQLite")
    command.add_argument("--folder", type=Path, required=True, help="where it is installed")
    command.add_argument("--data", type=Path, help="databases, keys and logs; by default inside of the folder")
    command.add_argument("--install-only", action="store_true", help="do not start it")
    services = servers.add_parser("dirac", help="DIRAC's DISET and HTTPS services on MariaDB")
    services.add_argument("--folder", type=Path, required=True, help="where it is installed, and runs")
    services.add_argument("--install-only", action="store_true", help="do not start it")
    slurm_command = servers.add_parser("slurm", help="Slurm, with accounting on MariaDB")
    slurm_command.add_argument("--install-only", action="store_true", help="do not start it")
    slurm_command.add_argument("--no-accounting", action="store_true", help="start it without a history")
    grid_engine_command = servers.add_parser("grid_engine", help="Son of Grid Engine")
    grid_engine_command.add_argument("--install-only", action="store_true", help="do not start it")
    options, others = parser.parse_known_args(arguments)
    if options.server == "slurm":
        _slurm(accounting=not options.no_accounting, start=not options.install_only)
        return
    if options.server == "grid_engine":
        _grid_engine(start=not options.install_only)
        return
    if options.server == "dirac":
        _dirac(options.folder.resolve(), start=not options.install_only)
        return
    folder: Path = options.folder.resolve()
    python = diracx.install(folder)
    if not options.install_only:
        _become(python, diracx.SERVE, "--data", options.data or folder / "data", *others)


def _dirac(folder: Path, *, start: bool) -> None:
    dirac.install(folder)
    if start:
        _become(sys.executable, "-m", "tests.live.dirac_server", folder)


def _slurm(*, accounting: bool, start: bool) -> None:
    slurm.install()
    if start:
        _become(sys.executable, "-m", "tests.live.slurm_server", *(() if accounting else ("--no-accounting",)))


def _grid_engine(*, start: bool) -> None:
    grid_engine.install()
    if start:
        _become(sys.executable, "-m", "tests.live.grid_engine_server")


def _become(program: str | Path, *arguments: str | Path) -> None:
    os.execv(program, [str(program), *map(str, arguments)])  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main(sys.argv[1:])
