"""Tokens of no server, for tests."""

import base64
import json
from pathlib import Path

import msgspec

from ganga.backends.dirac.token_file import TokenFile, Tokens


def token(**claims: object) -> str:
    """A token that says this of itself."""
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2lnbmF0dXJl"


def made(access_token: str = "", refresh_token: str | None = None, expires_on: float = 0.0) -> Tokens:
    """Tokens as a login gets them."""
    return Tokens(access_token=access_token or token(), refresh_token=refresh_token, expires_on=expires_on)


def written(path: Path, tokens: Tokens) -> TokenFile:
    """A file with these tokens, as a login leaves it."""
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(tokens))
    return TokenFile(path)
