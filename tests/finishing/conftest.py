"""Jobs that have ended, and plug-ins that behave badly."""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from ganga.finishing import plugins
from ganga.finishing.base import Ended
from ganga.model.clock import Utc
from ganga.model.ids import JobId, TargetName
from ganga.model.job import JobRecord, JobSpec
from ganga.model.status import JobStatus

SPEC = JobSpec(command=("true",))


def record(job: str, outcome: JobStatus = JobStatus.COMPLETED, *, subjobs: int | None = None) -> JobRecord:
    """Of a job that is completing."""
    return JobRecord(
        id=JobId(job),
        name="fit",
        target=TargetName("local"),
        status=JobStatus.COMPLETING,
        outcome=outcome,
        created_at=Utc(1000.0),
        ended_at=Utc(2000.0),
        attempt=1,
        subjobs=subjobs,
    )


@pytest.fixture(name="ended")
def with_an_empty_output(tmp_path: Path) -> Ended:
    output = tmp_path / "output-1"
    output.mkdir()
    return Ended(record("12"), SPEC, output)


@pytest.fixture(name="parts")
def two_subjobs_with_output(tmp_path: Path) -> list[Ended]:
    parts = []
    for index, text in enumerate(("one\n", "two")):
        output = tmp_path / str(index) / "output-1"
        output.mkdir(parents=True)
        (output / "stdout").write_text(text)
        parts.append(Ended(record(f"12.{index}"), SPEC, output))
    return parts


@pytest.fixture(name="offer")
def entry_points_of_a_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes plug-ins known: ``offer("ganga.checkers", name="module:Class")``."""

    def offer(group: str, **values: str) -> None:
        added = [EntryPoint(name, value, group) for name, value in values.items()]
        monkeypatch.setattr(
            plugins,
            "entry_points",
            lambda *, group: [*entry_points(group=group), *(e for e in added if e.group == group)],
        )
        plugins._entry_points.cache_clear()

    yield offer
    monkeypatch.undo()
    plugins._entry_points.cache_clear()
