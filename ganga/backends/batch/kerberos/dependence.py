"""Whether a target depends on Kerberos tickets, and then on whose."""

import os
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final, Literal, Protocol, runtime_checkable

from ganga.backends.batch.kerberos.mounts import Storage, cell_of, storage_of
from ganga.backends.batch.kerberos.reading import read_tickets, read_token
from ganga.backends.batch.kerberos.tickets import NoTickets, Tickets
from ganga.backends.batch.shell import Shell
from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity

_MOUNTS: Final = Path("/proc/self/mounts")


@runtime_checkable
class Ticketed(Protocol):
    """For shells of machines that may know us by our tickets."""

    @property
    def by_tickets(self) -> bool:
        """Whether the machine has let us in by tickets, as far as there is a connection."""
        ...


class Dependence:
    """That of the jobs whose files lie in this folder of the shell's machine."""

    def __init__(
        self,
        wish: Literal["auto", "yes"],
        shell: Shell,
        folder: PurePosixPath,
        *,
        environment: Mapping[str, str] = os.environ,
        mounts: Path = _MOUNTS,
    ) -> None:
        self._wish = wish
        self._shell = shell
        self._folder = folder
        self._environment = environment
        self._mounts = mounts

    def identity(self) -> Identity | None:
        """Whose tickets count now; None if none do. Blocking. Raises `TicketError` if they are there and cannot be
        read.
        """
        folder, storage = self._storage()
        if self._wish == "auto" and storage is Storage.OPEN and not self._let_in_by_tickets:
            return None
        now = Utc(time.time())
        try:
            tickets = read_tickets(self._environment, now)
            cell = cell_of(folder) if storage is Storage.AFS else ""
            token = read_token(cell, self._environment, now) if cell else None
        except NoTickets as error:
            return Identity(name=f"Kerberos: {error} ({_renewal(None, storage)})")
        return _identity(tickets, token, storage)

    @property
    def _let_in_by_tickets(self) -> bool:
        shell: object = self._shell
        return isinstance(shell, Ticketed) and shell.by_tickets

    def _storage(self) -> tuple[PurePosixPath, Storage]:
        """The folder without links in its path, and what it is on: of another machine that is not known."""
        if not self._shell.shares_files:
            return self._folder, Storage.OPEN
        folder = PurePosixPath(Path(self._folder).resolve())
        try:
            mounts = self._mounts.read_text(errors="replace")
        except FileNotFoundError:
            # So it is on macOS, where AFS is known by the path alone.
            mounts = ""
        return folder, storage_of(folder, mounts)


def _identity(tickets: Tickets, token_ends_at: Utc | None, storage: Storage) -> Identity:
    ends = [end for end in (tickets.ends_at, token_ends_at) if end is not None]
    return Identity(
        name=tickets.principal,
        expires_at=min(ends, default=None),
        renew_by=_renewal(tickets.renewable_until, storage),
    )


def _renewal(renewable_until: Utc | None, storage: Storage) -> str:
    """The commands by which a person renews them."""
    again = "kinit" if renewable_until is None else f"kinit -R (until {rfc3339(renewable_until)}) or kinit"
    return f"{again}, then aklog" if storage is Storage.AFS else again
