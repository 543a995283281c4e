"""Which Python DIRAC's client runs in."""

import importlib
import sys
from pathlib import Path

import pytest

from ganga.backends.dirac.client import environment as module
from ganga.backends.dirac.client.environment import environment
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable, ConfigurationError

SCRIPT = 'echo noise; export PATH="{bin}:$PATH" DIRAC_HERE="two\nlines"; echo >> "{counter}"\n'


@pytest.fixture(autouse=True)
def nothing_of_dirac(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIRAC", "DIRACOS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "importable", lambda: False)


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """With a script to be sourced, and a Python."""
    place = tmp_path / "it's an installation"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    (place / "bashrc").write_text(SCRIPT.format(bin=place / "bin", counter=place / "counter"))
    return place


def set_to(place: Path) -> Settings:
    return Settings(client_environment=str(place))


async def test_a_script_is_sourced_once_until_it_changes(installation: Path) -> None:
    for name in ("", "bashrc"):
        found = await environment(set_to(installation / name))
        assert found.python == installation / "bin" / "python"
        assert found.variables["DIRAC_HERE"] == "two\nlines"
    assert (installation / "counter").read_text() == "\n"
    with (installation / "bashrc").open("a") as script:
        script.write("export MORE=1\n")
    assert (await environment(set_to(installation))).variables["MORE"] == "1"


async def test_a_virtual_environment_or_its_python_is_taken_as_it_is(installation: Path) -> None:
    (installation / "bashrc").unlink()
    for place in (installation, installation / "bin" / "python"):
        assert (await environment(set_to(place))).python == installation / "bin" / "python"


async def test_what_is_our_pythons_own_is_left_out(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "/ours")
    assert "/ours" not in (await environment(set_to(installation))).variables.values()


async def test_traces_of_dirac_are_followed(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="set `client_environment`"):
        await environment(Settings())
    monkeypatch.setenv("DIRAC", str(installation))
    assert (await environment(Settings())).variables["DIRAC_HERE"] == "two\nlines"
    monkeypatch.setattr(module, "importable", lambda: True)
    assert (await environment(Settings())).python == Path(sys.executable)


def test_a_folder_of_its_name_is_not_dirac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "DIRAC").mkdir()
    assert not module.importable()
    (tmp_path / "DIRAC" / "__init__.py").touch()
    importlib.invalidate_caches()
    assert module.importable()


async def test_settings_are_passed_on(installation: Path) -> None:
    settings = Settings(
        client_environment=str(installation), proxy="/the/proxy", authorities="/the/authorities", dirac_cfg="/the/cfg"
    )
    variables = (await environment(settings)).variables
    assert variables["X509_USER_PROXY"] == "/the/proxy"
    assert variables["X509_CERT_DIR"] == "/the/authorities"
    assert variables["DIRACSYSCONFIG"] == "/the/cfg"


async def test_what_is_not_there_is_told(installation: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"client_environment: there is no .*nowhere"):
        await environment(set_to(installation / "nowhere"))


async def test_a_script_that_fails_is_told_with_its_words(installation: Path) -> None:
    (installation / "bashrc").write_text("echo 'CVMFS is asleep' >&2; exit 3\n")
    with pytest.raises(BackendUnavailable, match=r"bashrc failed \(3: CVMFS is asleep\)"):
        await environment(set_to(installation))


async def test_a_script_that_hangs_is_ended(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SOURCED_WITHIN", 0.5)
    (installation / "bashrc").write_text("exec sleep 1000\n")
    with pytest.raises(BackendUnavailable, match=r"was not done within 0\.5 s"):
        await environment(set_to(installation))


async def test_a_script_without_a_python_is_told(installation: Path) -> None:
    (installation / "bashrc").write_text(
        f'env=$(command -v env); export PATH="{installation}"; env() {{ $env "$@"; }}\n'
    )
    (installation / "env").symlink_to("/usr/bin/env")
    with pytest.raises(ConfigurationError, match="brings no `python`"):
        await environment(set_to(installation))
