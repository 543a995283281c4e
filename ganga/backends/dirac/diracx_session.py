"""Calls to DiracX in the name of an identity."""

from collections.abc import Awaitable, Callable, Mapping

from ganga.backends.dirac.road import CredentialsExpired, Identity
from ganga.backends.dirac.token_file import LOG_IN
from ganga.backends.dirac.tokens import TokenKeeper
from ganga.backends.web.http import Http
from ganga.backends.web.replies import Reply
from ganga.errors import BackendUnavailable
from ganga.model.clock import Utc

#: Answered without a token, and only if the server is ready for more.
METADATA = "/.well-known/dirac-metadata"
#: Seconds for which the time in a reply tells what time it is.
CLOCK_GOOD_FOR = 60.0

_Call = Callable[[Mapping[str, str]], Awaitable[Reply]]


class Session:
    """One server, one identity. Each call raises `BackendUnavailable`, `CredentialsExpired` or `Refused`."""

    def __init__(self, url: str, http: Http, tokens: TokenKeeper) -> None:
        self.url = url
        #: For the text of errors.
        self.server = f"DiracX at {url}"
        self._http = http
        self._tokens = tokens

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def expires_at(self) -> Utc | None:
        """When a person has to log in again, by the tokens that were read or renewed last."""
        return self._tokens.expires_at

    async def check(self) -> None:
        """Whether the server is there and there are tokens for it."""
        await self._http.read("GET", self.url + METADATA)
        await self._tokens.access()

    async def clock(self) -> Utc:
        """The server's time, right to a second."""
        if (now := self._http.clock(within=CLOCK_GOOD_FOR)) is None:
            await self._http.read("GET", self.url + METADATA)
            now = self._http.clock(within=CLOCK_GOOD_FOR)
        if now is None:
            raise BackendUnavailable(f"{self.server} does not say what time it is")
        return now

    async def identity(self) -> Identity:
        """Who the token says we are; the server has the last word with each call."""
        return await self._tokens.identity()

    async def read(self, method: str, path: str, content: object = None, *, expected: tuple[int, ...] = ()) -> Reply:
        """Ask for something; see `Http.read`."""
        url = self.url + path
        return await self._as_ourselves(
            lambda head: self._http.read(method, url, content=content, headers=head, expected=expected)
        )

    async def write(self, method: str, path: str, content: object) -> Reply:
        """Request a change; see `Http.write`."""
        url = self.url + path
        return await self._as_ourselves(lambda head: self._http.write(method, url, content=content, headers=head))

    async def close(self) -> None:
        """Wait for what must not be cut off, and close the connections."""
        await self._tokens.close()
        await self._http.close()

    async def _as_ourselves(self, call: _Call) -> Reply:
        """Make the call with our token, and once more if it is no longer accepted but a new one has come."""
        token = await self._tokens.access()
        try:
            return await call(_bearer(token))
        except CredentialsExpired as error:
            other = await self._tokens.other_than(token)
            if other is None:
                raise CredentialsExpired(f"{error}; {LOG_IN}") from error
        return await call(_bearer(other))


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
