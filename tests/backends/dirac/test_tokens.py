"""Tokens are renewed in time, once each, and never on a guess."""

import asyncio
import errno
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ganga.backends.dirac.road import CredentialsExpired, Refused
from ganga.backends.dirac.token_file import LockedTokenFile, TokenFile, Tokens, Version
from ganga.backends.dirac.tokens import LOOK_EVERY, Grant, TokenKeeper
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable
from tests.backends.dirac.tokens import made, token, written


class World:
    """A clock, a server that renews, and a file."""

    def __init__(self, path: Path, *, life: float = 1200.0, legacy: bool = False) -> None:
        self.now = 1000.0
        self.life = life
        self.legacy = legacy
        self.shown: list[str] = []
        self.trouble: list[Exception] = []
        self.file = written(path, made(token(exp=0), self.refresh_token()))
        self.keeper = self.another()

    def another(self) -> TokenKeeper:
        """Another one at the same file."""
        return TokenKeeper(self.file, self.renew, clock=lambda: self.now)

    def refresh_token(self) -> str:
        return token(number=len(self.shown), exp=99999.0, legacy_exchange=self.legacy)

    async def renew(self, refresh_token: str) -> Grant:
        self.shown.append(refresh_token)
        if self.trouble:
            raise self.trouble.pop(0)
        new = refresh_token if self.legacy else self.refresh_token()
        access = token(exp=self.now + self.life, preferred_username="alice", dirac_group="user", vo="lhcb")
        return Grant(access_token=access, expires_in=self.life, refresh_token=new)

    def login(self, *, life: float = 1200.0) -> str:
        """Somebody logs in again."""
        access = token(login=len(self.shown), exp=self.now + life)
        written(self.file.path, made(access, token(login=1), self.now + life))
        return access


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "credentials.json")


async def look_again(keeper: TokenKeeper) -> str:
    """As if it had been a while since the last look at the file."""
    keeper._looked_at -= 2 * LOOK_EVERY
    return await keeper.access()


async def test_a_token_is_used_until_shortly_before_its_end(world: World) -> None:
    first = await world.keeper.access()
    world.now += 899.0
    assert await world.keeper.access() == first
    world.now += 2.0
    assert await world.keeper.access() != first
    assert len(world.shown) == len(set(world.shown)) == 2


async def test_a_token_of_a_short_life_is_not_renewed_with_each_call(tmp_path: Path) -> None:
    """DIRAC's own client renews whenever fewer than five minutes are left."""
    world = World(tmp_path / "credentials.json", life=240.0)
    for _ in range(17):
        await world.keeper.access()
        world.now += 10.0
    assert len(world.shown) == 1
    world.now += 11.0
    await world.keeper.access()
    assert len(world.shown) == 2


async def test_many_askers_share_one_renewal(world: World) -> None:
    tokens = await asyncio.gather(*(world.keeper.access() for _ in range(50)))
    assert len(set(tokens)) == len(world.shown) == 1


async def test_two_keepers_of_one_file_renew_once(world: World) -> None:
    one, other = await asyncio.gather(world.keeper.access(), world.another().access())
    assert one == other
    assert len(world.shown) == 1


async def test_a_new_login_is_seen_soon(world: World) -> None:
    await world.keeper.access()
    new = world.login()
    assert await look_again(world.keeper) == new
    assert len(world.shown) == 1


async def test_an_unchanged_file_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await world.keeper.access()
    monkeypatch.setattr(TokenFile, "read", None)
    assert await look_again(world.keeper) == first


async def test_what_does_not_answer_is_no_harm_while_the_token_lives(world: World) -> None:
    first = await world.keeper.access()
    world.now += 1000.0
    world.trouble = [NotSent("away")]
    assert await world.keeper.access() == first
    world.now += 300.0
    world.trouble = [NotSent("away")]
    with pytest.raises(BackendUnavailable, match="away"):
        await world.keeper.access()
    assert await world.keeper.access() != first


@pytest.mark.parametrize(
    "trouble", [BackendUnavailable("no answer"), Refused("revoked"), CredentialsExpired("revoked")]
)
async def test_a_refresh_token_that_the_server_may_have_seen_is_not_shown_again(
    world: World, trouble: Exception
) -> None:
    world.trouble = [trouble]
    with pytest.raises(BackendUnavailable, match=str(trouble)):
        await world.keeper.access()
    for _ in range(3):
        with pytest.raises(CredentialsExpired, match=r"may be used up.*dirac login"):
            await look_again(world.keeper)
    assert len(world.shown) == 1
    new = world.login()
    assert await look_again(world.keeper) == new


async def test_a_refresh_token_made_from_a_proxy_may_be_shown_again(tmp_path: Path) -> None:
    world = World(tmp_path / "credentials.json", legacy=True)
    world.trouble = [BackendUnavailable("no answer")]
    with pytest.raises(BackendUnavailable, match="no answer"):
        await world.keeper.access()
    await world.keeper.access()
    world.now += 1200.0
    await world.keeper.access()
    assert len(set(world.shown)) == 1
    assert len(world.shown) == 3


