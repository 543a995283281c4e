"""Tokens that ended, were used up or get lost on the way: one use each, a clear word, and no way without a person."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.dirac.diracx import open_road, renewal
from ganga.backends.dirac.diracx_road import DiracX
from ganga.backends.dirac.road import CredentialsExpired
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.token_file import TokenFile, Tokens
from ganga.backends.dirac.tokens import TokenKeeper
from ganga.backends.web.http import Http
from ganga.errors import BackendUnavailable
from tests.live import proxy
from tests.live.diracx_server.running import DiracXServer
from tests.live.proxy import Proxy, answers

#: Seconds that a server has for its answer here, however busy the machine is.
PATIENCE = 60.0


async def test_an_expired_token_is_said_to_be_one_and_a_new_login_is_taken_up(
    diracx: DiracXServer, tmp_path: Path
) -> None:
    """The machine's clock is behind the server's: the token has ended there, and here it seems good."""
    file = diracx.login(tmp_path / "credentials.json")
    ended = await asyncio.to_thread(diracx.login, tmp_path / "ended.json", access=-60.0)
    async with open_road(Settings(diracx_url=diracx.where.url, diracx_credentials=str(file))) as road:
        good = TokenFile(file).read()
        overwrite(file, replace(TokenFile(ended).read(), expires_on=good.expires_on))
        with pytest.raises(CredentialsExpired, match=r"(?s)does not accept the token.*dirac login"):
            await until_the_file_is_read(road)
        overwrite(file, good)
        assert await road.jobs(group="none") == {}


async def until_the_file_is_read(road: DiracX) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            road._session._tokens._looked_at = -60.0
            await road.jobs(group="none")


def overwrite(file: Path, tokens: Tokens) -> None:
    with TokenFile(file).lock() as locked:
        locked.write(tokens)


async def test_a_renewal_of_which_nothing_is_heard_is_not_tried_again(
    way: Proxy, diracx: DiracXServer, tmp_path: Path
) -> None:
    """The server has used the refresh token up: shown again, it would revoke all tokens of the user."""
    file = diracx.login(tmp_path / "credentials.json", access=-1.0, other_user=True)
    async with Http("DiracX", timeout=PATIENCE) as http:
        keeper = TokenKeeper(TokenFile(file), renewal(way.url, http))
        way.fault = proxy.lost
        with pytest.raises(BackendUnavailable, match="broke off"):
            await keeper.access()
        way.fault = proxy.faithful
        for _ in range(3):
            with pytest.raises(CredentialsExpired, match="may be used up"):
                await keeper.access()
        assert len(way.requests) == 1
        overwrite(file, TokenFile(diracx.login(tmp_path / "again.json", other_user=True)).read())
        assert await keeper.access() == TokenFile(file).read().access_token


async def test_a_renewal_that_did_not_reach_the_server_is_tried_again(
    way: Proxy, diracx: DiracXServer, tmp_path: Path
) -> None:
    file = diracx.login(tmp_path / "credentials.json", access=-1.0, other_user=True)
    async with Http("DiracX", timeout=PATIENCE) as http:
        keeper = TokenKeeper(TokenFile(file), renewal(way.url, http))
        await way.refuse()
        with pytest.raises(BackendUnavailable, match="cannot be reached"):
            await keeper.access()
        await way.listen()
        way.fault = answers("503 Service Unavailable", "application/json", b"{}")
        with pytest.raises(BackendUnavailable, match="not ready"):
            await keeper.access()
        way.fault = proxy.faithful
        assert await keeper.access() == TokenFile(file).read().access_token


async def test_a_renewal_goes_on_when_who_asked_for_it_gives_up(
    way: Proxy, diracx: DiracXServer, tmp_path: Path
) -> None:
    file = diracx.login(tmp_path / "credentials.json", access=-1.0, other_user=True)
    asked, heard = asyncio.Event(), asyncio.Event()

    async def held_up(exchange: proxy.Exchange) -> None:
        reply = await exchange.ask()
        asked.set()
        await heard.wait()
        await exchange.send(reply)

    async with Http("DiracX", timeout=PATIENCE) as http:
        keeper = TokenKeeper(TokenFile(file), renewal(way.url, http))
        way.fault = held_up
        impatient = asyncio.create_task(keeper.access())
        await asked.wait()
        impatient.cancel()
        heard.set()
        await keeper.close()
        assert impatient.cancelled()
        assert await keeper.access() == TokenFile(file).read().access_token
    assert len(way.requests) == 1


async def test_tokens_that_somebody_else_used_up_ask_for_a_login_in_the_servers_words(
    diracx: DiracXServer, tmp_path: Path
) -> None:
    file = diracx.login(tmp_path / "credentials.json", access=-1.0, other_user=True)
    async with Http("DiracX", timeout=PATIENCE) as http:
        renew = renewal(diracx.where.url, http)
        refresh_token = TokenFile(file).read().refresh_token
        assert refresh_token is not None
        await renew(refresh_token)
        with pytest.raises(CredentialsExpired, match=r"cannot be renewed.*reused.*dirac login"):
            await TokenKeeper(TokenFile(file), renew).access()


async def test_a_login_that_has_ended_is_not_shown_to_the_server(
    way: Proxy, diracx: DiracXServer, tmp_path: Path
) -> None:
    file = diracx.login(tmp_path / "credentials.json", access=-1.0, refresh=-1.0, other_user=True)
    async with Http("DiracX", timeout=PATIENCE) as http:
        with pytest.raises(CredentialsExpired, match=r"the login to DiracX in .* has ended"):
            await TokenKeeper(TokenFile(file), renewal(way.url, http)).access()
    assert way.requests == []
