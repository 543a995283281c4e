"""Names that are loaded when they are first used."""

import subprocess
import sys

import pytest

from ganga.lazy import loaded_on_use
from ganga.model.job import JobRecord
from ganga.model.status import JobStatus


def test_a_name_is_that_of_its_module() -> None:
    load = loaded_on_use("ganga.model", {"JobStatus": "status", "Job": "job:JobRecord"})
    assert load("JobStatus") is JobStatus
    assert load("Job") is JobRecord


def test_any_other_name_is_none_of_the_package() -> None:
    with pytest.raises(AttributeError, match=r"module 'ganga\.model' has no attribute 'other'"):
        loaded_on_use("ganga.model", {"JobStatus": "status"})("other")


def test_nothing_is_loaded_before() -> None:
    script = (
        "import sys, ganga.backends.slurm as slurm; early = 'msgspec' in sys.modules; "
        "slurm.Settings; sys.exit(early or 'msgspec' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
