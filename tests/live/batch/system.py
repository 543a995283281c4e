"""What a batch system has to offer to take part in the shared tests: how jobs on it are reached, and what can happen to
them and to it. One class for each system; `conftest` lists them.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Protocol

from ganga.backends.batch.backend import BatchBackend
from ganga.model.ids import NativeId
from ganga.model.resources import Resources
from ganga.model.status import JobStatus


class System(Protocol):
    """A real batch system that runs on this machine."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by which its commands find it."""
        ...

    @property
    def backend(self) -> str:
        """The name of the back end that speaks to it."""
        ...

    @property
    def settings(self) -> str:
        """Lines of the settings of a target, where more are needed than of all."""
        ...

    @property
    def keeps_history(self) -> bool:
        """Whether it writes down how jobs ended."""
        ...

    @property
    def forgets_use(self) -> bool:
        """Whether it tells what a job has used only for as long as the queue has it, ended or not."""
        ...

    @property
    def makes_arrays_later(self) -> bool:
        """Whether it shows the tasks of an array some time after it has taken the array only."""
        ...

    @property
    def history(self) -> str | None:
        """The daemon without which the history cannot be asked."""
        ...

    @property
    def unknown(self) -> NativeId:
        """The well-formed id of a job that was never there."""
        ...

    @property
    def daemons(self) -> tuple[str, ...]:
        """Those that may be killed and started again without an end to any job, the controller first."""
        ...

    @property
    def question(self) -> str:
        """The program that tells of the queue."""
        ...

    def has_forgotten(self, native_id: NativeId, /) -> bool:
        """Whether the queue does not list a job any more."""
        ...

    @property
    def shortest_limit(self) -> Resources:
        """The shortest time limit that it knows."""
        ...

    def connect(self, folder: Path, *, timeout: float = 30.0) -> AbstractAsyncContextManager[BatchBackend]:
        """Open a target whose files are in a folder."""
        ...

    def submit_as_somebody(self, name: str, script: str) -> NativeId:
        """A job that is none of ours."""
        ...

    def cancel_as_somebody(self, native_id: NativeId) -> None:
        """Without asking us."""
        ...

    def requeue(self, native_id: NativeId) -> None:
        """Have a running job run again, soon."""
        ...

    @property
    def waiting(self) -> Resources:
        """With these needs a job waits for as long as nobody does anything."""
        ...

    @property
    def scarce_memory(self) -> Resources | None:
        """With these needs a job gets 200 MiB of memory at most; None where nothing here holds it to that."""
        ...

    @property
    def over_memory(self) -> JobStatus:
        """What becomes of a job that takes more than that."""
        ...

    def crowd(self, size: int) -> AbstractContextManager[None]:
        """So many jobs under a foreign name wait for a while."""
        ...

    def restart(self, daemon: str) -> None:
        """Kill a daemon and start it again; returns when it answers."""
        ...

    def stopped(self, daemon: str) -> AbstractContextManager[None]:
        """A daemon is not there for a while."""
        ...

    def frozen(self, daemon: str) -> AbstractContextManager[None]:
        """A daemon is there and does nothing for a while."""
        ...
