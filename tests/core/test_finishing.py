"""A job with plug-ins shares neither batch nor lane with others; used like one lane."""

from random import Random

from msgspec.structs import replace

from ganga.core.finishing import Finishing, item_of
from ganga.model.clock import Monotonic, Utc
from ganga.model.ids import TargetName, job_id
from ganga.model.job import JobRecord
from ganga.model.policy import Policy, Width
from ganga.model.status import JobStatus

NOW = Monotonic(0.0)
POLICY = Policy(finish=Width(batch=3), postprocess=Width(batch=1, parallel=2))


def ended(number: int, *, postprocessed: bool) -> JobRecord:
    return JobRecord(
        id=job_id(number),
        name="",
        target=TargetName("here"),
        status=JobStatus.COMPLETING,
        created_at=Utc(0.0),
        attempt=1,
        postprocessed=postprocessed,
    )


PLAIN = [ended(number, postprocessed=False) for number in (1, 2, 3)]
SLOW = [ended(number, postprocessed=True) for number in (4, 5, 6)]


def filled() -> Finishing:
    finishing = Finishing(POLICY, Random(0))
    for record in PLAIN + SLOW:
        finishing.add(record)
    return finishing


def test_jobs_with_plugins_go_one_by_one_beside_the_others() -> None:
    finishing = filled()
    assert len(finishing) == 6
    assert finishing.take(NOW) == [
        tuple(map(item_of, PLAIN)),
        (item_of(SLOW[0]),),
        (item_of(SLOW[1]),),
    ]
    assert finishing.next_wakeup() is None, "all that may be out is out"


def test_plugins_that_hang_hold_up_nobody_else() -> None:
    finishing = filled()
    together, *alone = finishing.take(NOW)
    assert finishing.done(together) == frozenset(together)
    more = ended(7, postprocessed=False)
    finishing.add(more)
    assert finishing.next_wakeup() is not None
    assert finishing.take(NOW) == [(item_of(more),)]
    assert len(alone) == 2


def test_each_batch_goes_back_to_the_lane_that_sent_it() -> None:
    finishing = filled()
    together, first, second = finishing.take(NOW)
    assert finishing.done(first) == frozenset(first)
    assert finishing.take(NOW) == [(item_of(SLOW[2]),)]
    finishing.failed(second, NOW)
    finishing.failed(together, NOW)
    finishing.add(SLOW[1])
    assert finishing.take(NOW) == [], "both lanes back off"


def test_one_that_failed_waits_in_its_own_lane_and_can_be_discarded() -> None:
    finishing = filled()
    _, first, _ = finishing.take(NOW)
    finishing.done(first)
    assert [finishing.retry(SLOW[0], NOW), finishing.retry(SLOW[0], NOW)] == [1, 2]
    finishing.discard(SLOW[0])
    finishing.discard(replace(PLAIN[0], status=JobStatus.RUNNING))
    assert len(finishing) == 5, "four are out (one of them no longer counts), one waits"
