"""The token that opens ``slurmrestd``: from a private file, or from the environment. It is shown to that server only.

It is read anew for each question, since who keeps a file of it renews it there.
"""

import getpass
import re
import stat
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from ganga.errors import BackendUnavailable, ConfigurationError

VARIABLE: Final = "SLURM_JWT"
#: Bytes; what is larger is no token.
_LARGEST: Final = 1 << 16
_TOKEN: Final = re.compile(rf"(?:{VARIABLE}=)?([\w-]+\.([\w-]+)\.[\w-]+)\s*", re.ASCII)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Token(NamedTuple):
    """Its text form shows nothing of it."""

    text: str
    #: Whom it stands for.
    user: str
    #: Seconds since 1970; None if it does not say.
    ends_at: float | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.user}>"


class _Claims(Struct, frozen=True):
    sun: str = ""
    exp: float | None = None


def token_file(setting: str, environment: Mapping[str, str]) -> Path | None:
    """The file that the setting names; None if the token is in the environment. Raises `ConfigurationError`."""
    if setting:
        return Path(setting).expanduser()
    if environment.get(VARIABLE):
        return None
    raise ConfigurationError(
        f"the setting `rest_url` needs a token: put the output of `scontrol token` into a private file and name it by "
        f"the setting `token_file`, or into the variable {VARIABLE}"
    )


def read_token(file: Path | None, environment: Mapping[str, str]) -> Token:
    """As it is now. Blocks. Raises `BackendUnavailable`, with no part of the token in its text."""
    text, place = (environment.get(VARIABLE, ""), VARIABLE) if file is None else (_content(file), str(file))
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise BackendUnavailable(f"{place} has no token of Slurm in it; `scontrol token` prints one")
    claims = _claims(match[2])
    # One that names nobody is that of whoever shows it.
    user = claims.sun if claims.sun.isprintable() and claims.sun else getpass.getuser()
    return Token(match[1], user, claims.exp)


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(file.stat().st_mode) & _OTHERS:
                raise BackendUnavailable(f"others may read or write the token in {file}; run `chmod 600 {file}`")
            return opened.read(_LARGEST).decode("ascii", "replace")
    except OSError as error:
        raise BackendUnavailable(f"the token in {file} cannot be read: {error.strerror}") from error


def _claims(text: str) -> _Claims:
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Claims)
    except (ValueError, msgspec.DecodeError):
        return _Claims()
