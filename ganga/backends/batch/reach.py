"""How the machine is reached where a batch system is spoken to: the settings that all batch systems share."""

from typing import Annotated

from msgspec import Meta, Struct


class Reach(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of the settings of a target on any batch system."""

    #: Where its commands are run, as for `ssh`: a name, an alias of the user's SSH settings, or `user@name`; empty: on
    #: this machine.
    host: str = ""
    #: The file with SSH settings; empty: `~/.ssh/config`, where it is there.
    ssh_config: str = ""
    #: Seconds for a connection to be made, with all jump hosts on the way.
    connect_timeout: Annotated[float, Meta(gt=0)] = 30.0
    #: Bytes that are brought home from another machine in one go; larger output stays there, and is told.
    largest_output: Annotated[int, Meta(ge=0)] = 10 << 30

    @property
    def where(self) -> str:
        """See `Located`."""
        return self.host or "this machine"
