"""The tests' pilot itself: no server is needed for that."""

import asyncio
from pathlib import Path

import pytest

from ganga.backends.dirac.road import Refused
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from tests.live.dirac import worker
from tests.live.dirac.worker import Worker, patiently


class Broken(Worker):
    """Finds one job and cannot run it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(None, None, folder)  # type: ignore[arg-type] # - nobody is spoken to

    def _look(self) -> list[tuple[int, str, int, str]]:
        return [(1, "Received", 0, '[StdOutput = "std.out";]')]

    async def _run(self, _job: int, _restart: int, _jdl: dict[str, str]) -> None:
        raise Refused("no such job")


async def test_a_pilot_that_fails_for_good_ends_its_test_at_once_with_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(60), Broken(tmp_path).at_work():
            await asyncio.Event().wait()
    assert [str(error) for error in caught.value.exceptions] == ["no such job"]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_PAUSES", (0, 0))


class Step:
    """Fails as often as it is told."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)

    async def __call__(self) -> str:
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.mark.usefixtures("pauses")
async def test_a_step_is_tried_again_while_the_server_fails_for_a_moment() -> None:
    assert await patiently(Step(BackendUnavailable("busy"), NotSent("away"))) == "done"


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize(
    "errors", [[Refused("no")], [BackendUnavailable("busy")] * 3], ids=["refused", "away for longer"]
)
async def test_what_lasts_is_raised(errors: list[Exception]) -> None:
    with pytest.raises(type(errors[0])):
        await patiently(Step(*errors))


@pytest.mark.usefixtures("pauses")
async def test_a_step_that_may_have_been_made_is_not_made_twice() -> None:
    with pytest.raises(BackendUnavailable, match="broke off"):
        await patiently(Step(NotSent("away"), BackendUnavailable("broke off")), NotSent)
