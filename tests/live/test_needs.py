"""Whether a live test runs, is skipped or fails."""

from pathlib import Path

import pytest

from tests.live.dirac_server import install as dirac
from tests.live.diracx_server import install as diracx
from tests.live.needs import needs_server

INSTALLERS = {"dirac": (dirac.interpreter, dirac.NotInstalled), "diracx": (diracx.interpreter, diracx.NotInstalled)}


@pytest.mark.parametrize("name", INSTALLERS)
def test_what_is_not_installed_is_skipped_and_says_the_command(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANGA_LIVE", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    command = f"run `python -m tests.live.provision {name} --folder {tmp_path / name} --install-only`"
    with pytest.raises(pytest.skip.Exception, match=command):
        needs_server(name, *INSTALLERS[name])


def test_what_is_not_installed_fails_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGA_LIVE", str(tmp_path))
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="GANGA_LIVE=off"):
        needs_server("dirac", dirac.interpreter, dirac.NotInstalled)


def test_live_tests_are_switched_off_by_hand_in_ci_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGA_LIVE", "off")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.skip.Exception, match="switched off by GANGA_LIVE=off"):
        needs_server("dirac", dirac.interpreter, dirac.NotInstalled)


def test_what_is_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANGA_LIVE", str(tmp_path))
    assert needs_server("dirac", lambda folder: folder, dirac.NotInstalled) == tmp_path / "dirac"
