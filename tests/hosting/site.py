"""A plug-in: a made-up system on which each account has jobs of its own, and shows a file to be let in."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from ganga.backends.base import Backend, Surroundings
from ganga.errors import BackendUnavailable
from ganga.model.policy import Pace, Policy, Width
from ganga.testing.backend import ScriptedBackend
from ganga.testing.world import Script


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it takes us for, and the file that shows it."""

    account: str = ""
    proxy: str = ""


class Systems:
    """What each account has there, and what was in the file that was shown for it; a job does what the script says."""

    accounts: ClassVar[dict[str, ScriptedBackend]] = {}
    shown: ClassVar[dict[str, str]] = {}
    script = Script(running=0.0, stdout=b"done\n")

    @classmethod
    def begin(cls) -> None:
        """Anew."""
        cls.accounts, cls.shown, cls.script = {}, {}, Script(running=0.0, stdout=b"done\n")


def policy(_settings: Settings, /) -> Policy:
    """Quick questions."""
    brisk = Width(batch=10)
    return Policy(sweep=Pace(fastest=0.1, slowest=0.2), submit=brisk, finish=brisk, answer_within=5.0)


@asynccontextmanager
async def connect(settings: Settings, _surroundings: Surroundings, /) -> AsyncIterator[Backend]:
    """As this account."""
    if settings.proxy:
        try:
            Systems.shown[settings.account] = await asyncio.to_thread(Path(settings.proxy).read_text)
        except OSError as error:
            raise BackendUnavailable(f"there are no credentials: {error}") from error
    yield Systems.accounts.setdefault(settings.account, ScriptedBackend(time.monotonic, lambda _: Systems.script))
