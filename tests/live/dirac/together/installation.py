"""DIRAC's services and DiracX on the same databases: one installation, to which all roads lead."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import asdict, replace

from ganga.backends.dirac.settings import RoadName, Settings
from tests.live.dirac.services.installation import settings_of
from tests.live.dirac_server.cfg import DiracX
from tests.live.dirac_server.mariadb import PASSWORD, USER
from tests.live.dirac_server.servers import Site, running
from tests.live.diracx_server.running import DiracXServer

ROADS: Final = (RoadName.DIRACX, RoadName.HTTPS, RoadName.DIPS, RoadName.CLIENT)

_QUICK: Final = {"interval": 0.5, "commit_delay": 2.0}


@dataclass(frozen=True)
class Installation:
    """Its users are Alice and Bob, who have proxies and tokens."""

    site: Site
    diracx: DiracXServer
    folder: Path

    def settings(self, road: RoadName, user: str = "alice") -> Settings:
        """For this user over this road; nothing else differs between the roads."""
        found = settings_of(self.site, {"alice": "user"}.get(user, user))
        return replace(
            found, road=road, diracx_url=self.diracx.where.url, diracx_credentials=str(self.tokens(user)), **_QUICK
        )

    def tokens(self, user: str) -> Path:
        """Those of a login that outlives the session."""
        file = self.folder / f"tokens-{user}.json"
        if not file.exists():
            self.diracx.login(file, access=36_000, refresh=72_000, other_user=user != "alice")
        return file


@contextmanager
def both(dirac: Path, diracx: Path, folder: Path) -> Iterator[Installation]:
    """Start all of it in this folder, from where it is installed."""
    with running(dirac, folder) as site:
        database = f"mysql+aiomysql://{USER}:{PASSWORD}@127.0.0.1:{site.ports.database}"
        server = DiracXServer(diracx, folder / "diracx", mysql=database)
        try:
            server.start()
            site.store_sandboxes_in(DiracX(server.where.url, server.service_key))
            yield Installation(site, server, folder)
        finally:
            server.stop()


def configuration(targets: Mapping[str, Settings]) -> str:
    """A configuration file with these targets."""
    return "".join(f'[targets.{name}]\nbackend = "dirac"\n{_table(settings)}' for name, settings in targets.items())


def _table(settings: Settings) -> str:
    given = {name: value for name, value in asdict(settings).items() if value != getattr(Settings(), name)}
    return "".join(f"{name} = {_value(value)}\n" for name, value in given.items())


def _value(value: object) -> str:
    """In TOML, whose texts and numbers are those of JSON."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {json.dumps(text)}" for name, text in value.items()) + "}"
    return json.dumps(value)
