"""Find out whether DIRAC or DiracX is known on this machine, and whether somebody has logged in."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ganga.backends.base import Discovery
from ganga.backends.web.certificates import read_chain
from ganga.backends.web.der import DerError
from ganga.backends.web.proxy import proxy_file

#: A command of every installation of DIRAC's client.
_COMMAND: Final = "dirac-wms-job-status"
_EXTRA: Final = "aiohttp"
_TOKENS: Final = "~/.cache/diracx/credentials.json"


async def discover(environment: Mapping[str, str], /) -> Discovery:
    """By its configuration, its client, and the credentials of this user; no server is asked."""
    return await asyncio.to_thread(_discover, environment)


def _discover(environment: Mapping[str, str]) -> Discovery:
    found = _found(environment)
    if not found:
        return Discovery(obstacle="there is no ~/.dirac.cfg, no DIRACX_URL and no client of DIRAC here")
    if find_spec(_EXTRA) is None:
        return Discovery(found, f"the Python module {_EXTRA} is missing: pip install 'ganga[dirac]'")
    return Discovery(found, _not_logged_in(environment))


def _found(environment: Mapping[str, str]) -> str:
    """The first trace of an installation."""
    if url := environment.get("DIRACX_URL"):
        return f"DiracX at {url}"
    root = environment.get("DIRAC_ROOT_PATH") or environment.get("DIRAC")
    places = [Path(root, "etc", "dirac.cfg")] if root else []
    for place in (*places, Path("~/.dirac.cfg").expanduser()):
        if place.is_file():
            return f"DIRAC as in {place}"
    client = shutil.which(_COMMAND, path=environment.get("PATH"))
    return f"DIRAC's client in {Path(client).parent}" if client else ""


def _not_logged_in(environment: Mapping[str, str]) -> str | None:
    """What is wrong with the credentials; None if there are some that may do."""
    tokens = Path(environment.get("DIRACX_CREDENTIALS_PATH") or _TOKENS).expanduser()
    if tokens.is_file():
        return None
    proxy = proxy_file("", environment.get("X509_USER_PROXY"))
    try:
        ends_at = read_chain(proxy.read_bytes()).valid_until
    except OSError:
        return "nobody has logged in: `dirac login`, or make a proxy with `dirac-proxy-init`"
    except DerError as error:
        return f"{proxy} is no grid proxy ({error}): make one with `dirac-proxy-init`"
    return None if time.time() < ends_at else f"the grid proxy {proxy} has ended: make one with `dirac-proxy-init`"
