import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ganga.backends.dirac.dencode import encode
from ganga.backends.dirac.diset import VERSION, Client, Diset
from ganga.backends.dirac.diset_frames import LARGEST_FRAME, address
from ganga.backends.dirac.envelopes import Envelope
from ganga.backends.dirac.road import Refused
from ganga.backends.web.proxy import Proxy
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendUnavailable, ConfigurationError
from tests.backends.dirac.diset_server import Caller, serving
from tests.backends.dirac.identities import Identities


@pytest.fixture
def diset(identities: Identities) -> Diset:
    proxy = Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem")
    return Diset(proxy, Client(organisation="lhcb"), timeout=60)


async def _answer(identities: Identities, diset: Diset, behave: Callable[[Caller], Awaitable[None]]) -> object:
    async with serving(identities, behave) as url:
        return await diset.call(url, Envelope[object], "method", 1, "two")


async def test_a_call_says_who_what_and_with_which_arguments(identities: Identities, diset: Diset) -> None:
    heard: list[object] = []

    async def behave(caller: Caller) -> None:
        heard.append((await caller.hear())["Value"])
        await caller.say({"OK": True, "Value": None})
        heard.append((await caller.hear())["Value"])
        await caller.say({"OK": True, "Value": "well"})

    assert await _answer(identities, diset, behave) == "well"
    target = ["WorkloadManagement/JobMonitoring", "None", "lhcb"]
    assert heard == [[target, ["RPC", "method"], "", VERSION], [1, "two"]]


async def test_an_older_service_answers_in_dencode(identities: Identities, diset: Diset) -> None:
    big = list(range(20_000))

    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.hear()
        body = encode({"OK": True, "Value": big})
        await caller.write(b"%d:%b" % (len(body), body))

    assert await _answer(identities, diset, behave) == big


async def test_the_keep_alive_is_answered_and_seen_by_nobody(identities: Identities, diset: Diset) -> None:
    heard: list[object] = []

    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.hear()
        await caller.say({"OK": True, "Value": {"id": 3, "kaping": True}}, prefix=b"dka")
        heard.append(await caller.hear())
        await caller.say({"OK": True, "Value": {"id": 3, "kaping": False}}, prefix=b"dka")
        await caller.say({"OK": True, "Value": "at last"})

    assert await _answer(identities, diset, behave) == "at last"
    assert heard == [{"OK": True, "Value": {"id": 3, "kaping": False}}]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "broke off before its reply was whole"),
        (b"12", "broke off before its reply was whole"),
        (b'30:{"OK": true, "Val', "broke off before its reply was whole"),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "something else than DIRAC"),
        (b"220 mail ready\r\n", "something else than DIRAC"),
        (b"x" * 70_000, "something else than DIRAC"),
        (b"-1:", "something else than DIRAC"),
        (b"%d:" % (LARGEST_FRAME + 1), "announces a reply of more than"),
        (b"9:<html></h", "cannot be read"),
        (b"4:null", "cannot be read"),
        (b'12:{"OK": true}', "without a value"),
    ],
)
async def test_a_reply_that_is_none_is_not_believed(
    identities: Identities, diset: Diset, reply: bytes, words: str
) -> None:
    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.hear()
        await caller.write(reply)

    with pytest.raises(BackendUnavailable, match=words) as caught:
        await _answer(identities, diset, behave)
    assert not isinstance(caught.value, NotSent)


async def test_a_service_that_closes_at_once_has_not_begun(identities: Identities, diset: Diset) -> None:
    async def behave(_caller: Caller) -> None:
        """Leave."""

    with pytest.raises(NotSent, match="cannot be reached"):
        await _answer(identities, diset, behave)


async def test_silence_ends_with_the_time_limit(identities: Identities) -> None:
    proxy = Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem")

    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.gone()

    with pytest.raises(BackendUnavailable, match=r"did not answer within 3 s"):
        await _answer(identities, Diset(proxy, Client(), timeout=3.0), behave)


async def test_a_cancelled_call_drops_its_connection(identities: Identities, diset: Diset) -> None:
    agreed, gone = asyncio.Event(), asyncio.Event()

    async def behave(caller: Caller) -> None:
        await caller.agree()
        agreed.set()
        try:
            await caller.gone()
        finally:
            gone.set()

    async with serving(identities, behave) as url:
        call = asyncio.create_task(diset.call(url, Envelope[object], "method"))
        async with asyncio.timeout(60):
            await agreed.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await gone.wait()


def _sending(parts: list[bytes], digest: str) -> Callable[[Caller], Awaitable[None]]:
    async def behave(caller: Caller) -> None:
        await caller.agree()
        await caller.agree()
        for part in parts:
            await caller.say({"OK": True, "Value": [True, part.decode()]})
            await caller.hear()
        await caller.say({"OK": True, "Value": [False, digest]})
        await caller.say({"OK": True, "Value": None})

    return behave


async def test_a_file_is_brought_in_parts(identities: Identities, diset: Diset, tmp_path: Path) -> None:
    digest = hashlib.md5(b"hello world", usedforsecurity=False).hexdigest()
    async with serving(identities, _sending([b"hello ", b"world"], digest)) as url:
        await diset.download(url, "/name", tmp_path / "file", at_most=11)
    assert (tmp_path / "file").read_bytes() == b"hello world"


async def test_a_file_that_was_damaged_is_not_believed(identities: Identities, diset: Diset, tmp_path: Path) -> None:
    async with serving(identities, _sending([b"hello"], "0" * 32)) as url:
        with pytest.raises(BackendUnavailable, match="does not fit its digest"):
            await diset.download(url, "/name", tmp_path / "file", at_most=100)


async def test_a_file_that_is_too_large_is_refused(identities: Identities, diset: Diset, tmp_path: Path) -> None:
    async with serving(identities, _sending([b"hello"] * 5, "")) as url:
        with pytest.raises(Refused, match="more than 12 bytes"):
            await diset.download(url, "/name", tmp_path / "file", at_most=12)


@pytest.mark.parametrize(
    "url", ["https://host:1/a/b", "dips://host/a/b", "dips:///a/b", "dips://host:x/a/b", "nonsense"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no address of a service"):
        address(url)
