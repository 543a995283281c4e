"""What a system has written down of jobs."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from ganga.backends.base import Historied
from ganga.backends.batch.chronicle import chronicle, in_order
from ganga.backends.batch.shell import Command, Reply
from ganga.errors import UsageError
from ganga.model.clock import Utc
from ganga.model.ids import NativeId
from ganga.model.step import Step
from tests.backends.batch.toy import ToyDialect, backend_on, toy_system

ONE, TWO = NativeId("101"), NativeId("102")
STEP = Step(status="begun", at=Utc(5))


class ToyChronicler(ToyDialect):
    def chronicle_of(self, ids: Collection[NativeId], /) -> Sequence[Command]:
        return [Command(("toyhist", native_id)) for native_id in ids]

    def read_chronicle(self, reply: Reply, /) -> Mapping[NativeId, Sequence[Step]] | None:
        return None if reply.text == "none" else {ONE: [STEP]}


async def test_jobs_of_which_nothing_is_written_down_are_left_out() -> None:
    async with toy_system() as system:
        assert await chronicle(ToyChronicler(), system, [ONE, TWO]) == {ONE: [STEP]}
        assert await chronicle(ToyChronicler(), system, [TWO]) == {}
        assert await chronicle(ToyChronicler(), system, []) == {}


async def test_a_system_without_accounting_says_so() -> None:
    async with toy_system() as system:
        system.keeps_history = False
        with pytest.raises(UsageError, match="Toy keeps no accounting"):
            await chronicle(ToyChronicler(), system, [ONE])


async def test_a_dialect_that_tells_nothing_says_so(tmp_path: Path) -> None:
    async with toy_system() as system:
        backend = backend_on(system, tmp_path)
        assert isinstance(backend, Historied)
        with pytest.raises(UsageError, match="Toy writes down nothing"):
            await backend.history([ONE])


def test_steps_are_told_once_and_in_order() -> None:
    late = Step(status="ended", at=Utc(9))
    same = Step(status="again", at=Utc(5))
    assert in_order([late, STEP, same, STEP]) == [STEP, same, late]
