"""Print credentials as the server gives them to a person who logs in: ``{access_token, refresh_token, expires_on}``.

A login needs an identity provider and a browser, and the legacy exchange hands out refresh tokens that do not rotate,
so this does with the server's own code what the end of a login does.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from diracx.core.models import AccessTokenPayload, RefreshTokenPayload  # type: ignore[import-not-found]  # the server's
from diracx.core.settings import AuthSettings  # type: ignore[import-not-found]  # the server's
from diracx.db.sql import AuthDB  # type: ignore[import-not-found]  # the server's
from diracx.logic.auth.token import create_token, insert_refresh_token  # type: ignore[import-not-found]  # the server's
from uuid_utils import uuid7  # type: ignore[import-not-found]  # the server's


async def credentials(options: argparse.Namespace) -> dict[str, object]:
    """Credentials whose tokens live for so many seconds, which may be negative."""
    settings = AuthSettings()
    subject = f"{options.vo}:{options.subject}"
    database = AuthDB(os.environ["DIRACX_DB_URL_AUTHDB"])
    scope = f"vo:{options.vo} group:{options.group}"
    async with database.engine_context(), database:
        identifier = await insert_refresh_token(auth_db=database, subject=subject, scope=scope)
    access = AccessTokenPayload(
        sub=subject,
        vo=options.vo,
        iss=settings.token_issuer,
        dirac_properties=["NormalUser"] + ["JobAdministrator"] * (options.group == "admin"),
        jti=str(uuid7()),
        preferred_username=options.user,
        dirac_group=options.group,
        exp=_in(options.access),
        dirac_policies={},
    )
    refresh = RefreshTokenPayload(
        jti=str(identifier), exp=_in(options.refresh), legacy_exchange=False, dirac_policies={}
    )
    return {
        "access_token": create_token(access, settings),
        "refresh_token": create_token(refresh, settings),
        "expires_on": int(time.time() + options.access),
    }


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def main(arguments: Sequence[str]) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder of the server")
    for name in ("user", "subject", "vo", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--access", type=float, default=1200.0, help="seconds that the access token lives")
    parser.add_argument("--refresh", type=float, default=3600.0, help="seconds that the refresh token lives")
    options = parser.parse_args(arguments)
    os.environ.update(json.loads((options.data / "environment.json").read_text()))
    json.dump(asyncio.run(credentials(options)), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
