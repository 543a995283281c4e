"""A service looks after the jobs of all who trust it, on a real DiracX, with the tokens of each of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from ganga.backends.dirac.diracx import open_road
from ganga.backends.dirac.settings import Settings
from tests.live.dirac.worker import Worker
from tests.live.diracx_server.running import DiracXServer
from tests.live.households import Households, Person, awaited, households

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

#: What the owners are called at DiracX, each where the server has the name.
USERS = {"ada": "alice", "bob": "bob"}


@pytest.fixture(scope="module")
def people() -> Iterator[Households]:
    with households() as found:
        yield found


@pytest.fixture(autouse=True)
def settled(people: Households, diracx: DiracXServer) -> Iterator[None]:
    """Each owner has tokens of her own, which last."""
    for owner in (people.ada, people.bob):
        owner.configure(people.store(owner.name) + target(people, diracx, owner.name))
        lend(people, owner, diracx)
    yield
    for owner in (people.ada, people.bob):
        tokens(owner).unlink(missing_ok=True)


def tokens(owner: Person) -> Path:
    return owner.ganga_home / "credentials" / "tokens.json"


def lend(people: Households, owner: Person, diracx: DiracXServer, *, access: float = 36000.0) -> None:
    file = people.folder / f"login-{owner.name}.json"
    diracx.login(file, access=access, refresh=2 * access, other_user=USERS[owner.name] == "bob")
    people.lend(owner, tokens(owner), file.read_bytes())


def target(people: Households, diracx: DiracXServer, owner: str) -> str:
    return (
        "[targets.dirac]\n"
        f'diracx_url = "{diracx.where.url}"\n'
        f"diracx_credentials = '{people.folder}/{owner}/ganga/credentials/tokens.json'\n"
        "interval = 0.5\n"
        "commit_delay = 2\n"
    )


@asynccontextmanager
async def workers(people: Households, diracx: DiracXServer, folder: Path) -> AsyncIterator[None]:
    """The jobs of each user are run, with tokens that are not those of ganga."""
    async with AsyncExitStack() as stack:
        for owner in (people.ada, people.bob):
            user = USERS[owner.name]
            (folder / user).mkdir()
            own = diracx.login(folder / f"{user}.json", access=36000.0, refresh=72000.0, other_user=user == "bob")
            settings = Settings(diracx_url=diracx.where.url, diracx_credentials=str(own))
            road = await stack.enter_async_context(open_road(settings))
            await stack.enter_async_context(Worker(road, diracx, folder / user, owner=user).at_work())
        yield


def submitted(owner: Person, *script: str) -> str:
    """A job with an input, an output and some words."""
    owner.write(owner.home / "input", f"of {owner.name}\n")
    line = "; ".join((f"echo {owner.name}", "cat input >result", *script))
    words = ("--target", "dirac", "--input", "input", "--output", "result", "--", "sh", "-c", line)
    return owner.ganga("submit", *words).split()[0]


def check_followed(owner: Person, diracx: DiracXServer) -> None:
    """A job of this owner comes to its end with its output, and was this owner's there."""
    job = submitted(owner)
    ended = owner.ended(job)
    assert ended["status"] == "completed"
    assert int(str(ended["native_id"])) in diracx.jobs_of(USERS[owner.name])
    assert owner.ganga("logs", job) == f"{owner.name}\n"
    assert (owner.ganga_home / f"jobs/{job}/output-1/result").read_text() == f"of {owner.name}\n"
    owner.ganga("remove", job)


async def test_jobs_of_all_are_followed_with_the_tokens_of_each(
    people: Households, diracx: DiracXServer, tmp_path: Path
) -> None:
    with people.serving(target(people, diracx, "{owner}")):
        async with workers(people, diracx, tmp_path):
            for owner in (people.ada, people.bob):
                failing = await asyncio.to_thread(submitted, owner, "exit 3")
                await asyncio.to_thread(check_followed, owner, diracx)
                ended = await asyncio.to_thread(owner.ended, failing)
                assert (ended["status"], ended["exit_code"]) == ("failed", 3)
                identity = (await asyncio.to_thread(owner.target, "dirac"))["identity"]
                assert isinstance(identity, dict)
                assert identity["name"] == f"{USERS[owner.name]} of user"


@pytest.mark.parametrize("trouble", ["missing", "expired", "a link to those of another", "a folder of another"])
async def test_tokens_that_cannot_be_used_hurt_nobody_else(
    people: Households, diracx: DiracXServer, tmp_path: Path, trouble: str
) -> None:
    ada, bob = people.ada, people.bob
    message = spoilt(people, diracx, trouble)
    with people.serving(target(people, diracx, "{owner}")):
        job = await asyncio.to_thread(submitted, ada)
        down = await asyncio.to_thread(
            awaited, lambda: ada.target("dirac"), lambda target: target["down_since"] is not None
        )
        assert message in str(down["error"])
        async with workers(people, diracx, tmp_path):
            await asyncio.to_thread(check_followed, bob, diracx)
            shown = await asyncio.to_thread(ada.job, job)
            assert (shown["status"], shown["native_id"]) == ("submitting", None)
            restored(people, diracx)
            ended = await asyncio.to_thread(ada.ended, job)
            assert ended["status"] == "completed"
            assert int(str(ended["native_id"])) in await asyncio.to_thread(diracx.jobs_of, "alice")


def spoilt(people: Households, diracx: DiracXServer, trouble: str) -> str:
    """What is said of it."""
    mine, others = tokens(people.ada), tokens(people.bob)
    match trouble:
        case "expired":
            lend(people, people.ada, diracx, access=-60.0)
            return "dirac login"
        case "missing":
            mine.unlink()
            return "there are no tokens"
        case "a folder of another":
            mine.unlink()
            mine.parent.rmdir()
            mine.parent.symlink_to(others.parent)
        case _:
            mine.unlink()
            mine.symlink_to(others)
    return "belongs to somebody else than ada"


def restored(people: Households, diracx: DiracXServer) -> None:
    mine = tokens(people.ada)
    if mine.parent.is_symlink():
        mine.parent.unlink()
    elif mine.is_symlink():
        mine.unlink()
    lend(people, people.ada, diracx)
