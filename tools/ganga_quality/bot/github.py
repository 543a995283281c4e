"""GitHub's REST API by gidgethub and aiohttp: what is said on the wire, what is tried again, what an error means.

The token goes to the one host of the API and nowhere else: redirects are not followed, nor pages that lie elsewhere. It
is in no error and no log; of GitHub's answers only the message is quoted, as one harmless line.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import gidgethub
import gidgethub.abc
import msgspec
import stamina

from ganga_quality.errors import ToolError, UsageError
from ganga_quality.report.escaping import logged, shortened

Reply = TypeVar("Reply")
#: What GitHub's own description of its API names, and what its words mean.
_ACCEPT = "application/json"
_VERSION = "2022-11-28"
#: Seconds that the bot waits at most because GitHub asks it to; its next run comes anyway.
LONGEST_WAIT = 120.0
_ATTEMPTS = 5
_PAGE = 100
_SECONDS = aiohttp.ClientTimeout(total=60, connect=15)
_UNAUTHORIZED, _FORBIDDEN, _MISSING, _TOO_MANY, _BROKEN = 401, 403, 404, 429, 500
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Refused(Exception):
    """GitHub understood and said no; ``status`` is why, ``message`` its own word for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}")
        self.status = status
        self.message = message

    @property
    def missing(self) -> bool:
        """Whether there is no such thing."""
        return self.status == _MISSING

    @property
    def forbidden(self) -> bool:
        """Whether the token may not do it, or nobody may."""
        return self.status == _FORBIDDEN


class Uncertain(Exception):
    """A write failed on GitHub's side: it may have been carried out, and only another look can tell."""


class GitHub:
    """The API, seen from one repository; paths are relative to it."""

    def __init__(self, caller: "_Caller", repository: str) -> None:
        owner, _, name = repository.partition("/")
        self._caller = caller
        self._known = {"owner": owner, "repo": name}

    async def get(self, kind: type[Reply], path: str, **known: str | int) -> Reply:
        """One thing. Raises `Refused` or `ToolError`."""
        return await self._call(kind, "GET", path, known)

    async def all(self, kind: type[Reply], path: str, **known: str | int) -> tuple[Reply, ...]:
        """Everything of a list, page after page."""
        url, found = self._url(path, known), list[Reply]()
        following: str | None = url + ("&" if "?" in url else "?") + f"per_page={_PAGE}"
        while following:
            data, following = await self._caller.tried(following)
            found += [_converted(item, kind) for item in _converted(data, list[object])]
        return tuple(found)

    async def make(self, kind: type[Reply], path: str, body: Mapping[str, object], **known: str | int) -> Reply:
        """Something that exists once however often it is made: an object of git. Failures are tried again."""
        return await self._call(kind, "POST", path, known, body)

    async def add(self, kind: type[Reply], path: str, body: Mapping[str, object], **known: str | int) -> Reply:
        """Something that would be there twice if it were made twice.

        Raises `Uncertain` if GitHub fails in between.
        """
        data, _ = await self._caller.once(self._url(path, known), body)
        return _converted(data, kind)

    async def change(self, path: str, body: Mapping[str, object], *, method: str = "PATCH", **known: str | int) -> None:
        """Set what is there already to what is given."""
        await self._call(object, method, path, known, body)

    async def delete(self, path: str, **known: str | int) -> None:
        """See that something is gone."""
        try:
            await self._call(object, "DELETE", path, known)
        except Refused as refused:
            if not refused.missing:
                raise

    async def _call(
        self,
        kind: type[Reply],
        method: str,
        path: str,
        known: Mapping[str, str | int],
        body: Mapping[str, object] | None = None,
    ) -> Reply:
        data, _ = await self._caller.tried(self._url(path, known), method, body)
        return _converted(data, kind)

    def _url(self, path: str, known: Mapping[str, str | int]) -> str:
        variables = {name: str(value) for name, value in (self._known | dict(known)).items()}
        return gidgethub.sansio.format_url(
            f"/repos/{{owner}}/{{repo}}{path}", variables, base_url=self._caller.base_url
        )


@asynccontextmanager
async def connected(url: str, token: str, repository: str) -> AsyncIterator[GitHub]:
    """The API at a URL, with a token. Raises `UsageError` for a URL that the token must not be sent to."""
    place = urlsplit(url)
    if place.scheme != "https" and place.hostname not in _LOOPBACK:
        raise UsageError(f"GITHUB_API_URL is {url!r}; a token is sent to https only, as in https://api.github.com")
    async with aiohttp.ClientSession(timeout=_SECONDS) as session:
        yield GitHub(_Caller(session, "ganga-quality", oauth_token=token, base_url=url), repository)


