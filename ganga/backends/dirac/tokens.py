"""Access tokens that are valid, renewed in time, and never renewed twice with the same refresh token.

A refresh token is good for one use; a server that sees it again takes that for an attack and revokes all tokens of the
user everywhere. So within this process one task renews, which nobody's time-out cancels; between processes the lock of
the file decides, under which the file is read first; and a refresh token of which nobody knows whether the server has
seen it is not shown again.

The file may lie on a network file system that hangs: it is touched in threads of its own.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import Struct

from ganga.backends.dirac.road import CredentialsExpired, Identity, Refused
from ganga.backends.dirac.token_file import (
    LOCKED_WITHIN,
    LOG_IN,
    LockedTokenFile,
    TokenFile,
    Tokens,
    Version,
    claims,
)
from ganga.backends.pool import ThreadPool
from ganga.backends.web.replies import NotSent
from ganga.errors import BackendError, BackendUnavailable
from ganga.model.clock import Utc

#: Seconds before its end at which an access token is renewed; sooner before if its life is short.
RENEWED_BEFORE = 300.0
#: The part of its remaining life, as first seen, at which a token of a short life is renewed.
LAST_PART = 0.25
#: Seconds of life with which a token is still worth showing.
USABLE = 5.0
#: Seconds for a look at the file; for what needs its lock, seconds beyond those for which the lock is waited for.
LOOK_WITHIN = 10.0
#: Seconds between two looks whether the file has changed.
LOOK_EVERY = 5.0

_logger = logging.getLogger(__name__)


class Grant(Struct, frozen=True):
    """What a server gives for a refresh token (RFC 6749, section 5.1)."""

    access_token: str
    #: Seconds.
    expires_in: float
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self.expires_in:g} s>"


#: Shows a refresh token to the server. Raises `NotSent` only if the server has surely not used it up.
Renew = Callable[[str], Awaitable[Grant]]


class TokenKeeper:
    """The tokens in one file, for all who ask the server as this identity; `clock` is the machine's."""

    def __init__(self, file: TokenFile, renew: Renew, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._renew = renew
        self._clock = clock
        self._tokens: Tokens | None = None
        self._version: Version | None = None
        self._margin = RENEWED_BEFORE
        self._looked_at = -math.inf
        #: The refresh token that the server has seen or may have seen: what has it, in memory or file, is used up.
        self._shown: str | None = None
        #: What came of showing it.
        self._outcome = "no answer"
        self._task: asyncio.Task[Tokens] | None = None
        locked_within = LOCKED_WITHIN + LOOK_WITHIN
        self._threads = ThreadPool(
            f"tokens in {file.path}",
            threads=2,
            timeout=LOOK_WITHIN,
            timeouts={"lock": locked_within, "read": locked_within},
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._file!r} {self._tokens!r}>"

    @property
    def expires_at(self) -> Utc | None:
        """When a person has to log in again, by the tokens that were read or renewed last; None if it is not known."""
        if self._tokens is None:
            return None
        refresh_token = self._tokens.refresh_token
        renewing = self._task is not None and not self._task.done()
        usable = refresh_token is not None and (renewing or refresh_token != self._shown)
        try:
            end = claims(refresh_token if refresh_token is not None and usable else self._tokens.access_token).exp
        except CredentialsExpired:
            return None
        return None if end is None else Utc(end)

    async def access(self) -> str:
        """A valid access token. Raises `CredentialsExpired`, or `BackendUnavailable` if it could not be renewed."""
        tokens = self._tokens
        if tokens is None or self._due(tokens) or time.monotonic() - self._looked_at > LOOK_EVERY:
            tokens = await self._seen(tokens)
        if not self._due(tokens):
            return tokens.access_token
        try:
            return (await self._renewed()).access_token
        except BackendUnavailable:
            if self._left(tokens) > 0:
                return tokens.access_token
            raise

    async def other_than(self, refused: str) -> str | None:
        """Another access token than this one, which the server does not accept, if somebody has logged in again."""
        self._version = None
        tokens = await self._look()
        return tokens.access_token if tokens.access_token != refused and self._left(tokens) > 0 else None

    async def identity(self) -> Identity:
        """Who the tokens say we are, and when a person has to log in again. Raises as `access` does."""
        said = claims(await self.access())
        return Identity(
            owner=said.preferred_username,
            group=said.dirac_group,
            organisation=said.vo,
            expires_at=self.expires_at,
        )

    async def close(self) -> None:
        """Wait for the renewal that is under way: its tokens are the only ones that will be valid."""
        if self._task is not None:
            with suppress(BackendUnavailable):
                await self._task
        self._threads.close()

    def _due(self, tokens: Tokens) -> bool:
        return self._left(tokens) < self._margin

    def _left(self, tokens: Tokens) -> float:
        return tokens.expires_on - self._clock()

    async def _seen(self, known: Tokens | None) -> Tokens:
        """The tokens as they are now, or those known while the file cannot be looked at."""
        try:
            return await self._look()
        except CredentialsExpired:
            # Whoever asks next looks again: what is known in memory is not a way around a logout.
            self._looked_at = -math.inf
            raise
        except BackendUnavailable:
            if known is None or self._due(known):
                raise
            return known

    async def _look(self) -> Tokens:
        """The tokens as they are now: read again if the file has changed."""
        self._looked_at = time.monotonic()
        version = await self._threads.call("look", self._file.version)
        if self._tokens is None or version != self._version:
            tokens = await self._threads.call("read", self._file.read)
            self._version = version
            return self._adopt(self._newest(tokens))
        return self._tokens

    def _newest(self, read: Tokens) -> Tokens:
        """What was read, unless the file still has what we have renewed but could not write."""
        stale = read.refresh_token is not None and read.refresh_token == self._shown
        return self._tokens if stale and self._tokens is not None else read

    def _adopt(self, tokens: Tokens) -> Tokens:
        if tokens != self._tokens:
            self._margin = min(RENEWED_BEFORE, max(self._left(tokens) * LAST_PART, USABLE))
            self._tokens = tokens
        return tokens

    async def _renewed(self) -> Tokens:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._renew_alone(), name="renewal of tokens")
            self._task.add_done_callback(_retrieve)
        return await asyncio.shield(self._task)

    async def _renew_alone(self) -> Tokens:
        locked = await self._threads.call("lock", self._file.lock)
        try:
            tokens = self._adopt(self._newest(await self._threads.call("read", locked.read)))
            if self._due(tokens):
                tokens = self._adopt(await self._exchange(tokens))
                await self._write(locked, tokens)
        finally:
            with suppress(BackendUnavailable):
                await self._threads.call("close", locked.close)
        return tokens

    async def _exchange(self, tokens: Tokens) -> Tokens:
        refresh_token = self._usable(tokens)
        shown_before = self._shown
        if not claims(refresh_token).legacy_exchange:
            self._shown = refresh_token
        try:
            grant = await self._renew(refresh_token)
        except NotSent:
            self._shown = shown_before
            raise
        except BackendError as error:
            self._outcome = str(error)
            if not isinstance(error, Refused | CredentialsExpired):
                raise
            raise CredentialsExpired(
                f"the tokens in {self._file.path} cannot be renewed ({error}): {LOG_IN}"
            ) from error
        return Tokens(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or refresh_token,
            expires_on=int(self._clock() + grant.expires_in),
        )

    def _usable(self, tokens: Tokens) -> str:
        """The refresh token, if it may be shown. Raises `CredentialsExpired`."""
        if tokens.refresh_token is None:
            raise CredentialsExpired(f"the token in {self._file.path} ends and cannot be renewed: {LOG_IN}")
        if tokens.refresh_token == self._shown:
            raise CredentialsExpired(
                f"the tokens in {self._file.path} may be used up, and showing them again could make the server revoke"
                f" all tokens of this user: {LOG_IN} (their renewal failed: {self._outcome})"
            )
        end = claims(tokens.refresh_token).exp
        if end is not None and end <= self._clock():
            raise CredentialsExpired(f"the login to DiracX in {self._file.path} has ended: {LOG_IN}")
        return tokens.refresh_token

    async def _write(self, locked: LockedTokenFile, tokens: Tokens) -> None:
        try:
            self._version = await self._threads.call("write", self._written, locked, tokens)
        except (OSError, BackendUnavailable) as error:
            _logger.warning(
                "The renewed tokens of DiracX could not be written to %s (%s): they are used here, but other programs"
                " need a new login",
                self._file.path,
                error,
            )

    def _written(self, locked: LockedTokenFile, tokens: Tokens) -> Version:
        """Called in a thread."""
        locked.write(tokens)
        return self._file.version()


def _retrieve(task: asyncio.Task[Tokens]) -> None:
    """Whoever waited has seen the error of the task; if nobody did, it is of no use to anybody."""
    if not task.cancelled():
        task.exception()
