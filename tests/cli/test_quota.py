"""How often a target may be asked, as people and programs see it."""

import time

from msgspec.structs import replace

from ganga.cli.quota import Quota, quota_object, quota_words
from ganga.cli.standing import Standing, notes, standing_object
from ganga.model.budget import Budget
from ganga.model.clock import Utc
from ganga.model.ids import BudgetName, TargetName
from ganga.model.job import TargetState
from ganga.model.policy import Allowance
from tests.cli.conftest import Ganga

NOW = Utc(1_800_000_000.0)
OWN, LXPLUS = BudgetName("target site"), BudgetName("lxplus")
CUT = Budget(at=0.0, rate=0.35, tokens=1.0, cut_at=NOW, reason="not ready (429)")
SHARED = Allowance(budget=LXPLUS, strict=True, ceiling=1.0)


def test_where_nothing_limits_it_little_is_said() -> None:
    assert quota_words(Quota(OWN, Allowance(), None), NOW) == "as needed"
    whole = replace(CUT, rate=Allowance().ceiling)
    assert quota_words(Quota(OWN, Allowance(), whole), NOW) == "as needed"


def test_the_rate_is_told_with_the_ceiling_and_with_the_last_cut() -> None:
    at = time.strftime("%H:%M", time.localtime(NOW))
    assert quota_words(Quota(LXPLUS, SHARED, None), NOW) == "60 of 60 a minute (budget lxplus)"
    assert quota_words(Quota(OWN, Allowance(), CUT), NOW).startswith("21 of 600 a minute, cut at ")
    words = quota_words(Quota(LXPLUS, SHARED, CUT), NOW)
    assert words == f"21 of 60 a minute (budget lxplus), cut at {at}: not ready (429)"


def test_a_rate_that_another_user_wrote_there_is_told_as_it_is_drawn_on() -> None:
    assert quota_words(Quota(LXPLUS, SHARED, Budget(at=0.0, rate=-1e300, tokens=0.0)), NOW).startswith(
        "6 of 60 a minute"
    )


def test_programs_get_calls_per_minute() -> None:
    assert quota_object(Quota(LXPLUS, SHARED, CUT)) == {
        "name": "lxplus",
        "holds": True,
        "calls_per_minute": 21.0,
        "least": 6.0,
        "most": 60.0,
        "cut_at": "2027-01-15T08:00:00.000Z",
        "reason": "not ready (429)",
    }
    untouched = quota_object(Quota(OWN, Allowance(), None))
    assert (untouched["holds"], untouched["cut_at"], untouched["reason"]) == (False, None, None)


def test_a_target_tells_of_a_budget_that_holds() -> None:
    state = TargetState(name=TargetName("site"))
    standing = Standing(state=state, backend="arc", live=0, holder=None, quota=Quota(OWN, Allowance(), CUT))
    [note] = notes(standing, NOW, credentials=False)
    assert note.startswith("may be asked 21 of 600 a minute, cut at")
    assert standing_object(standing)["budget"] == quota_object(Quota(OWN, Allowance(), CUT))


def test_the_commands_show_it(cli: Ganga) -> None:
    assert cli("monitor", "--status").out.splitlines()[0].split()[-1] == "CALLS"
    assert "as needed" in cli("monitor", "--status").out
    for command in (["monitor", "--status", "--json"], ["targets", "--json"]):
        [line] = cli(*command).objects
        budget = line["budget"]
        assert isinstance(budget, dict)
        assert budget["name"] == "target local"
