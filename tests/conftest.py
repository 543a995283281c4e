"""What all tests share.

Random tests look a little by default, and for long with ``HYPOTHESIS_PROFILE=thorough``.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick", max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=5000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def ganga_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the test and the programs that it starts, whose spooler ends soon after its last job."""
    config = tmp_path / "ganga.toml"
    config.write_text("[targets.local]\nlinger = 0.2\n")
    monkeypatch.setenv("GANGA_CONFIG", str(config))
    monkeypatch.setenv("GANGA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GANGA_TARGET", raising=False)
    return tmp_path / "home"
