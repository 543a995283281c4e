"""Who may use the store, and who acts for whom.

Whoever made the tables admits the roles of others. From then on each role says itself who acts for it.
"""

from typing import Final, TypeVar

from ganga.errors import UsageError
from ganga.model.ids import shortened
from ganga.store.postgres.address import read_address
from ganga.store.postgres.deadline import Deadline
from ganga.store.postgres.link import Errand, Link, translating
from ganga.store.postgres.schema import grant_rights, migrate
from ganga.store.postgres.text import Connection

_Result = TypeVar("_Result")

_TRUST: Final = """
    INSERT INTO ganga.grants (owner, service) VALUES (current_user, %s) ON CONFLICT (owner, service) DO NOTHING
"""
_DISTRUST: Final = "DELETE FROM ganga.grants WHERE owner = current_user::text AND service = %s"
_TRUSTED: Final = "SELECT service FROM ganga.grants WHERE owner = current_user::text ORDER BY service"
_PATIENCE: Final = 30.0


async def admit(url: str, role: str, *, patience: float = _PATIENCE) -> None:
    """Let the role use the store, which is made if it is not there; it sees its own jobs only.

    Raises `UsageError` for a role that the server does not know, and `StoreError`.
    """
    address = read_address(url)

    async def errand(connection: Connection, _deadline: Deadline) -> None:
        await migrate(connection, address.location)
        await _check_role(connection, role)
        async with connection.transaction():
            await grant_rights(connection, role)

    await _run(Link(address, "ganga admits", patience), errand)


async def trust(url: str, service: str, *, patience: float = _PATIENCE) -> None:
    """Let another role act for the one that connects: see its jobs, and do with them what it could.

    Raises `UsageError` for a role that the server does not know, and `StoreError`.
    """

    async def errand(connection: Connection, _deadline: Deadline) -> None:
        await _check_role(connection, service)
        await connection.execute(_TRUST, (service,))

    await _run(Link(read_address(url), "ganga trusts", patience), errand)


async def distrust(url: str, service: str, *, patience: float = _PATIENCE) -> None:
    """Take that back, from the next statement on. Raises `StoreError`."""

    async def errand(connection: Connection, _deadline: Deadline) -> None:
        await connection.execute(_DISTRUST, (service,))

    await _run(Link(read_address(url), "ganga distrusts", patience), errand)


async def trusted(url: str, *, patience: float = _PATIENCE) -> list[str]:
    """The roles that act for the one that connects. Raises `StoreError`."""

    async def errand(connection: Connection, _deadline: Deadline) -> list[str]:
        return [service for (service,) in await (await connection.execute(_TRUSTED)).fetchall()]

    return await _run(Link(read_address(url), "ganga trusts", patience), errand)


async def _run(link: Link, errand: Errand[_Result]) -> _Result:
    try:
        with translating(link.location):
            return await link.run(errand)
    finally:
        await link.drop()


async def _check_role(connection: Connection, role: str) -> None:
    known = await connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,))
    if known.rowcount == 0:
        raise UsageError(f"the server knows no role {shortened(role)!r}; its administrator makes one by CREATE ROLE")
