"""Looks are few, none of them is waited for, and one that fails changes nothing."""

from threading import Event, Thread

import pytest

from ganga.backends.batch.kerberos.tickets import TicketError
from ganga.backends.batch.kerberos.watch import EVERY, Watch
from ganga.model.identity import Identity
from tests.backends.batch.toy import Clock

ADA, BOB = Identity(name="ada@EXAMPLE.ORG"), Identity(name="bob@EXAMPLE.ORG")


class Looks:
    """What is found one after the other."""

    def __init__(self, *found: Identity | TicketError | None) -> None:
        self.found = list(found)
        #: Until then a look hangs.
        self.may_end = Event()
        self.may_end.set()

    def __call__(self) -> Identity | None:
        assert self.may_end.wait(60)
        found = self.found.pop(0)
        if isinstance(found, TicketError):
            raise found
        return found


async def looked_again(watch: Watch, clock: Clock) -> Identity | None:
    """What is known a minute later, after the look that somebody causes by asking."""
    clock.now += EVERY
    _ = watch.identity
    await watch.looked(60)
    return watch.identity


async def test_there_is_one_look_a_minute() -> None:
    looks, clock = Looks(ADA, BOB), Clock()
    watch = Watch(looks, now=clock)
    await watch.looked(60)
    clock.now = EVERY - 1
    assert watch.identity == ADA
    await watch.looked(60)
    assert (watch.identity, looks.found) == (ADA, [BOB])
    assert await looked_again(watch, clock) == BOB


async def test_nobody_waits_for_a_look_that_hangs_and_no_other_is_begun() -> None:
    looks, clock = Looks(ADA, BOB), Clock()
    looks.may_end.clear()
    watch = Watch(looks, now=clock)
    await watch.looked(0.01)
    clock.now = 10 * EVERY
    assert watch.identity is None
    looks.may_end.set()
    await watch.looked(60)
    assert looks.found == [BOB]
    assert await looked_again(watch, clock) == BOB


async def test_what_is_known_stays_when_it_cannot_be_read() -> None:
    looks, clock = Looks(TicketError("cut off"), ADA, TicketError("cut off"), None), Clock()
    watch = Watch(looks, now=clock)
    await watch.looked(60)
    assert watch.identity == Identity(name="Kerberos: not known: cut off")
    assert [await looked_again(watch, clock) for _ in range(3)] == [ADA, ADA, None]


async def test_a_machine_without_a_thread_to_give_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    looks, clock = Looks(ADA), Clock()
    with monkeypatch.context() as without:
        without.setattr(Thread, "start", refuse)
        watch = Watch(looks, now=clock)
        await watch.looked(60)
        assert watch.identity is None
    assert await looked_again(watch, clock) == ADA