async def test_renewed_tokens_that_cannot_be_written_are_used_and_renewed_on(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(locked: LockedTokenFile, tokens: Tokens) -> None:
        del locked, tokens
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(LockedTokenFile, "write", full)
    first = await world.keeper.access()
    assert await look_again(world.keeper) == first
    world.now += 1000.0
    assert await world.keeper.access() != first
    assert len(set(world.shown)) == len(world.shown) == 2
    assert "No space left" in caplog.text
    assert_none_of(world.shown, caplog.text)


def assert_none_of(secrets: Sequence[str], text: str) -> None:
    assert not any(secret in text for secret in secrets)


async def test_tokens_that_cannot_be_renewed_say_so(tmp_path: Path) -> None:
    world = World(tmp_path / "credentials.json")
    written(world.file.path, made("", None, 999.0))
    with pytest.raises(CredentialsExpired, match="cannot be renewed"):
        await world.keeper.access()
    written(world.file.path, made("", token(exp=999.0), 999.0))
    with pytest.raises(CredentialsExpired, match="has ended"):
        await look_again(world.keeper)
    assert world.shown == []


async def test_a_token_that_the_server_refuses_is_exchanged_for_a_new_login_only(world: World) -> None:
    refused = await world.keeper.access()
    assert await world.keeper.other_than(refused) is None
    new = world.login()
    assert await world.keeper.other_than(refused) == new


async def test_who_we_are_and_when_a_person_is_needed_is_in_the_tokens(world: World) -> None:
    identity = await world.keeper.identity()
    assert (identity.owner, identity.group, identity.organisation) == ("alice", "user", "lhcb")
    assert identity.expires_at == 99999.0


async def test_when_a_person_is_needed_is_known_without_asking_and_follows_the_file(world: World) -> None:
    before = world.keeper.expires_at
    await world.keeper.access()
    assert before is None
    assert world.keeper.expires_at == 99999.0
    written(world.file.path, made(token(exp=9000.0), token(exp=123456.0), 9000.0))
    await look_again(world.keeper)
    assert world.keeper.expires_at == 123456.0
    written(world.file.path, made("garbage", None, 9000.0))
    await look_again(world.keeper)
    assert world.keeper.expires_at is None, "and nothing that is no token is quoted"


async def test_a_renewal_under_way_does_not_seem_to_be_the_end(world: World) -> None:
    ends: list[float | None] = []

    async def renew(refresh_token: str) -> Grant:
        ends.append(keeper.expires_at)
        return await World.renew(world, refresh_token)

    keeper = TokenKeeper(world.file, renew, clock=lambda: world.now)
    await keeper.access()
    assert ends == [99999.0]
    world.trouble = [BackendUnavailable("broke off")]
    world.now += 1100.0
    await keeper.access()
    assert keeper.expires_at == 2200.0, "after one that nobody knows the outcome of only the access token is left"


async def test_a_renewal_is_not_cut_off_by_who_awaits_it(world: World) -> None:
    under_way, answer = asyncio.Event(), asyncio.Event()

    async def slowly(refresh_token: str) -> Grant:
        under_way.set()
        await answer.wait()
        return await World.renew(world, refresh_token)

    keeper = TokenKeeper(world.file, slowly, clock=lambda: world.now)
    impatient = asyncio.create_task(keeper.access())
    await under_way.wait()
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    closing = asyncio.create_task(keeper.close())
    answer.set()
    await closing
    assert world.file.read().expires_on == world.now + world.life


async def test_nobody_hears_of_a_failed_renewal_that_nobody_awaits(world: World) -> None:
    world.trouble = [NotSent("away")]
    asker = asyncio.create_task(world.keeper.access())
    await asyncio.sleep(0)
    asker.cancel()
    await world.keeper.close()
    assert repr(world.keeper).startswith("<TokenKeeper <TokenFile")


async def test_a_file_system_that_hangs_is_no_harm_while_the_token_lives(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await world.keeper.access()
    let_go = threading.Event()

    def hanging(file: TokenFile) -> Version:
        del file
        let_go.wait(100)
        raise AssertionError("nobody waits for this")

    with monkeypatch.context() as patch:
        patch.setattr(TokenFile, "version", hanging)
        patch.setattr(world.keeper._threads, "_timeouts", {"look": 0.01})
        assert await look_again(world.keeper) == first
        assert await world.keeper.access() == first
        world.now += 1000.0
        with pytest.raises(BackendUnavailable, match="did not return within"):
            await look_again(world.keeper)
    let_go.set()
    assert await look_again(world.keeper) != first


async def test_tokens_that_were_taken_away_are_used_no_more(world: World) -> None:
    world.login()
    await world.keeper.access()
    world.file.path.unlink()
    with pytest.raises(CredentialsExpired, match="there are no tokens"):
        await look_again(world.keeper)
    with pytest.raises(CredentialsExpired, match="there are no tokens"):
        await world.keeper.access()
    access = world.login()
    assert await world.keeper.access() == access
