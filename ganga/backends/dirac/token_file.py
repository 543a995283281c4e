"""The file with the tokens of DiracX, shared with DIRAC's own tools under their lock. All here blocks.

The protocol of those tools: an exclusive `flock` on the file itself while its tokens are read, renewed and written, and
writing in place, since renaming a new file into its place would leave those who wait with a lock on the old one.
"""

import fcntl
import os
import time
from base64 import urlsafe_b64decode
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
from msgspec import Struct

from ganga.backends.dirac.road import CredentialsExpired
from ganga.errors import BackendUnavailable

#: Seconds for which a lock is waited for; whoever holds it asks a server for new tokens.
LOCKED_WITHIN = 60.0
#: Seconds between two tries to get it; a thread that blocks in `flock` could not be told to give up.
_PAUSE = 0.05

#: Bytes; what is larger is no file of tokens.
_LARGEST = 1 << 20

LOG_IN = "log in with `dirac login`"


class Tokens(Struct, frozen=True, kw_only=True):
    """What is in the file. Its text form shows no token."""

    access_token: str
    refresh_token: str | None = None
    #: When the access token ends, by the clock of the machine that got it.
    expires_on: float

    def __repr__(self) -> str:
        return f"<{type(self).__name__} until {self.expires_on:.0f}>"


class Claims(Struct, frozen=True):
    """What a token says of itself; only the server that it is shown to verifies it."""

    exp: float | None = None
    preferred_username: str = ""
    dirac_group: str = ""
    vo: str = ""
    #: Of a refresh token: it was made from a proxy, and may be used again and again.
    legacy_exchange: bool = False


class Version(NamedTuple):
    """Changes when the file does."""

    device: int
    inode: int
    size: int
    changed: int


def claims(token: str) -> Claims:
    """The claims of a token, not verified. Raises `CredentialsExpired` for text that is no token."""
    _, _, rest = token.partition(".")
    part = rest.partition(".")[0]
    try:
        return msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)), type=Claims)
    except (ValueError, msgspec.DecodeError):
        # Without the cause, which may quote the token.
        raise CredentialsExpired(f"the file of credentials has text that is no token of DiracX: {LOG_IN}") from None


class TokenFile:
    """The tokens of one identity at one server."""

    def __init__(self, path: Path, *, locked_within: float = LOCKED_WITHIN) -> None:
        self.path = path
        self._locked_within = locked_within

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    def version(self) -> Version:
        """Raises `CredentialsExpired` if there is no such file."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise self._unusable(error) from error
        return Version(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def read(self) -> Tokens:
        """The tokens, which nobody is writing at the time. Raises `CredentialsExpired` or `BackendUnavailable`."""
        with self._open("rb", fcntl.LOCK_SH) as locked:
            return locked.read()

    def lock(self) -> "LockedTokenFile":
        """The file for ourselves, until it is closed. Raises as `read` does."""
        return self._open("r+b", fcntl.LOCK_EX)

    def _open(self, mode: str, kind: int) -> "LockedTokenFile":
        try:
            locked = LockedTokenFile(self.path, FileIO(self.path, mode))
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._await_lock(locked, kind)
        except BaseException:
            locked.close()
            raise
        return locked

    def _await_lock(self, locked: "LockedTokenFile", kind: int) -> None:
        deadline = time.monotonic() + self._locked_within
        while not locked.locked(kind):
            if time.monotonic() > deadline:
                raise BackendUnavailable(
                    f"{self.path} has been locked by another process for {self._locked_within:g} s: does a program that"
                    " renews its tokens hang? (`lsof` names it)"
                )
            time.sleep(_PAUSE)

    def _unusable(self, error: OSError) -> CredentialsExpired:
        if isinstance(error, FileNotFoundError):
            return CredentialsExpired(f"there are no tokens of DiracX in {self.path}: {LOG_IN}")
        return CredentialsExpired(f"the tokens of DiracX in {self.path} cannot be used ({error.strerror}): {LOG_IN}")


class LockedTokenFile:
    """An open file of tokens with a lock that ends when it is closed."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self._path = path
        # Closed in any case when nobody has it any more: a lock must not outlive a call that was given up.
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def locked(self, kind: int) -> bool:
        """Get a lock of this kind (see `flock`), if nobody else has one that excludes it."""
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def read(self) -> Tokens:
        """Raises `CredentialsExpired` if there are none, `BackendUnavailable` if there are none yet."""
        content = os.pread(self._file.fileno(), _LARGEST, 0)
        if not content:
            # DIRAC's own login empties the file before it gets the lock.
            raise BackendUnavailable(f"{self._path} is empty: unless a login is under way, {LOG_IN}")
        try:
            return msgspec.json.decode(content, type=Tokens)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Without the cause, which may quote a token.
            raise CredentialsExpired(f"{self._path} is no file with tokens of DiracX: {LOG_IN}") from None

    def write(self, tokens: Tokens) -> None:
        """In place, and on the disk when it returns. Raises `OSError`."""
        content = msgspec.json.encode(tokens)
        # First over the old, then the rest off: in between there is text that cannot be read, and never an empty file.
        written = os.pwrite(self._file.fileno(), content, 0)
        if written < len(content):
            raise OSError(f"only {written} of {len(content)} bytes were written")
        self._file.truncate(len(content))
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Give up the lock."""
        self._file.close()
