"""What a job needs, in one vocabulary for all systems; each back end turns it into the words of its own system."""

from collections.abc import Collection
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

_Count = Annotated[int, Meta(ge=1, le=2**31)]


class Resources(Struct, frozen=True, kw_only=True):
    """None, an empty text and an empty tuple leave the choice to the system."""

    #: Processors, all on one machine.
    processors: _Count | None = None
    #: Bytes, for all processes of the job together.
    memory: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    #: Seconds by the clock on the wall from the start of the job to its end.
    time: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    #: The queue, or partition, to wait in.
    queue: str = ""
    #: The project, or account, that pays.
    project: str = ""
    #: Graphics processors, all on one machine.
    gpus: _Count | None = None
    #: The container image to run in.
    image: str = ""
    #: Options in the words of the system, passed on untouched.
    native: tuple[str, ...] = ()

    def wished(self) -> tuple[str, ...]:
        """The names of what is asked for."""
        return tuple(name for name, value in asdict(self).items() if value)


def beyond(wish: Resources, system: str, able: Collection[str] = ()) -> str | None:
    """Why a system that understands only these resources, by their names, refuses a job; None if it does not."""
    strange = [name for name in wish.wished() if name not in able]
    if not strange:
        return None
    return f"{system} cannot be asked for {', '.join(strange)}; leave that out, or choose another target"
