"""A short run in which all holds, and short ones of a broken product in which it does not."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.chaos.__main__ import main
from tests.chaos.plan import Kind
from tests.live.folders import VARIABLE
from tests.live.needs import OFF, needs
from tests.live.postgres_server.install import check
from tests.live.system_packages import NotInstalled

#: Plans with faults of almost all kinds, of slow disks for one; that of PostgreSQL has a fail-over.
SEEDS = {"sqlite": "315", "postgres": "263"}


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
    assert outcome["stale"]["all"]["count"]
    assert Kind.DISK_SLOW in {kind for _, _, kind, *_ in outcome["faults"]} or not _insists(), outcome["left_out"]


def _insists() -> bool:
    """Whether it is an error that a disk cannot be slowed down here: see `needs`."""
    return bool(os.environ.get("CI")) and os.environ.get(VARIABLE, "").lower() not in OFF


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
