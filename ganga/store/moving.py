"""A store moves to another place, of this kind or another, with all that it holds, and goes on there as if nothing had
been.

First the store that leaves is closed: nothing can be written to it from then on, and nobody holds a lease of it. Then
it is copied page by page, and each page is noted where it arrives, in one transaction with it: a move that was
interrupted goes on behind the last page when it is begun again. At the end both are read and compared, and only then is
the new one open for use and the old one says where it went.
"""

from secrets import token_hex

from msgspec.structs import replace

from ganga.errors import StoreDamaged, UsageError
from ganga.store.base import Store
from ganga.store.contents import PAGE, Contents, Progress, contents, size
from ganga.store.portion import Passage, Portion, Step


async def move(source: Store, destination: Store, tell: Progress) -> Contents:
    """Move a store into a new and empty one, or go on with that. Returns what was moved.

    Both are to be opened with `passing`. Raises `UsageError` for a destination that is in use, before anything is done,
    and `StoreDamaged` if the two are not alike at the end: the source then stays closed, and whole.
    """
    leaving = await _close(source, destination)
    arriving = await _arrive(source, destination, leaving)
    await _copy(source, destination, arriving, tell)
    found = await compare(source, destination, tell)
    await source.pass_over(replace(leaving, step=Step.LEFT))
    await destination.pass_over(None)
    return found


async def compare(one: Store, other: Store, tell: Progress) -> Contents:
    """What both stores hold. Raises `StoreDamaged` if that is not the same."""
    found = await contents(one, tell)
    differences = found.differences(await contents(other, tell))
    if differences:
        raise StoreDamaged(
            f"{other.location} is not the same as {one.location}: the {' and the '.join(differences)} differ; "
            "if a move has ended so, delete the former and begin again"
        )
    return found


async def reopen(store: Store) -> None:
    """Have a store used again that is being moved, or was moved, and is not used at the other place.

    Raises `UsageError` for one that takes part in no move, or that holds only a part of another.
    """
    passage = (await store.head()).passage
    if passage is None:
        raise UsageError(f"the store {store.location} takes part in no move; there is nothing to be given up")
    if passage.step is Step.ARRIVING:
        raise UsageError(f"the store {store.location} holds only a part of {passage.place}; delete it instead")
    await store.pass_over(None)


async def _close(source: Store, destination: Store) -> Passage:
    """Have nothing written to the source. Returns how it says so."""
    here, there = (await source.head()).passage, (await destination.head()).passage
    if here is None:
        if await _is_used(destination):
            raise UsageError(f"the store {destination.location} is in use; name a place where there is none")
        here = Passage(step=Step.LEAVING, place=destination.location, mark=token_hex(8))
        await source.pass_over(here)
    elif here.step is Step.ARRIVING:
        raise UsageError(f"the store {source.location} holds only a part of {here.place}; move that one")
    elif here.place != destination.location:
        raise UsageError(f"the store {source.location} is {here.step} to {here.place}, and cannot be moved elsewhere")
    elif here.step is Step.LEFT and there is None:
        raise UsageError(f"the store {source.location} was moved to {here.place} already")
    return here


async def _is_used(store: Store) -> bool:
    head = await store.head()
    return bool(head.last_job or head.last_seq or head.passage or await store.stored_targets())


async def _arrive(source: Store, destination: Store, leaving: Passage) -> Passage:
    """Have the destination say what it is going to be; returns how far it is."""
    head = await source.head()
    begun = (await destination.head()).passage
    arriving = Passage(step=Step.ARRIVING, place=source.location, mark=leaving.mark, seq=head.forgotten)
    if begun is not None:
        arriving = replace(arriving, job=begun.job, seq=begun.seq)
    await destination.load(Portion(head=head, targets=tuple(await source.stored_targets())), arriving)
    return arriving


async def _copy(source: Store, destination: Store, arriving: Passage, tell: Progress) -> None:
    total, done = await size(source), await size(destination)
    what = f"copying to {destination.location}"
    while jobs := await source.dump(after=arriving.job, limit=PAGE):
        arriving = replace(arriving, job=jobs[-1].record.id)
        await destination.load(Portion(jobs=tuple(jobs)), arriving)
        done += len(jobs)
        tell(done, total, what)
    while events := await source.events(arriving.seq, limit=PAGE):
        arriving = replace(arriving, seq=events[-1].seq)
        await destination.load(Portion(events=tuple(events)), arriving)
        done += len(events)
        tell(done, total, what)
