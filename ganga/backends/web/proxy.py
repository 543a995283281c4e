"""The grid proxy of one target: found, judged, and read again when its file changes."""

import asyncio
import os
import ssl
import stat
import threading
import time
from pathlib import Path

from msgspec import Struct

from ganga.backends.web.certificates import Chain, read_chain
from ganga.backends.web.der import DerError
from ganga.backends.web.errors import CredentialsExpired
from ganga.errors import ConfigurationError
from ganga.model.clock import Utc, rfc3339

#: No chain of certificates is larger.
_LARGEST = 1 << 20

#: Where the certificates of the grid's authorities are on a machine that has them.
_GRID_AUTHORITIES = "/etc/grid-security/certificates"


class Stamp(Struct, frozen=True):
    """By which it is seen that a file is another one than before."""

    modified: int
    node: int
    size: int


class Credentials(Struct, frozen=True, kw_only=True):
    """A proxy as it was when it was read; a TLS context carries it, so that its key is kept nowhere else."""

    chain: Chain
    context: ssl.SSLContext
    stamp: Stamp


class Proxy:
    """The proxy file of one identity; every use looks whether it has been renewed. `maker` is the command by which its
    users make one, `group` a DIRAC group that it has to be for.
    """

    def __init__(
        self, file: Path, authorities: Path | None, *, group: str = "", maker: str = "dirac-proxy-init"
    ) -> None:
        self._file = file
        self._authorities = authorities
        self._group = group
        self._maker = maker
        self._advice = f"make one with `{maker}`"
        self._known: Credentials | None = None
        #: Many calls begin at once, and all of them are to present the same credentials.
        self._reading = threading.Lock()

    def __repr__(self) -> str:
        return f"<Proxy {self._file}>"

    @property
    def file(self) -> Path:
        """Where it is read from, for programs that read it themselves."""
        return self._file

    @property
    def expires_at(self) -> Utc | None:
        """When the proxy ends that was read last; None before the first."""
        known = self._known
        return None if known is None else Utc(known.chain.valid_until)

    @property
    def identity(self) -> str | None:
        """Whose proxy it was that was read last, as a distinguished name; None before the first."""
        known = self._known
        return None if known is None else known.chain.identity

    async def current(self) -> Credentials:
        """What is to be presented to the servers now. Raises `CredentialsExpired`; no server needs to be asked for
        that.
        """
        return await asyncio.to_thread(self.read)

    def read(self) -> Credentials:
        """The same, blocking for as long as the file system does."""
        with self._reading:
            stamp = self._stamp()
            known = self._known
            if known is None or known.stamp != stamp:
                known = self._known = self._load(stamp)
        self._check_lifetime(known.chain)
        return known

    def _stamp(self) -> Stamp:
        try:
            found = self._file.stat()
        except OSError as error:
            raise CredentialsExpired(
                f"there is no grid proxy {self._file} ({error.strerror}): {self._advice}"
            ) from error
        if found.st_uid == os.getuid() and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise CredentialsExpired(f"the grid proxy {self._file} is open to others: `chmod 600 {self._file}`")
        return Stamp(found.st_mtime_ns, found.st_ino, found.st_size)

    def _load(self, stamp: Stamp) -> Credentials:
        chain = self._chain()
        if self._group and chain.group != self._group:
            found = f"of the group {chain.group!r}" if chain.group else "without a group"
            advice = f"make one with `{self._maker} -g {self._group}`"
            raise CredentialsExpired(f"the grid proxy {self._file} is {found}, {self._group!r} is set: {advice}")
        return Credentials(chain=chain, context=self._context(), stamp=stamp)

    def _chain(self) -> Chain:
        try:
            with self._file.open("rb") as file:
                return read_chain(file.read(_LARGEST))
        except OSError as error:
            raise CredentialsExpired(f"the grid proxy {self._file} cannot be read: {error.strerror}") from error
        except DerError as error:
            raise CredentialsExpired(f"{self._file} is no grid proxy ({error}): {self._advice}") from error

    def _context(self) -> ssl.SSLContext:
        context = trusting(self._authorities)
        try:
            context.load_cert_chain(self._file)
        except (OSError, ssl.SSLError) as error:
            # The text of OpenSSL's own error says no more than where in its sources it arose.
            raise CredentialsExpired(f"the key in {self._file} does not fit its certificate: {self._advice}") from error
        return context

    def _check_lifetime(self, chain: Chain) -> None:
        now = time.time()
        if now >= chain.valid_until:
            ended = rfc3339(Utc(chain.valid_until))
            raise CredentialsExpired(f"the grid proxy {self._file} ended at {ended}: renew it with `{self._maker}`")
        if now < chain.valid_from:
            begins = rfc3339(Utc(chain.valid_from))
            raise CredentialsExpired(
                f"the grid proxy {self._file} holds from {begins} on: is this machine's clock right?"
            )


def trusting(authorities: Path | None) -> ssl.SSLContext:
    """A context for clients that believe these authorities only (None: those of the system).

    Raises `ConfigurationError`.
    """
    if authorities is None:
        context = ssl.create_default_context()
    elif authorities.is_dir():
        context = ssl.create_default_context(capath=authorities)
    elif authorities.is_file():
        context = ssl.create_default_context(cafile=authorities)
    else:
        raise ConfigurationError(f"authorities: there is no {authorities}; expected a folder of certificates or a file")
    # Some authorities of the grid are older than the rules that newer Pythons check.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def proxy_file(setting: str, variable: str | None) -> Path:
    """Where the proxy is: as set, as the variable ``X509_USER_PROXY`` says, or where all grid tools put it."""
    return Path(setting or variable or f"/tmp/x509up_u{os.getuid()}").expanduser()  # noqa: S108 - the grid's own place


def authorities_folder(setting: str, variable: str | None) -> Path | None:
    """Whom to trust: as set, as the variable ``X509_CERT_DIR`` says, or the authorities of the grid where they are on
    this machine; None for those of the system.
    """
    given = setting or variable
    if given:
        return Path(given).expanduser()
    usual = Path(_GRID_AUTHORITIES)
    return usual if usual.is_dir() else None
