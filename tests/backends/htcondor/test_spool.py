"""Output comes home whole, and the queue keeps a job until it has."""

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Place
from ganga.backends.batch.here import HereShell
from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.workplace import Workplace
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.spool import Spool
from ganga.backends.htcondor.words import HTCondor
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId

IDS = [NativeId("7.0"), NativeId("7.1")]
JOBS = {native_id: Place("7", index) for index, native_id in enumerate(IDS)}
DENIED = 'SECMAN:2010:Received "DENIED" from server for user me@there using method IDTOKENS.'
NONE = [{"MyType": "Summary", "Jobs": 0, "ErrorCode": 0}]


class Schedd(HereShell):
    """The commands of HTCondor, as far as they are needed, over the real files of a test."""

    def __init__(self) -> None:
        super().__init__(60.0)
        #: By status, and what the history has.
        self.queue: dict[str, int] = dict.fromkeys(IDS, 4)
        self.past: dict[str, dict[str, object]] = {}
        #: What fails to come, and why.
        self.stuck: dict[str, str] = {}
        self.away = False
        self.asked: list[tuple[str, ...]] = []

    async def run(self, command: Command, /) -> Reply:
        words = command.argv[4:] if command.argv[0] == "/bin/sh" else command.argv
        if not command.argv[0].startswith("condor_") and "condor_q" not in command.argv:
            return await super().run(command)
        if self.away:
            return Reply(command, 1, b"", b"unknown host")
        if words[0] == "condor_transfer_data":
            self.asked.append(words[1:])
            why = [self.stuck[word] for word in words[1:] if word in self.stuck]
            return Reply(command, int(bool(why)), b"Fetching data files...", "\n".join(why).encode())
        if words[0] == "condor_rm":
            self.asked.append(words)
            return Reply(command, 0, b"All jobs matching constraint have been marked for removal")
        past = words[0] == "condor_history"
        ads = self.past if past else {native_id: {"JobStatus": status} for native_id, status in self.queue.items()}
        rows = [_ad(native_id) | ads[native_id] for native_id in words if native_id in ads]
        return Reply(command, 0, f"[\n{json.dumps(rows or ([] if past else NONE))[1:-1]}\n]\n".encode())


def _ad(native_id: str) -> dict[str, object]:
    cluster, _, proc = native_id.partition(".")
    return {"ClusterId": int(cluster), "ProcId": int(proc)}


@pytest.fixture
def schedd() -> Schedd:
    return Schedd()


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    folder = tmp_path / "ids" / "7"
    folder.mkdir(parents=True)
    (folder / "tags").touch()
    return folder


@pytest.fixture
def spool(schedd: Schedd, batch: Path) -> Spool:
    return spool_of(schedd, batch.parent.parent)


def spool_of(schedd: Schedd, work: Path) -> Spool:
    dialect = HTCondor(Settings(spool=True), PurePosixPath(work / "events"))
    return Spool(dialect, schedd, schedd, Workplace(schedd, PurePosixPath(work), dialect.variables))


async def test_all_come_by_one_command_and_are_asked_for_once(spool: Spool, schedd: Schedd) -> None:
    assert await spool.bring(JOBS) == {}
    assert await spool.bring(JOBS) == {}
    assert schedd.asked == [("7.0", "7.1")]


async def test_only_what_is_home_is_let_go(spool: Spool, schedd: Schedd) -> None:
    await spool.let_go(JOBS)
    assert schedd.asked == []
    schedd.stuck["7.0"] = "failed to create directory"
    assert await spool.bring(JOBS) == {"7.0": "failed to create directory"}
    schedd.asked.clear()
    await spool.let_go(JOBS)
    assert schedd.asked == [
        ("condor_rm", "-constraint", "JobStatus =?= 4 && ((ClusterId =?= 7 && member(ProcId, {1})))")
    ]


async def test_a_queue_that_is_away_has_refused_nothing(spool: Spool, schedd: Schedd) -> None:
    schedd.away = True
    with pytest.raises(BackendUnavailable, match="unknown host"):
        await spool.bring(JOBS)
    schedd.away = False
    assert await spool.bring(JOBS) == {}
    assert schedd.asked == [("7.0", "7.1")]


async def test_a_refusal_is_told_in_htcondors_words(spool: Spool, schedd: Schedd) -> None:
    schedd.stuck = dict.fromkeys(IDS, DENIED)
    assert await spool.bring(JOBS) == dict.fromkeys(IDS, DENIED)


async def test_what_the_queue_does_not_have_did_not_come(spool: Spool, schedd: Schedd) -> None:
    """Without a complaint. Of a job that was removed before its end there is nothing that could."""
    schedd.queue.clear()
    schedd.past = {
        "7.0": {"JobStatus": 3, "CompletionDate": 9, "ExitCode": 0},
        "7.1": {"JobStatus": 3, "RemoveReason": "x"},
    }
    away = await spool.bring(JOBS)
    assert list(away) == ["7.0"]
    assert "keeps its output no longer" in away[NativeId("7.0")]


async def test_a_job_that_has_not_ended_has_no_output_yet(spool: Spool, schedd: Schedd) -> None:
    schedd.queue["7.1"] = 2
    assert await spool.bring(JOBS) == {"7.1": "HTCondor says that it has not ended"}


async def test_what_somebody_else_has_submitted_is_left_alone(spool: Spool, schedd: Schedd, batch: Path) -> None:
    (batch / "tags").unlink()
    assert await spool.bring(JOBS) == {}
    await spool.let_go(JOBS)
    assert schedd.asked == []


@given(st.dictionaries(st.sampled_from(IDS), st.integers(0, 8)), st.dictionaries(st.sampled_from(IDS), st.text()))
async def test_nothing_is_noted_as_home_that_was_not_brought_whole(
    tmp_path_factory: pytest.TempPathFactory, queue: dict[str, int], stuck: dict[str, str]
) -> None:
    work = tmp_path_factory.mktemp("work")
    batch = work / "ids" / "7"
    batch.mkdir(parents=True)
    (batch / "tags").touch()
    schedd = Schedd()
    schedd.queue, schedd.stuck = queue, stuck
    away = await spool_of(schedd, work).bring(JOBS)
    home = {f"7.{path.stem}" for path in batch.glob("*.home")}
    assert home == set(IDS) - set(away)
    # What was removed before its end has written nothing that is kept.
    assert not {native_id for native_id in home & queue.keys() if queue[native_id] not in {3, 4} or native_id in stuck}
