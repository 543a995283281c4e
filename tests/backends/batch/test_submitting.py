"""Submitted once: whatever happens in between, a tag is present, absent, or not spoken of."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from ganga.backends.base import Finding, Retrieval, Stream
from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Listing
from ganga.backends.batch.shell import Command, Reply
from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId
from ganga.model.job import Share
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.backends.batch.toy import Clock, ToyDialect, ToySystem, backend_on, down, place_in, submission


async def test_subjobs_of_one_job_are_an_array_and_others_are_not(system: ToySystem, work: Path) -> None:
    jobs = [submission(1, index) for index in range(120)] + [submission(2), submission(3, 7)]
    receipts = await backend_on(system, work).submit(jobs)
    assert [len(set(receipts.accepted.values())), receipts.rejected] == [122, {}]
    sizes = sorted(int(call[2] or 1) for call in system.calls)
    assert sizes == [1, 1, 20, 50, 50]


async def test_what_cannot_run_is_refused_without_a_call(system: ToySystem, work: Path) -> None:
    jobs = [submission(1, command=["a=b"]), submission(2, resources={"gpus": 1}), submission(3, environment={"": "x"})]
    receipts = await backend_on(system, work).submit(jobs)
    assert (receipts.accepted, len(receipts.rejected), system.calls) == ({}, 3, [])


async def test_a_folder_of_this_machine_means_nothing_on_another(system: ToySystem, work: Path) -> None:
    """Who submits without a word is in some folder, and names no inputs."""
    job = submission(1)
    job = replace(job, spec=structs.replace(job.spec, folder="/data/here"))
    system.shares_files = False
    assert set((await backend_on(system, work).submit([job])).accepted) == {job.tag}
    (batch,) = (work / "batches").iterdir()
    assert not (batch / "folder").exists()


async def test_a_folder_that_was_chosen_is_not_passed_over_in_silence(system: ToySystem, work: Path) -> None:
    chosen, other = submission(1), submission(2)
    chosen = replace(chosen, spec=structs.replace(chosen.spec, folder="/data/here", folder_chosen=True))
    system.shares_files = False
    receipts = await backend_on(system, work).submit([chosen, other])
    assert set(receipts.accepted) == {other.tag}
    assert re.search("does not see the folder '/data/here'.*--input", receipts.rejected[chosen.tag])
    system.shares_files = True
    assert set((await backend_on(system, work).submit([chosen])).accepted) == {chosen.tag}


class CarryingDialect(ToyDialect):
    carries_files = True


async def test_where_the_system_brings_the_files_no_folder_can_be_chosen(system: ToySystem, work: Path) -> None:
    place = place_in(system, work)
    backend = BatchBackend(CarryingDialect(), system, place, largest_array=50, commit_delay=60.0)
    job = submission(1)
    here = structs.replace(job.spec, folder="/data/here")
    assert set((await backend.submit([replace(job, spec=here)])).accepted) == {job.tag}
    receipts = await backend.submit([replace(job, spec=structs.replace(here, folder_chosen=True))])
    assert re.search("a job whose files Toy brings does not see the folder", receipts.rejected[job.tag])


async def test_what_the_system_refuses_leaves_nothing_behind(system: ToySystem, work: Path) -> None:
    system.refuses = "no such queue"
    jobs = [submission(1, index) for index in range(2)]
    receipts = await backend_on(system, work).submit(jobs)
    assert receipts.rejected == {job.tag: "no such queue" for job in jobs}
    assert list((work / "batches").iterdir()) == []


async def test_an_outage_from_the_beginning_is_an_outage(system: ToySystem, work: Path) -> None:
    system.fails("toysub", down())
    with pytest.raises(BackendUnavailable):
        await backend_on(system, work).submit([submission()])


async def test_what_was_accepted_before_an_outage_is_told(system: ToySystem, work: Path) -> None:
    system.fails("toysub", None, *(down() for _ in range(8)))
    jobs = [submission(number) for number in range(1, 9)]
    receipts = await backend_on(system, work).submit(jobs)
    assert 1 <= len(receipts.accepted) < 8
    assert len([call for call in system.calls if call[0] == "toysub"]) < 8


async def test_a_job_that_nobody_noted_is_found_in_the_queue(system: ToySystem, work: Path) -> None:
    """Accepted, and then we were killed."""
    backend = backend_on(system, work)
    jobs = [submission(1, index) for index in range(3)]
    first = (await backend.submit(jobs)).accepted
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    (work / "ids" / "100").unlink()
    again = await backend_on(system, work).find([jobs[0].tag, jobs[2].tag])
    assert again.present == {jobs[0].tag: first[jobs[0].tag], jobs[2].tag: first[jobs[2].tag]}
    assert (work / "ids" / "100").is_dir()


async def test_a_job_that_has_begun_is_found_by_its_own_note(system: ToySystem, work: Path) -> None:
    """Also if the queue has forgotten it."""
    job = submission()
    await backend_on(system, work).submit([job])
    system.queue.clear()
    system.calls.clear()
    assert (await backend_on(system, work).find([job.tag])).present == {job.tag: "100"}
    assert system.calls == []


@pytest.mark.parametrize("older", [False, True], ids=["", "where an older job had its number"])
async def test_a_job_that_only_its_launcher_has_noted_is_found_with_its_files(
    system: ToySystem, work: Path, tmp_path: Path, *, older: bool
) -> None:
    """We were killed, or cut off, when it had begun and we had not noted it yet."""
    job = submission()
    await backend_on(system, work).submit([job])
    link = work / "ids" / "100"
    link.unlink()
    if older:
        (work / "batches" / "older").mkdir()
        link.symlink_to("../batches/older")
    system.queue.clear()
    backend = backend_on(system, work)
    assert (await backend.find([job.tag])).present == {job.tag: "100"}
    assert link.resolve().name.startswith(job.tag)
    (tmp_path / "home").mkdir()
    retrieved = await backend.fetch([Retrieval(NativeId("100"), (), tmp_path / "home")])
    assert retrieved[NativeId("100")].error is None


async def test_what_was_never_laid_in_its_place_was_never_submitted(system: ToySystem, work: Path) -> None:
    """Nobody waits for that, and the system is not asked."""
    finding = await backend_on(system, work).find([submission().tag])
    assert finding.absent == {submission().tag}
    assert not system.calls


async def test_absence_counts_only_when_the_system_has_had_time(system: ToySystem, work: Path) -> None:
    clock = Clock()
    backend = backend_on(system, work, clock)
    system.fails("toysub", down())
    job = submission()
    with pytest.raises(BackendUnavailable):
        await backend.submit([job])
    clock.now = 59.0
    early = await backend.find([job.tag])
    assert not early.present
    assert not early.absent
    clock.now = 60.0
    assert (await backend.find([job.tag])).absent == {job.tag}


async def test_what_counts_as_absent_never_runs(system: ToySystem, work: Path) -> None:
    """A system that has the job after all finds nothing to run."""
    clock = Clock()
    backend = backend_on(system, work, clock)
    mark = work / "mark"
    job = submission(command=["touch", str(mark)])
    await backend.submit([job])
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    late = dict(system.queue)
    system.queue.clear()
    await backend.find([job.tag])
    clock.now = 60.0
    assert (await backend.find([job.tag])).absent == {job.tag}
    system.queue.update(late)
    launcher = ["/bin/sh", str(batch / "launch.sh"), str(batch), "0", "", "100"]
    process = await asyncio.create_subprocess_exec(*launcher, stderr=asyncio.subprocess.DEVNULL)
    assert await process.wait() != 0
    assert not mark.exists()


async def test_a_search_that_fails_denies_nobody(system: ToySystem, work: Path) -> None:
    backend = backend_on(system, work, delay=0.0)
    job = submission()
    system.fails("toysub", down())
    with pytest.raises(BackendUnavailable):
        await backend.submit([job])
    system.fails("toyq", down())
    with pytest.raises(BackendUnavailable):
        await backend.find([job.tag])


async def test_the_environment_of_whoever_submits_goes_along(system: ToySystem, work: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment.json"
    environment.write_text(json.dumps({"COLOUR": "blue", "TOY_JOB": "7", "PWD": "/nowhere"}))
    job = replace(submission(), environment=environment, share=Share(environment={"OWN": "1"}))
    await backend_on(system, work).submit([job])
    (script,) = (work / "batches").glob("*/task.sh")
    text = script.read_text()
    assert "COLOUR=blue" in text
    assert "OWN=1" in text
    assert "TOY_JOB" not in text
    assert "PWD" not in text


async def test_an_environment_that_is_gone_is_an_outage_that_names_it(
    system: ToySystem, work: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackendUnavailable, match="the environment of the job"):
        await backend_on(system, work).submit([replace(submission(), environment=tmp_path / "gone.json")])


async def test_inputs_are_laid_beside_the_job(live_system: ToySystem, work: Path, tmp_path: Path) -> None:
    shared, own = tmp_path / "inputs", tmp_path / "own.txt"
    shared.mkdir()
    (shared / "shared.txt").write_text("shared ")
    own.write_text("own")
    job = replace(submission(command=["sh", "-c", "cat shared.txt own.txt"]), inputs=shared)
    jobs = [replace(job, share=Share(inputs=(str(own),)))]
    backend = backend_on(live_system, work)
    (native_id,) = (await backend.submit(jobs)).accepted.values()
    assert (await Trial(backend, work, pause=0.02).end_of(native_id)).status is JobStatus.COMPLETED
    assert await backend.read(native_id, Stream.STDOUT, 0) == b"shared own"


class ReceivingDialect(ToyDialect):
    """The names of jobs that have not arrived begin with a question mark."""

    def read_queue(self, reply: Reply, /) -> Listing:
        return {
            native_id: entry._replace(name=entry.name.removeprefix("?"), arriving=entry.name.startswith("?"))
            for native_id, entry in super().read_queue(reply).items()
        }

    def call_off(self, name: str, /) -> Command:
        return Command(("toydel", name))


async def test_what_has_not_arrived_is_not_submitted_and_is_called_off_before_it_counts_as_absent(
    system: ToySystem, work: Path
) -> None:
    clock = Clock()
    backend = BatchBackend(
        ReceivingDialect(), system, place_in(system, work), largest_array=50, commit_delay=60.0, now=clock
    )
    job = submission()
    await backend.submit([job])
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    system.queue["100"]["name"] = f"?{batch.name}"
    for clock.now in (0.0, 59.0, 60.0):
        assert await backend.find([job.tag]) == Finding()
    assert [call for call in system.calls if call[0] == "toydel"] == [("toydel", batch.name)]
    assert batch.is_dir()
    system.queue.clear()
    assert (await backend.find([job.tag])).absent == {job.tag}


async def test_what_arrives_late_after_all_is_found(system: ToySystem, work: Path) -> None:
    backend = BatchBackend(ReceivingDialect(), system, place_in(system, work), largest_array=50, commit_delay=0.0)
    job = submission()
    accepted = (await backend.submit([job])).accepted
    (batch,) = (work / "batches").iterdir()
    (batch / "job").unlink()
    system.queue["100"]["name"] = f"?{batch.name}"
    assert await backend.find([job.tag]) == Finding()
    system.queue["100"]["name"] = batch.name
    assert (await backend.find([job.tag])).present == accepted
