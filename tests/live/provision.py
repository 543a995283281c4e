"""``python -m tests.live.provision SERVER``: install a real server, unless it is there, and run it until a signal.

What is installed is pinned, in a virtual environment of its own, from the package registry; batch systems are those of
the system's packages. The first line on standard output is a JSON object that says where everything is; it comes when
the server answers.

===============  =====================================================================================================
``diracx``       DiracX on SQLite: 1 to 2 minutes and 450 MB to install; 5 s to start, 250 MB of memory to run
``dirac``        DIRAC's DISET and HTTPS services on MariaDB: 60 s and 430 MB to install (system packages too, which
                 only root may), 9 s and 680 MB of memory to run
``condor``       HTCondor 23.9 of Debian 13: 15 s and 240 MB to install (apt brings it into a folder), 3 s to start
``slurm``        Slurm with accounting on MariaDB: 40 s to install (system packages), 5 s to start
``slurm_23``     Slurm 23.11 of Ubuntu 24.04, on the same MariaDB: 15 s, 60 MB to install (apt brings it into a folder)
``slurm_24``     Slurm 24.11 of Debian 13, in the same way: 20 s and 110 MB
``slurm_25``     Slurm 25.11 of Ubuntu 26.04, in the same way: 15 s and 100 MB
``grid_engine``  Son of Grid Engine: 20 s to install (system packages), 2 s to start
``torque``       Torque 2.4 of Ubuntu 16.04: 15 s and 80 MB to install (apt brings it into a folder), 3 s to start;
                 only root may run it
``torque_words`` Slurm's wrappers for the words of Torque, only to be installed: 5 s and 3 MB beside those of ``slurm``
``kerberos``     a Kerberos realm of one user: 10 s to install (system packages), 1 s to start
``postgres``     PostgreSQL: 20 s to install (system packages), 1 s to start
``arc``          A-REX 6.17 of NorduGrid ARC: 20 s to install (system packages), 5 s to start
``arc_7``        A-REX 7.0 of Debian 13, by root: 15 s, 250 MB to install (apt brings it into a folder), 5 s to start
``promtool``     the tool of Prometheus that checks metrics, only to be installed: 20 s and 48 MB (apt brings it)
``chaos``        strace and libfaketime for `tests.chaos`, only to be installed: 5 s (system packages)
``all``          all of them, side by side, only to be installed: for the live tests
===============  =====================================================================================================
"""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from tests.live import chaos_tools, promtool
from tests.live.arc_server import install as arc
from tests.live.arc_server import newer as arc_7
from tests.live.condor_server import install as condor
from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.folders import installed_in
from tests.live.grid_engine_server import install as grid_engine
from tests.live.kerberos_server import install as kerberos
from tests.live.postgres_server import install as postgres
from tests.live.slurm_server import install as slurm
from tests.live.slurm_server.newer import NEWER
from tests.live.torque_server import install as torque
from tests.live.torque_words import install as torque_words


class _InFolder(Protocol):
    """What can be installed into a folder: a module, or one of several releases."""

    def install(self, folder: Path, /) -> object: ...


#: Those that are installed into folders, and those of the system's packages.
IN_FOLDERS: dict[str, _InFolder] = {
    "diracx": diracx,
    "dirac": dirac,
    "condor": condor,
    **NEWER,
    "arc_7": arc_7,
    "torque": torque,
    "torque_words": torque_words,
    "promtool": promtool,
}
IN_THE_SYSTEM = {
    "slurm": slurm,
    "grid_engine": grid_engine,
    "arc": arc,
    "kerberos": kerberos,
    "postgres": postgres,
    "chaos": chaos_tools,
}
#: There is nothing to run.
_NO_SERVERS = frozenset({"torque_words", "promtool", "chaos"})


def main(arguments: Sequence[str]) -> None:
    """Does not return where a server is started: the process becomes the server's."""
    options, others = _parser().parse_known_args(arguments)
    if options.server == "all":
        _install_all(options.folder)
        return
    folder = _folder(options.folder, options.server) if options.folder is None else options.folder.resolve()
    if options.server in IN_THE_SYSTEM:
        IN_THE_SYSTEM[options.server].install()
    else:
        IN_FOLDERS[options.server].install(folder)
    if options.install_only or options.server in _NO_SERVERS:
        return
    data = ["--data", options.data.resolve()] if options.data else []
    if options.server == "diracx":
        _become(diracx.interpreter(folder), diracx.SERVE, *(data or ["--data", folder / "data"]), *others)
    if options.server in NEWER:
        _become(
            sys.executable, "-m", "tests.live.slurm_server", "--release", options.server, "--folder", folder, *others
        )
    where = {
        "dirac": ["--folder", folder, *data],
        "condor": ["--folder", folder],
        "torque": ["--folder", folder],
        "arc_7": ["--folder", folder],
    }.get(options.server, [])
    server = "arc" if options.server == "arc_7" else options.server
    _become(sys.executable, "-m", f"tests.live.{server}_server", *where, *others)


def _install_all(folder: Path | None) -> None:
    with ThreadPoolExecutor() as side_by_side:
        installations = [side_by_side.submit(system.install) for system in IN_THE_SYSTEM.values()]
        for name, server in IN_FOLDERS.items():
            installations.append(side_by_side.submit(server.install, _folder(folder, name)))
    for installation in installations:
        installation.result()


def _folder(parent: Path | None, server: str) -> Path:
    return (parent / server if parent else installed_in(os.environ, server)).resolve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.live.provision", description="Install and run real servers for the live tests."
    )
    parser.add_argument("server", choices=[*IN_FOLDERS, *IN_THE_SYSTEM, "all"])
    parser.add_argument("--folder", type=Path, help="where it is installed; by default where the tests look for it")
    parser.add_argument("--data", type=Path, help="databases, keys and logs; dirac makes a folder that goes with it")
    parser.add_argument("--install-only", action="store_true", help="do not start it")
    return parser


def _become(program: str | Path, *arguments: str | Path) -> None:
    os.execv(program, [str(program), *map(str, arguments)])  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main(sys.argv[1:])
