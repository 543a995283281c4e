"""A plug-in: a target of the tests whose back end does all that people can ask of one directly."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from ganga.backends.base import Backend, Surroundings
from ganga.model.policy import Pace, Policy
from ganga.testing.world import Script
from tests.obliging import Obliging


class Settings(Struct, frozen=True):
    """None."""


class Present:
    """What is there, also after the command that put it there."""

    system = Obliging(time.monotonic)


def begin(script: Script) -> Obliging:
    """A new system, on which each job does this."""
    Present.system = Obliging(time.monotonic, lambda _: script)
    return Present.system


def policy(_settings: Settings, /) -> Policy:
    """Quick questions."""
    return Policy(sweep=Pace(fastest=0.1, slowest=0.1))


@asynccontextmanager
async def connect(_settings: Settings, _surroundings: Surroundings, /) -> AsyncIterator[Backend]:
    """To the present system."""
    yield Present.system
