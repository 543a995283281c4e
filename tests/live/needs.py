"""What becomes of a live test where its servers are not installed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.folders import VARIABLE, installed_in

#: Values of the variable that switch the live tests off.
OFF = frozenset({"off", "no", "0"})


def needs_server(name: str, interpreter: Callable[[Path], object], missing: type[Exception]) -> Path:
    """The folder where this server is installed, judged by `interpreter`, which raises `missing`; see `needs`."""
    folder = installed_in(os.environ, name)
    needs(lambda: interpreter(folder), missing)
    return folder


def needs(check: Callable[[], object], missing: type[Exception] | tuple[type[Exception], ...]) -> None:
    """Go on if all is there, judged by `check`, which raises `missing`.

    Where it is not, the test is skipped and says by which command it comes; where CI is set it fails, since there
    nobody would read that. Who does not want the servers says so by the variable, in CI too.
    """
    wish = os.environ.get(VARIABLE, "")
    if wish.lower() in OFF:
        pytest.skip(f"live tests are switched off by {VARIABLE}={wish}")
    try:
        check()
    except missing as error:
        if os.environ.get("CI"):
            pytest.fail(f"{error} (or switch live tests off: {VARIABLE}=off)")
        pytest.skip(str(error))
