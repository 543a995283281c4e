"""Every fault, over every road: no job ends falsely, no status is lost once the server is back, other targets do not
notice, and the message says what is wrong and what to do.
"""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from ganga.model.event import EventKind
from ganga.model.status import JobStatus
from tests.live.dirac.faults.storm import Stormy, changes_of
from tests.live.dirac.faults.table import CLIENT, DIRACX, FAULTS, ROADS, faults_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Storms = Callable[[str], Stormy]

ALL_ROADS = (*ROADS, CLIENT)
CASES = [(road, name) for road in ALL_ROADS for name in faults_of(road)]
OUTAGES = [(road, name) for road, name in CASES if FAULTS[name].outage]
#: A file of tokens is looked at every few seconds, and until then those in memory are good.
AT_ONCE = [(road, name) for road, name in OUTAGES if road != DIRACX or FAULTS[name].credentials is None]


@pytest.mark.parametrize(("road", "name"), CASES)
def test_no_status_is_lost_once_the_trouble_is_over(storm: Storms, road: str, name: str) -> None:
    told = storm(road).targets[name]
    found = {job: (told.records[job].status, told.records[job].attempt) for job in told.lives}
    assert found == {job: (life.status, life.attempt) for job, life in told.lives.items()}, str(told)
    words = {job: told.records[job].native_status for job in told.lives}
    assert words == {job: life.native_status for job, life in told.lives.items()}
    assert told.truth == {job: life.after.status for job, life in told.lives.items() if life.after is not None}
    assert not told.down_at_the_end


@pytest.mark.parametrize(("road", "name"), CASES)
def test_nothing_is_told_twice(storm: Storms, road: str, name: str) -> None:
    told = storm(road).targets[name]
    for job in told.jobs.values():
        changes = Counter(changes_of(told.events, job))
        assert all(count == 1 for change, count in changes.items() if change[0] is not EventKind.DETAILS_CHANGED)
    kinds = Counter(event.kind for event in told.events if event.job is None)
    assert kinds.pop(EventKind.CREDENTIALS_EXPIRING, 0) <= 1
    assert kinds == ({EventKind.TARGET_DOWN: 1, EventKind.TARGET_UP: 1} if FAULTS[name].outage else {})


@pytest.mark.parametrize(("road", "name"), CASES)
def test_no_job_ends_falsely(storm: Storms, road: str, name: str) -> None:
    told = storm(road).targets[name]
    ended = {(told_of.job, told_of.new) for told_of in told.events if told_of.new is not None and told_of.new.final}
    assert ended == {(told.jobs[job], life.status) for job, life in told.lives.items() if life.status.final}


@pytest.mark.parametrize(("road", "name"), AT_ONCE)
def test_nothing_is_told_of_any_job_while_the_trouble_lasts(storm: Storms, road: str, name: str) -> None:
    told = storm(road).targets[name]
    assert [event for event in told.during if event.job is not None] == []


@pytest.mark.parametrize(("road", "name"), OUTAGES)
def test_the_message_says_what_is_wrong_where_and_what_to_do(storm: Storms, road: str, name: str) -> None:
    told = storm(road).targets[name]
    assert told.error is not None
    assert re.search(faults_of(road)[name].words, told.error, re.DOTALL)
    # DIRAC's client does not always say which server of the service it asked.
    assert told.place in told.error or (road == CLIENT and "WorkloadManagement/JobMonitoring" in told.error)
    down = next(event for event in told.events if event.kind is EventKind.TARGET_DOWN)
    assert down.reason is not None
    assert re.search(faults_of(road)[name].words, down.reason, re.DOTALL)


@pytest.mark.parametrize("road", ALL_ROADS)
def test_jobs_elsewhere_do_not_notice(storm: Storms, road: str) -> None:
    assert storm(road).local == [JobStatus.COMPLETED] * 6
