"""What is stored of a budget comes back, and that of one target has a name that nobody can choose."""

import msgspec

from ganga.model.budget import Budget, own_budget
from ganga.model.clock import Utc
from ganga.model.ids import TargetName
from ganga.settings import PaceSettings


def test_a_budget_comes_back_and_an_older_one_lacks_nothing_that_is_needed() -> None:
    full = Budget(at=1.5, rate=0.1, tokens=2.5, use=0.3, rest=7.0, settling=5.0, cut_at=Utc(3.0), reason="429")
    assert msgspec.json.decode(msgspec.json.encode(full), type=Budget) == full
    least = msgspec.json.decode(b'{"at": 1.5, "rate": 0.1, "tokens": 2.5, "later": 7}', type=Budget)
    assert least == Budget(at=1.5, rate=0.1, tokens=2.5)


def test_the_budget_of_one_target_is_shared_with_nobody_by_chance() -> None:
    assert own_budget(TargetName("slurm@lxplus")) == "target slurm@lxplus"
    assert own_budget(TargetName("lxplus")) != PaceSettings(budget="lxplus").budget
