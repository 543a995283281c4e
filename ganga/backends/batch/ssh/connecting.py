"""Make a connection as the user's own SSH settings say, without a question to anybody."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh

from ganga.backends.batch.ssh import trust
from ganga.backends.batch.ssh.trust import Trust
from ganga.errors import BackendUnavailable

#: Seconds between signs of life where the user's settings do not say it; a few without one, and a connection is lost.
_KEEP_ALIVE: Final = 15.0
#: So many jump hosts behind each other are no mistake yet.
_JUMPS: Final = 8


class NotLetIn(BackendUnavailable):
    """The host is not the one that it should be, or does not know us: to try again soon does harm."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host, as the settings have it."""

    #: A name or an alias, with or without ``user@`` before it and ``:port`` behind it.
    name: str
    #: The file with SSH settings; empty: where it always is.
    config: str = ""
    #: Seconds for a connection.
    within: float = 30.0

    def words(self) -> dict[str, object]:
        """The same for `asyncssh`."""
        user, at, place = self.name.rpartition("@")
        name, colon, port = place.partition(":")
        if not (colon and port.isdecimal()):
            name, colon = place, ""
        return {
            "host": name,
            **({"username": user} if at else {}),
            **({"port": int(port)} if colon else {}),
            **({"config": [self.config]} if self.config else {}),
            "agent_forwarding": False,
            "x11_forwarding": False,
        }


async def options_of(host: Host) -> tuple[asyncssh.SSHClientConnectionOptions, dict[str, object]]:
    """What the user's settings say of the host, and the words by which they say it. Key files that are not there are
    passed over, as by `ssh`. Raises `BackendUnavailable`.
    """
    _be_quiet()
    words = host.words()
    try:
        without_keys = await asyncssh.SSHClientConnectionOptions.construct(**words, client_keys=None)
        keys = without_keys.config.get("IdentityFile", [])
        there = await asyncio.to_thread(lambda: [key for key in keys if Path(key).expanduser().is_file()])
        if there != keys:
            words |= {"client_keys": there, "ignore_encrypted": True}
        return await asyncssh.SSHClientConnectionOptions.construct(**words), words
    except (ValueError, OSError, asyncssh.Error) as error:
        raise BackendUnavailable(f"the SSH settings for {host.name} cannot be used: {error}; correct them") from error


async def connect(host: Host) -> asyncssh.SSHClientConnection:
    """Through jump hosts, where the settings name some. Raises `BackendUnavailable`, with what to do about it."""
    try:
        async with asyncio.timeout(host.within):
            return await _connect(host, None, _JUMPS)
    except TimeoutError as error:
        raise BackendUnavailable(f"{host.name} cannot be reached: no answer within {host.within:g} seconds") from error


async def _connect(host: Host, via: asyncssh.SSHClientConnection | None, jumps: int) -> asyncssh.SSHClientConnection:
    connection: asyncssh.SSHClientConnection | None = None
    try:
        options, words = await options_of(host)
        if via is None and isinstance(options.tunnel, str) and options.tunnel != "none":
            for jump in options.tunnel.split(","):
                via = await _jump(host, jump, via, jumps)
        connection = await _open(host, options, words, await _known_hosts(options), via)
    finally:
        if connection is None and via is not None:
            via.abort()
    return connection


async def _jump(
    host: Host, jump: str, via: asyncssh.SSHClientConnection | None, jumps: int
) -> asyncssh.SSHClientConnection:
    """A jump host has settings of its own, and may have jump hosts."""
    if not jumps:
        raise BackendUnavailable(f"the jump hosts to {host.name} go round in a circle; correct ProxyJump")
    return await _connect(Host(jump.removeprefix("ssh://"), host.config, host.within), via, jumps - 1)


async def _open(
    host: Host,
    options: asyncssh.SSHClientConnectionOptions,
    words: Mapping[str, object],
    known: Trust,
    via: asyncssh.SSHClientConnection | None,
) -> asyncssh.SSHClientConnection:
    more = {
        "known_hosts": known.look_up,
        "client_factory": known.client,
        "tunnel": via,
        "keepalive_interval": options.keepalive_interval or _KEEP_ALIVE,
        "connect_timeout": None,
    }
    try:
        connection = await asyncssh.connect(**{**words, **more})
    except (asyncssh.Error, OSError, ValueError) as error:
        raise _told(host, options.username, known, error) from error
    if via is not None:
        connection.set_tunnel(via)
    return connection


def _told(host: Host, user: str, known: Trust, error: Exception) -> BackendUnavailable:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        if known.knows_host:
            return NotLetIn(
                f"{host.name} shows another host key ({known.fingerprint}) than the one that is known: if its site says"
                f" that it was changed, remove the old key by `ssh-keygen -R` and connect once by `ssh {host.name}`"
            )
        return NotLetIn(
            f"the host {host.name} is not known, and is not trusted (its key: {known.fingerprint}): connect once by"
            f" `ssh {host.name}`, and compare the key with what its site says"
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return NotLetIn(
            f"{host.name} does not let {user} in: {error}; see that `ssh -o BatchMode=yes {host.name} true` works"
        )
    return BackendUnavailable(f"{host.name} cannot be reached: {error}")


async def _known_hosts(options: asyncssh.SSHClientConnectionOptions) -> Trust:
    try:
        return await asyncio.to_thread(trust.read, _files(options))
    except (OSError, ValueError) as error:
        raise BackendUnavailable(f"the file of known hosts cannot be read: {error}; correct it") from error


def _files(options: asyncssh.SSHClientConnectionOptions) -> list[str] | None:
    """Those of known hosts that the user's settings name."""
    named = options.known_hosts
    return [str(name) for name in named] if isinstance(named, list) else None


def _be_quiet() -> None:
    """Each session is news to it, and to nobody else."""
    logger = logging.getLogger("asyncssh")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
