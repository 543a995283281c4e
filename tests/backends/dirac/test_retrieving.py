"""Output comes home whole, or it is said why not."""

import io
import tarfile
from pathlib import Path

import pytest

from ganga.backends.base import Retrieval
from ganga.backends.dirac.backend import DiracBackend
from ganga.backends.dirac.road import Refused
from ganga.backends.dirac.settings import Settings
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from tests.backends.dirac.scripted_road import ScriptedRoad, down


def archived(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:bz2") as writer:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Home:
    def __init__(self, folder: Path, *, largest_output: int = 1 << 20) -> None:
        self.road = ScriptedRoad()
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.backend = DiracBackend(self.road, Settings(largest_output=largest_output), self.scratch)
        self._folder = folder

    def retrieval(self, number: int, *outputs: str) -> Retrieval:
        into = self._folder / f"job-{number}"
        into.mkdir()
        return Retrieval(NativeId(str(number)), outputs, into)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


async def test_all_archives_of_a_job_are_unpacked(home: Home) -> None:
    home.road.add(1, "Done")
    home.road.outputs[1] = {"a.tar.bz2": archived(stdout=b"said"), "b.tar.bz2": archived(kept=b"kept")}
    retrieval = home.retrieval(1, "kept", "*.root")
    brought = await home.backend.fetch([retrieval])
    assert (brought[NativeId("1")].missing, brought[NativeId("1")].error) == (("*.root",), None)
    files = {path.name: path.read_bytes() for path in retrieval.into.iterdir()}
    assert files == {"stdout": b"said", "stderr": b"", "kept": b"kept"}
    assert list(home.scratch.iterdir()) == []


@pytest.mark.parametrize(("status", "error"), [("Done", True), ("Killed", False), ("Failed", False)])
async def test_only_a_job_that_ended_well_must_have_brought_something(home: Home, status: str, error: bool) -> None:
    home.road.add(1, status)
    brought = (await home.backend.fetch([home.retrieval(1, "kept")]))[NativeId("1")]
    assert (brought.error is not None) is error
    assert brought.missing == (() if error else ("kept",))


async def test_an_unknown_job_has_no_output(home: Home) -> None:
    brought = (await home.backend.fetch([home.retrieval(7)]))[NativeId("7")]
    assert brought.error is not None
    assert "does not know" in brought.error


@pytest.mark.parametrize("fault", [down(), Refused("not yours"), OSError("no space left")])
async def test_what_goes_wrong_with_one_keeps_no_other_back(home: Home, fault: Exception) -> None:
    for number in (1, 2):
        home.road.add(number, "Done")
        home.road.outputs[number] = {"a.tar.bz2": archived(stdout=b"said")}
    home.road.goes_wrong("output", fault)
    brought = await home.backend.fetch([home.retrieval(1), home.retrieval(2)])
    assert sorted(result.error is None for result in brought.values()) == [False, True]
    assert list(home.scratch.iterdir()) == []


async def test_an_outage_is_an_outage(home: Home) -> None:
    home.road.add(1, "Done")
    home.road.goes_wrong("output", down())
    with pytest.raises(BackendUnavailable):
        await home.backend.fetch([home.retrieval(1)])


async def test_too_much_output_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path, largest_output=10)
    home.road.add(1, "Done")
    home.road.outputs[1] = {"a.tar.bz2": archived(a=bytes(6)), "b.tar.bz2": archived(b=bytes(6))}
    brought = (await home.backend.fetch([home.retrieval(1)]))[NativeId("1")]
    assert brought.error is not None
    assert "largest_output" in brought.error
