"""The truth of a made-up batch system follows from its scripts."""

import pytest

from ganga.model.ids import NativeId, Tag
from ganga.model.status import JobStatus
from ganga.testing.world import Script, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_job_follows_its_script(world: World) -> None:
    job = world.accept(Tag("t"), Script(queued=5, running=10, exit_code=3), 100.0)
    statuses = [world.observe(job, at).status.value for at in (100.0, 104.9, 105.0, 114.9, 115.0)]
    assert statuses == ["submitted", "submitted", "running", "running", "failed"]
    assert (world.observe(job, 200.0).exit_code, world.observe(job, 200.0).ended_at) == (3, 115.0)
    assert (world.all_ended(114.0), world.all_ended(115.0)) == (False, True)


@pytest.mark.parametrize(("at", "started_at"), [(102.0, None), (107.0, 105.0)])
def test_a_kill_ends_it_at_once_and_only_once(world: World, at: float, started_at: float | None) -> None:
    job = world.accept(Tag("t"), Script(queued=5, running=10), 100.0)
    world.kill(job, at)
    world.kill(job, at + 1)
    world.kill(NativeId("7"), at)
    seen = world.observe(job, 200.0)
    assert (seen.status, seen.ended_at, seen.started_at) == (JobStatus.KILLED, at, started_at)


def test_a_requeued_job_starts_its_script_again(world: World) -> None:
    job = world.accept(Tag("t"), Script(running=10), 0.0)
    world.requeue(job, 50.0)
    assert (world.observe(job, 55.0).status, world.observe(job, 55.0).restart) == (JobStatus.RUNNING, 1)
    assert world.observe(job, 60.0).ended_at == 60.0


def test_what_was_never_there_is_denied(world: World) -> None:
    job = world.accept(Tag("t"), Script(), 0.0)
    answer = world.poll([job, NativeId("7")], 0.5)
    assert (set(answer.seen), set(answer.absent)) == ({job}, {NativeId("7")})
    assert job in world
    assert world.script(job) == Script()


def test_a_job_accepted_twice_is_counted(world: World) -> None:
    world.accept(Tag("t"), Script(), 0.0)
    world.accept(Tag("t"), Script(), 0.0)
    assert world.accepted == {"t": 2}
