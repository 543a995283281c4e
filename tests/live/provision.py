"""``python -m tests.live.provision SERVER``: install a real server, unless it is there, and run it until a signal.

What is installed is pinned, in a virtual environment of its own, from the package registry. The first line on standard
output is a JSON object that says where everything is; it comes when the server answers.

==========  ==========================================================================================================
``diracx``  DiracX on SQLite: 1 to 2 minutes and 450 MB to install; 5 s to start, 250 MB of memory to run
``dirac``   DIRAC's DISET and HTTPS services on MariaDB: 60 s and 430 MB to install (system packages too, which only
            root may), 9 s and 680 MB of memory to run
``all``     both, side by side, only to be installed: for the live tests
==========  ==========================================================================================================
"""

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.folders import installed_in


def main(arguments: Sequence[str]) -> None:
    """Does not return where a server is started: the process becomes the server's."""
    options, others = _parser().parse_known_args(arguments)
    if options.server == "all":
        folders = {name: options.folder / name if options.folder else _default(name) for name in _SERVERS}
        with ThreadPoolExecutor() as side_by_side:
            both = [side_by_side.submit(_SERVERS[name].install, folder.resolve()) for name, folder in folders.items()]
        for one in both:
            one.result()
        return
    folder = (options.folder or _default(options.server)).resolve()
    _SERVERS[options.server].install(folder)
    if options.install_only:
        return
    data = ["--data", options.data.resolve()] if options.data else []
    if options.server == "dirac":
        _become(sys.executable, "-m", "tests.live.dirac_server", "--folder", folder, *data, *others)
    _become(diracx.interpreter(folder), diracx.SERVE, *(data or ["--data", folder / "data"]), *others)


def _default(server: str) -> Path:
    return installed_in(os.environ, server)


_SERVERS = {"diracx": diracx, "dirac": dirac}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.live.provision", description="Install and run real servers for the live tests."
    )
    parser.add_argument("server", choices=[*_SERVERS, "all"])
    parser.add_argument("--folder", type=Path, help="where it is installed; by default where the tests look for it")
    parser.add_argument("--data", type=Path, help="databases, keys and logs; dirac makes a folder that goes with it")
    parser.add_argument("--install-only", action="store_true", help="do not start it")
    return parser


def _become(program: str | Path, *arguments: str | Path) -> None:
    os.execv(program, [str(program), *map(str, arguments)])  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main(sys.argv[1:])
