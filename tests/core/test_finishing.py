"""Jobs with plug-ins are finished one by one, apart from the others."""

from random import Random

from msgspec.structs import replace

from ganga.core.finishing import Finishing, item_of
from ganga.model.clock import Monotonic
from ganga.model.status import JobStatus
from tests.core.examples import POLICY, record

NOW = Monotonic(0.0)
PLAIN = record("1", JobStatus.COMPLETING)
CHECKED = replace(record("2", JobStatus.COMPLETING), postprocessed=True)


def test_a_job_with_plug_ins_shares_no_batch() -> None:
    finishing = Finishing(POLICY, Random(0))
    for job in (PLAIN, CHECKED, replace(PLAIN, id="3")):
        finishing.add(job)
    batches = finishing.take(NOW)
    assert [[item.job for item in batch] for batch in batches] == [["1", "3"], ["2"]]
    assert len(finishing) == 3
    assert all(finishing.done(batch) == set(batch) for batch in batches)
    assert (len(finishing), finishing.next_wakeup()) == (0, None)


def test_each_lane_backs_off_alone() -> None:
    finishing = Finishing(POLICY, Random(0))
    finishing.add(CHECKED)
    finishing.failed(finishing.take(NOW)[0], NOW)
    finishing.add(CHECKED)
    finishing.add(PLAIN)
    assert finishing.take(NOW) == [(item_of(PLAIN),)]
    finishing.done((item_of(PLAIN),))
    assert finishing.retry(PLAIN, NOW) == 1
    finishing.discard(PLAIN)
    wakeup = finishing.next_wakeup()
    assert wakeup is not None
    assert wakeup >= POLICY.postprocess.retry.first / 2
