"""Acting for the owner of jobs, who may take that back at any moment."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from ganga.errors import ConfigurationError, NotTrusted
from ganga.store.postgres import statements
from ganga.store.postgres.text import Connection

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Acting:
    """A role of the database and the owner that it acts for, itself or another."""

    role: str
    owner: str

    @property
    def for_itself(self) -> bool:
        """Whether the jobs are the role's own: nobody can take that back."""
        return self.owner == self.role

    async def checked(self, connection: Connection, work: Awaitable[_Result]) -> _Result:
        """What the work reads. To a role that is not trusted the server says that there is nothing, so it is asked
        afterwards whether this is one. Raises `NotTrusted`.
        """
        try:
            return await work
        finally:
            await self.check(connection)

    async def check(self, connection: Connection) -> None:
        """Raise `NotTrusted` unless the owner still trusts the role."""
        if self.for_itself or connection.closed:
            return
        [(trusted,)] = await (await connection.execute(statements.TRUSTED, {"owner": self.owner})).fetchall()
        if not trusted:
            raise NotTrusted(
                f"{self.owner} no longer trusts {self.role}; {self.owner} allows it again by "
                f"`ganga rights trust {self.role}`"
            )


async def enter(connection: Connection, owner: str | None) -> tuple[Acting, str]:
    """For whom this role is to act, by default itself, and the id of the store, whose tables are there.

    Raises `ConfigurationError` where the owner does not trust it.
    """
    [(role, trusted)] = await (await connection.execute(statements.WHO, {"owner": owner})).fetchall()
    if not trusted:
        raise ConfigurationError(
            f"the role {role} may not act for {owner}; {owner} allows it by `ganga rights trust {role}`"
        )
    acting = Acting(role, role if owner is None else owner)
    whose = {"owner": acting.owner}
    await connection.execute(statements.ENTER, whose)
    [(identity,)] = await (await connection.execute(statements.STORE_ID, whose)).fetchall()
    return acting, identity
