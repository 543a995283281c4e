"""A stand-in for the way in which Ganga up to version 8 asks DIRAC. Run in DIRAC's environment, with what to ask for
and the number of jobs.

A helper process has DIRAC's own client. It looks for work each 50 ms, and whoever waits for an answer looks for that
each 0.3 s. ``bulk``: the states of all jobs, a thousand in one piece of work and one piece after the other.
``each``: what is asked for of each job by itself, one call after the other, as one piece of work.
"""

import asyncio
import multiprocessing
import queue
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TextIO, TypeAlias

from tests.bench.dirac.inside.turns import own_output, serve

CHUNK = 1000
LOOKS_FOR_WORK = 0.05
LOOKS_FOR_ANSWER = 0.3

Known = Mapping[int, Mapping[str, str]]
Pieces: TypeAlias = "multiprocessing.Queue[tuple[str, list[int]]]"
Answers: TypeAlias = "multiprocessing.Queue[Known]"


def _bulk(numbers: list[int]) -> Known:
    answer = import_module("DIRAC.Interfaces.API.Dirac").Dirac().getJobStatus(numbers)
    if not answer["OK"]:
        raise RuntimeError(answer["Message"])
    states: Known = answer["Value"]
    return states


def _each(numbers: list[int]) -> Known:
    monitoring = import_module("DIRAC.WorkloadManagementSystem.Client.JobMonitoringClient").JobMonitoringClient()
    answers = {number: monitoring.getJobAttributes(number, ["ApplicationStatus"]) for number in numbers}
    return {number: answer["Value"] for number, answer in answers.items()}


WAYS: Mapping[str, Callable[[list[int]], Known]] = {"bulk": _bulk, "each": _each}


def _help(pieces: Pieces, answers: Answers) -> None:
    """The helper process."""
    import_module("DIRAC").initialize()
    while True:
        try:
            way, numbers = pieces.get_nowait()
        except queue.Empty:
            time.sleep(LOOKS_FOR_WORK)
            continue
        answers.put(WAYS[way](numbers))


class Asking:
    """Each cycle asks for everything, and compares."""

    def __init__(self, way: str, count: int) -> None:
        self._way = way
        self._numbers = list(range(1, count + 1))
        self._known: Known = {}
        self._pieces: Pieces = multiprocessing.Queue()
        self._answers: Answers = multiprocessing.Queue()
        helper = multiprocessing.Process(target=_help, args=(self._pieces, self._answers), daemon=True)
        helper.start()

    async def cycle(self) -> int:
        """How many jobs have news."""
        states: dict[int, Mapping[str, str]] = {}
        for start in range(0, len(self._numbers), CHUNK):
            self._pieces.put((self._way, self._numbers[start : start + CHUNK]))
            states.update(await self._answer())
        known, self._known = self._known, states
        return sum(known.get(job) != words for job, words in states.items())

    async def _answer(self) -> Known:
        while True:
            try:
                return self._answers.get_nowait()
            except queue.Empty:
                await asyncio.sleep(LOOKS_FOR_ANSWER)


async def _main(way: str, count: int, output: TextIO) -> None:
    await serve(Asking(way, count).cycle, output)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), own_output()))
