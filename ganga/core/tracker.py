"""What to ask of all targets, when, and what the answers mean: one `TargetTracker` for each target that is ours."""

from collections.abc import Iterable, Iterator

from ganga.core.orders import Order, Result
from ganga.core.target import TargetTracker
from ganga.model.clock import Moment, Monotonic
from ganga.model.ids import TargetName
from ganga.model.update import Update


class Tracker:
    """The targets that one monitor looks after. Nobody waits for another: each keeps its own pace."""

    def __init__(self, targets: Iterable[TargetTracker] = ()) -> None:
        self._targets = {target.name: target for target in targets}

    def __repr__(self) -> str:
        return f"<Tracker {', '.join(f'{name}: {len(target)} jobs' for name, target in self._targets.items())}>"

    def __iter__(self) -> Iterator[TargetTracker]:
        return iter(self._targets.values())

    def __contains__(self, name: TargetName) -> bool:
        return name in self._targets

    def __getitem__(self, name: TargetName) -> TargetTracker:
        return self._targets[name]

    def add(self, target: TargetTracker) -> None:
        """Look after one more target."""
        self._targets[target.name] = target

    def remove(self, name: TargetName) -> None:
        """No longer look after a target; nothing happens if it was not looked after."""
        self._targets.pop(name, None)

    def due(self, moment: Moment) -> list[Order]:
        """What is to be done now. Each order must come back as one result."""
        return [order for target in self._targets.values() for order in target.due(moment)]

    def next_wakeup(self) -> Monotonic | None:
        """When `due` may have something; None if nothing will be due before another result comes."""
        wakeups = (target.next_wakeup() for target in self._targets.values())
        return min((wakeup for wakeup in wakeups if wakeup is not None), default=None)

    def receive(self, target: TargetName, results: Iterable[Result], moment: Moment) -> Update:
        """What follows from results that all belong to one target: nothing, if the target is no longer ours."""
        return self._targets[target].receive(results, moment) if target in self._targets else Update(target)
