"""Programs that a test runs and that a machine may lack."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def needs_program(name: str) -> Path:
    """Where the program is: beside the running Python, else on the PATH.

    Without it the test is skipped and says so; where CI is set it fails, since there nobody would read that.
    """
    here = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join((here, os.environ.get("PATH", os.defpath))))
    if found is not None:
        return Path(found)
    missing = f"needs the program {name!r}, which is neither in {here} nor on the PATH"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
