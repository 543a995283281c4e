"""Whether a target answers, asked here and now, past whoever looks after it."""

import asyncio
from time import monotonic

from msgspec import Struct

from ganga.backends.base import Identified
from ganga.errors import GangaError
from ganga.model.identity import Identity
from ganga.model.ids import Tag, TargetName
from ganga.monitor.border import Border
from ganga.monitor.service import Service

#: The tag of no job: that nobody has it is the answer to a question that each back end has to put to its system.
_NOBODY = Tag("ganga-nobody-0-1")


class Health(Struct, frozen=True, kw_only=True):
    """What came of asking."""

    #: Seconds for the connection and the answer to one question; None if there was no answer.
    answered_in: float | None = None
    #: What went wrong, and what to try; None if nothing did.
    problem: str | None = None
    #: Whom the target took us for, as far as that is known.
    identity: Identity | None = None


async def check(service: Service, target: TargetName, within: float) -> Health:
    """Open the target as its monitor would, and ask it one question. Takes no longer than so many seconds."""
    limit = asyncio.timeout(within)
    try:
        async with limit:
            return await _ask(service, target)
    except TimeoutError:
        return Health(problem=f"no answer within {within:g} seconds" if limit.expired() else "it timed out")
    except GangaError as error:
        return Health(problem=str(error))
    except Exception as error:  # noqa: BLE001 - a bug in one back end is no word on the others
        return Health(problem=f"its back end failed: {type(error).__name__}: {error}; report this bug")


async def _ask(service: Service, target: TargetName) -> Health:
    begun = monotonic()
    backend = await service.backend(target)
    await Border(backend).find([_NOBODY])
    took = monotonic() - begun
    return Health(answered_in=took, identity=backend.identity if isinstance(backend, Identified) else None)
