"""A short run in which all holds, and short ones of a broken product in which it does not."""

import json
import shutil
from pathlib import Path

import pytest

from tests.chaos.__main__ import main
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.system_packages import NotInstalled

#: Plans with faults of many kinds; that of PostgreSQL has a fail-over.
SEEDS = {"sqlite": "11", "postgres": "4"}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_all_laws_hold(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    if store == "postgres":
        needs(check, NotInstalled)
    code = main(["--seconds", "45", "--seed", SEEDS[store], "--store", store, "--patience", "300", "--json"])
    told = capsys.readouterr()
    outcome = json.loads(told.out)
    assert code == 0, told.err
    assert not any(outcome["breaches"].values())
    assert outcome["folder"] is None
    assert outcome["jobs"]
    assert outcome["faults"]
    assert outcome["stale"]["all"]["count"]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("defect", "kind", "law"), [("silence", "empty", "no false end"), ("tags", "cut", "none run twice")]
)
def test_a_broken_product_is_found(defect: str, kind: str, law: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--seconds", "20", "--seed", "5", "--patience", "30", "--only", kind, "--defect", defect, "--json"]
    assert main(words) == 1
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["breaches"][law]
    assert {fault[2] for fault in outcome["faults"]} == {kind}
    kept = Path(outcome["folder"])
    assert (kept / "universe.jsonl").exists()
    assert (kept / "host-0.log").exists()
    shutil.rmtree(kept)
