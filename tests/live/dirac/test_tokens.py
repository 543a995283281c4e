"""Tokens of the real server: they rotate, and one that is shown twice makes it revoke all tokens of the user."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from ganga.backends.dirac.diracx import open_road, renewal
from ganga.backends.dirac.settings import Settings
from ganga.backends.dirac.token_file import TokenFile
from ganga.backends.dirac.tokens import TokenKeeper
from ganga.backends.web.http import Http
from tests.live.diracx_server.install import TOKEN_RACE, interpreter
from tests.live.diracx_server.running import DiracXServer

#: Of each kind.
PROCESSES = 3


@pytest.fixture
def file(diracx: DiracXServer, tmp_path: Path) -> Path:
    """Tokens of which the access token has ended."""
    return diracx.login(tmp_path / "credentials.json", access=-1.0, other_user=True)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with Http("DiracX", timeout=60.0) as http:
        yield http


def aged(file: Path) -> None:
    """The access token in the file seems to have ended."""
    tokens = TokenFile(file).read()
    with TokenFile(file).lock() as locked:
        locked.write(msgspec.structs.replace(tokens, expires_on=time.time() - 1))


async def test_an_access_token_that_ended_is_renewed_in_place(diracx: DiracXServer, file: Path, http: Http) -> None:
    before, inode = TokenFile(file).read(), TokenFile(file).version().inode
    keeper = TokenKeeper(TokenFile(file), renewal(diracx.where.url, http))
    access = await keeper.access()
    after = TokenFile(file).read()
    assert after.access_token == access != before.access_token
    assert after.refresh_token != before.refresh_token
    assert after.expires_on == pytest.approx(time.time() + 1200, abs=30)
    assert TokenFile(file).version().inode == inode
    assert file.stat().st_mode & 0o777 == 0o600  # noqa: ASYNC240 - a look
    assert await keeper.access() == access


async def test_a_road_goes_on_with_the_renewed_token(diracx: DiracXServer, file: Path) -> None:
    async with open_road(Settings(diracx_url=diracx.where.url, diracx_credentials=str(file))) as road:
        assert set(await road.jobs(owner="bob")) == await asyncio.to_thread(diracx.jobs_of, "bob")
        assert (await road.whoami()).owner == "bob"


async def test_processes_that_race_with_each_other_and_with_diracs_own_tools_renew_once(
    diracx: DiracXServer, file: Path
) -> None:
    """Three rounds: had any token been shown twice, the server would have revoked those of the next round."""
    for _ in range(3):
        said = await asyncio.to_thread(race, diracx, file)
        assert sum(one.asked for one in said) == 1
        assert {token for one in said for token in one.tokens} == {TokenFile(file).read().access_token}
        aged(file)


class Racer(Struct):
    """What a process of the race says."""

    tokens: list[str]
    asked: int


def race(diracx: DiracXServer, file: Path) -> list[Racer]:
    ours = [sys.executable, "-m", "tests.live.dirac.token_race"]
    theirs = [str(interpreter(diracx.folder)), str(TOKEN_RACE)]
    racers = [
        subprocess.Popen(
            [*command, diracx.where.url, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for command in [ours, theirs] * PROCESSES
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    return [msgspec.json.decode(racer.communicate(timeout=240)[0], type=Racer) for racer in racers]