def pause(error: Exception, now: float) -> bool | float:
    """Whether a call that failed so is tried again: after our own back-off, or the seconds that GitHub asks for."""
    if isinstance(error, aiohttp.ClientError | TimeoutError | gidgethub.GitHubBroken):
        return True
    if not isinstance(error, gidgethub.HTTPException) or not _is_limit(error):
        return False
    seconds = _asked_for(error.headers, now)
    return seconds if seconds <= LONGEST_WAIT else False


class _Caller(gidgethub.abc.GitHubAPI):
    """gidgethub's knowledge of GitHub, over aiohttp."""

    def __init__(self, session: aiohttp.ClientSession, requester: str, *, oauth_token: str, base_url: str) -> None:
        super().__init__(requester, oauth_token=oauth_token, base_url=base_url)
        self._session = session

    async def tried(
        self, url: str, method: str = "GET", body: Mapping[str, object] | None = None
    ) -> tuple[object, str | None]:
        """The answer and its next page; failures that pass are tried again.

        Raises `Refused` for a refusal, `ToolError` for what lasts.
        """
        try:
            async for attempt in stamina.retry_context(_passing, _ATTEMPTS, timeout=300.0):
                with attempt:
                    return await self._said(url, method, body)
        except (gidgethub.GitHubException, aiohttp.ClientError, TimeoutError) as error:
            raise _translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def once(self, url: str, body: Mapping[str, object]) -> tuple[object, str | None]:
        """As `tried`, but only what GitHub surely did not carry out is tried again: what came too soon."""
        try:
            async for attempt in stamina.retry_context(_too_soon, _ATTEMPTS, timeout=300.0):
                with attempt:
                    return await self._said(url, "POST", body)
        except (gidgethub.GitHubBroken, aiohttp.ClientError, TimeoutError) as error:
            raise Uncertain(f"GitHub failed in the middle of a write: {quoted(error)}") from error
        except gidgethub.GitHubException as error:
            raise _translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _said(self, url: str, method: str, body: Mapping[str, object] | None) -> tuple[object, str | None]:
        extra = {"x-github-api-version": _VERSION}
        data = body if body is not None else b""
        said, following, _ = await self._make_request(method, url, None, data, _ACCEPT, extra_headers=extra)
        return said, following

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        if not url.startswith(self.base_url.rstrip("/") + "/"):
            raise ToolError("GitHub points to another host for more; the token does not go there")
        async with self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
            return response.status, response.headers, await response.read()


def _passing(error: Exception) -> bool | float:
    return pause(error, time.time())


def _too_soon(error: Exception) -> bool | float:
    return pause(error, time.time()) if isinstance(error, gidgethub.BadRequest) else False


def _is_limit(error: gidgethub.HTTPException) -> bool:
    """Whether it was only too much at once."""
    if error.status_code == _TOO_MANY or isinstance(error, gidgethub.RateLimitExceeded):
        return True
    return error.status_code == _FORBIDDEN and ("retry-after" in error.headers or "secondary rate limit" in str(error))


def _asked_for(headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait; GitHub's advice for a limit that comes without a word is a minute."""
    try:
        if "retry-after" in headers:
            return max(float(headers["retry-after"]), 0.0)
        return max(float(headers["x-ratelimit-reset"]) - now, 0.0)
    except (KeyError, ValueError):
        return 60.0


def _translated(error: Exception) -> Exception:
    """What an error of the libraries means to us."""
    if not isinstance(error, gidgethub.HTTPException) or error.status_code >= _BROKEN:
        return ToolError(f"GitHub cannot be reached or is broken: {quoted(error)}; run this workflow again later")
    if error.status_code == _UNAUTHORIZED:
        return ToolError(f"GitHub does not accept the token: {quoted(error)}; it has expired or was revoked, run again")
    if _is_limit(error):
        return ToolError(f"GitHub's rate limit is reached: {quoted(error)}; run this workflow again later")
    return Refused(error.status_code, quoted(error))


def quoted(error: Exception) -> str:
    """What an error says, in one harmless line."""
    return shortened(logged(str(error)), 300) or type(error).__name__


def _converted(data: object, kind: type[Reply]) -> Reply:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ToolError(f"GitHub's reply is not as its documentation says: {error}; report this as a bug") from error
