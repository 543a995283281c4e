"""The road of the last time, and by what the same installation is known again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga.backends.dirac.remembering import Memory, check, load, remembered, same, save, stamp
from ganga.backends.dirac.road import Identity, JobState
from ganga.backends.dirac.settings import RoadName, Settings
from ganga.errors import BackendUnavailable
from tests.backends.dirac.scripted_road import OWNER, ScriptedRoad

WHO = Identity(owner=OWNER, group="users", organisation="vo")
MEMORY = remembered(RoadName.HTTPS, WHO, Settings(), None)


def states(**names: str) -> dict[int, JobState]:
    return {int(key[1:]): JobState(id=int(key[1:]), status="Running", name=name) for key, name in names.items()}


def test_what_is_kept_is_private_and_comes_back(tmp_path: Path) -> None:
    memory = MEMORY.with_news({4711: "ganga-1"})
    save(tmp_path, memory)
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert load(tmp_path, Settings()) == memory


def test_nothing_is_known_at_first_nor_of_other_settings(tmp_path: Path) -> None:
    assert load(tmp_path, Settings()) is None
    save(tmp_path, MEMORY)
    assert load(tmp_path, Settings(diracx_url="https://elsewhere.example.org")) is None
    assert load(tmp_path, Settings(interval=99.0)) == MEMORY


def test_a_damaged_file_is_told_and_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "road.json").write_bytes(b'{"road": "by\xff')
    assert load(tmp_path, Settings()) is None
    assert "cannot be read" in caplog.text


def test_that_nothing_can_be_kept_is_told_and_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "missing", MEMORY)
    assert "cannot be remembered" in caplog.text


@given(st.lists(st.dictionaries(st.integers(1, 99), st.just("name"))), st.frozensets(st.integers(1, 99)))
def test_the_newest_jobs_that_were_not_denied_are_the_witnesses(
    seen: list[dict[int, str]], denied: frozenset[int]
) -> None:
    memory = MEMORY
    for present in seen:
        memory = memory.with_news(present)
    memory = memory.with_news({}, denied)
    assert len(memory.witnesses) <= 8
    assert not denied & memory.witnesses.keys()
    assert max(memory.witnesses, default=0) == max(
        (number for number in sorted(set().union(*seen))[-8:] if number not in denied), default=0
    )


def test_an_installation_is_known_again_by_a_job_and_not_by_another_of_its_number() -> None:
    witnesses = {1: "one", 2: "two"}
    assert same(witnesses, states(n1="one", n2="two"))
    assert same(witnesses, states(n2="two")), "the other one may have been removed"
    assert not same(witnesses, states(n1="one", n2="another"))
    assert not same(witnesses, {})


async def test_the_road_of_the_last_time_needs_no_proof() -> None:
    road = ScriptedRoad()
    await check(None, RoadName.DIPS, road, WHO)
    await check(MEMORY.with_news({1: "one"}), RoadName.HTTPS, road, replace(WHO, owner="bob"))
    assert road.calls == []


async def test_another_road_has_to_lead_to_the_same_jobs() -> None:
    road, memory = ScriptedRoad(), MEMORY.with_news({1: "one"})
    await check(MEMORY, RoadName.DIPS, road, WHO)
    with pytest.raises(BackendUnavailable, match=r'do not know the jobs .* https; set `road = "dips"`'):
        await check(memory, RoadName.DIPS, road, WHO)
    road.add(1, name="one")
    await check(memory, RoadName.DIPS, road, WHO)


async def test_a_submission_of_which_nothing_is_known_is_looked_for_where_it_was_made() -> None:
    road = ScriptedRoad()
    road.add(1, name="one")
    with pytest.raises(BackendUnavailable, match="do not know the jobs"):
        await check(replace(MEMORY, submitted=True), RoadName.DIPS, road, WHO)
    await check(replace(MEMORY, submitted=True, witnesses={1: "one"}), RoadName.DIPS, road, WHO)


def test_what_is_known_of_jobs_goes_on_with_the_next_road() -> None:
    before = replace(MEMORY, submitted=True, witnesses={1: "one"})
    assert remembered(RoadName.DIPS, WHO, Settings(), before) == replace(before, road=RoadName.DIPS)


@pytest.mark.parametrize("who", [replace(WHO, owner="bob"), replace(WHO, group="admins")])
async def test_another_road_has_to_take_us_for_the_same(who: Identity) -> None:
    with pytest.raises(BackendUnavailable, match="alice of users"):
        await check(MEMORY, RoadName.DIPS, ScriptedRoad(), who)


def test_nothing_that_is_kept_is_secret() -> None:
    assert set(Memory.__struct_fields__) == {"settings", "road", "owner", "group", "submitted", "witnesses"}
    assert stamp(Settings(proxy="/secret/place")) == stamp(Settings())
