"""Which Python DIRAC's client runs in, and with which variables."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

from msgspec import Struct

from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable, ConfigurationError
from ganga.model.ids import shortened

#: What DIRAC's own set-up leaves in the environment: the folder of an installation.
_TRACES: Final = ("DIRACOS", "DIRAC")
#: The scripts of an installation that are to be sourced.
_SCRIPTS: Final = ("diracosrc", "bashrc")
#: What belongs to the Python that ganga runs in, and would break another one.
_OURS: Final = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD")
#: What would make DIRAC's client trust other authorities than those of its own configuration.
_DISTURBING: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Seconds for a script to be sourced: it may come from a network file system that has to be mounted first.
_SOURCED_WITHIN: Final = 45.0

_SOURCE: Final = '. "$1" >&2 && exec env -0'

#: Environments by their script and the time of its last change.
_SOURCED: dict[tuple[Path, int], Mapping[str, str]] = {}


class Environment(Struct, frozen=True, kw_only=True):
    """Where the helper is started."""

    python: Path
    variables: Mapping[str, str]


def importable() -> bool:
    """Whether this process could import DIRAC; nothing is loaded for that."""
    found = find_spec("DIRAC")
    # A folder of that name where the program runs is not DIRAC.
    return found is not None and found.origin is not None


async def environment(settings: Settings) -> Environment:
    """As the settings say, else the traces of DIRAC's own set-up. Raises `ConfigurationError` if there are none, and
    `BackendUnavailable` if what they name does not work at present.
    """
    place = await asyncio.to_thread(_place, settings.client_environment)
    found = await _sourced(place) if isinstance(place, Path) else place
    return Environment(python=found.python, variables={**found.variables, **_said(settings)})


def own() -> Environment:
    """That of this process."""
    kept = {name: value for name, value in os.environ.items() if name not in _DISTURBING}
    return Environment(python=Path(sys.executable), variables=kept)


def _place(setting: str) -> Environment | Path:
    """An environment, or the script that makes it. Blocks."""
    if setting:
        return _named(Path(setting).expanduser())
    if importable():
        return own()
    traces = [Path(place) for name in _TRACES if (place := os.environ.get(name))]
    if not traces:
        raise ConfigurationError(
            "DIRAC's own client is not here: set `client_environment` to the `bashrc` or the Python of an installation"
        )
    return _named(traces[0])


def _named(place: Path) -> Environment | Path:
    """An installation, its script or its Python."""
    if place.is_dir():
        places = [place / name for name in (*_SCRIPTS, "bin/python")]
        place = next((file for file in places if file.is_file()), places[-1])
    if not place.is_file():
        raise ConfigurationError(
            f"client_environment: there is no {place}; expected a `bashrc`, a Python or a virtual environment"
        )
    is_python = os.access(place, os.X_OK) and place.name.startswith("python")
    return Environment(python=place, variables=_plain()) if is_python else place


async def _sourced(script: Path) -> Environment:
    """What the script makes of the environment; run once, until it changes."""
    key = script, (await asyncio.to_thread(script.stat)).st_mtime_ns
    if key not in _SOURCED:
        _SOURCED[key] = _pairs(await _output("bash", "-c", _SOURCE, "bash", str(script)))
    variables = _SOURCED[key]
    python = which("python", path=variables.get("PATH", "")) or which("python3", path=variables.get("PATH", ""))
    if python is None:
        raise ConfigurationError(f"client_environment: {script} brings no `python`; is it DIRAC's own `bashrc`?")
    return Environment(python=Path(python), variables=variables)


async def _output(*command: str) -> bytes:
    """What the command says; it is killed if that takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=_plain())
    except OSError as error:
        raise ConfigurationError(f"client_environment: {command[0]} cannot be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(_SOURCED_WITHIN):
            said, complaint = await process.communicate()
    except TimeoutError as error:
        raise BackendUnavailable(
            f"{command[-1]} was not done within {_SOURCED_WITHIN:g} s; is its file system there?"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        words = shortened(complaint.decode(errors="replace").strip().rpartition("\n")[2], 200)
        raise BackendUnavailable(f"{command[-1]} failed ({process.returncode}: {words}); does it work in a terminal?")
    return said


def _pairs(said: bytes) -> Mapping[str, str]:
    texts = (os.fsdecode(text).partition("=") for text in said.split(b"\0") if text)
    return {name: value for name, _, value in texts}


def _plain() -> dict[str, str]:
    """The environment of this process without what is our Python's own."""
    return {name: value for name, value in os.environ.items() if name not in (*_OURS, *_DISTURBING)}


def _said(settings: Settings) -> dict[str, str]:
    """What the settings say in the variables that DIRAC reads."""
    said = {
        "DIRACSYSCONFIG": settings.dirac_cfg,
        "X509_CERT_DIR": settings.authorities,
        "X509_USER_PROXY": settings.proxy,
    }
    return {name: str(Path(value).expanduser()) for name, value in said.items() if value}
