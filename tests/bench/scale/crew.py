"""The monitors and the readers of one store, as processes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from ganga.model.ids import Seq
from tests.bench.scale.children import Child, Usage, child, total
from tests.bench.scale.errands import Monitoring, Read, Reading, Saved
from tests.bench.scale.places import Place
from tests.bench.scale.truth import Truth

#: Seconds for what comes without fail, and between two looks for it.
_PATIENCE, _LOOK = 120.0, 0.02


class Monitors:
    """Several that share the targets."""

    def __init__(self, children: list[Child], targets: Mapping[str, str], truth: Truth) -> None:
        self.children = children
        #: What is true now.
        self.truth = truth
        self._targets = targets

    def begin(self) -> None:
        """Returns when all jobs of all targets are followed and have been asked about."""
        self.tell(self.truth)
        until(lambda: {saved.target for saved in self.saved() if saved.confirmed} == {*self._targets}, "all confirmed")

    def tell(self, truth: Truth) -> None:
        """Have other jobs change."""
        self.truth = truth
        for one in self.children:
            one.tell(truth)

    def lose(self, one: Child) -> None:
        """It is dead."""
        self.children.remove(one)

    def saved(self) -> list[Saved]:
        """All that was stored so far."""
        return [saved for one in self.children for saved in list(one.saved)]

    def usage(self) -> Usage:
        """Of all together."""
        return total([one.usage() for one in self.children])


@contextmanager
def monitors(
    place: Place, home: Path, targets: Mapping[str, str], truth: Truth, *, count: int, lease: float
) -> Iterator[Monitors]:
    """So many, which say that they are on hosts of their own; they follow. The lease lasts so many seconds."""
    errands = [Monitoring(place.where, str(home), dict(targets), f"host-{number}", lease) for number in range(count)]
    with ExitStack() as stack:
        crew = Monitors([stack.enter_context(child("monitor", errand)) for errand in errands], targets, truth)
        for one in crew.children:
            one.ready()
        crew.begin()
        yield crew


class Readers:
    """Many that read all events."""

    def __init__(self, children: Sequence[Child], results: Sequence[Path]) -> None:
        self._children = children
        self._results = results

    def usage(self) -> Usage:
        """Of all together."""
        return total([one.usage() for one in self._children])

    def read(self) -> list[tuple[Sequence[Seq], Sequence[float]]]:
        """They end. Of each reader: the numbers of the events, and when they were read."""
        for one in self._children:
            one.end()
        results = [msgspec.json.decode(path.read_bytes(), type=Read) for path in self._results]
        return [pair for result in results for pair in zip(result.seqs, result.at, strict=True)]


@contextmanager
def readers(place: Place, home: Path, folder: Path, processes: int, each: int) -> Iterator[Readers]:
    """In so many processes so many each; they read."""
    results = [folder / f"read-{number}.json" for number in range(processes)]
    with ExitStack() as stack:
        children = [
            stack.enter_context(child("readers", Reading(place.where, str(home), each, str(result))))
            for result in results
        ]
        for one in children:
            one.ready()
        yield Readers(children, results)


def until(happened: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    """Wait until something has happened of which nobody tells. Raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} seconds: {what}")
        time.sleep(_LOOK)
