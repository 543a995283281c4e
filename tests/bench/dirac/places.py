"""How programs reach the servers: straight, or through a relay that counts."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from ganga.backends.dirac.diracx_records import COLUMNS
from ganga.backends.dirac.settings import RoadName, Settings
from tests.bench.dirac.programs import Command
from tests.bench.dirac.relay import HOST
from tests.bench.dirac.servers import Servers
from tests.live.dirac_server import cfg

#: The port by which another is reached.
Via = Callable[[int], int]

_INSIDE = "tests.bench.dirac.inside"
_MONITORING = "WorkloadManagement/JobMonitoring"


def straight(port: int) -> int:
    """Nothing in between."""
    return port


@dataclass(frozen=True)
class Place:
    """The commands of the programs that go this way."""

    servers: Servers
    settings: Settings
    #: What DIRAC's own client takes for its installation.
    root: Path

    def ours(self, road: RoadName) -> Command:
        """One of our roads."""
        return self._python("ours", road)

    def bare(self, road: RoadName) -> Command:
        """A bare loop over the same protocol."""
        return self._python("bare", road)

    def dirac(self, program: str, *words: str) -> Command:
        """A program with DIRAC's own client."""
        environment = {
            "DIRAC_ROOT_PATH": str(self.root),
            "X509_USER_PROXY": self.settings.proxy,
            "X509_CERT_DIR": self.settings.authorities,
        }
        return Command([self.servers.site.python, "-m", f"{_INSIDE}.{program}", *words], environment)

    def diracx_client(self) -> Command:
        """A loop over DiracX's own client."""
        environment = {
            "DIRACX_URL": self.settings.diracx_url,
            "DIRACX_CREDENTIALS_PATH": self.settings.diracx_credentials,
        }
        words = [json.dumps(COLUMNS), str(self.settings.overlap)]
        return Command([self.servers.diracx_python, "-m", f"{_INSIDE}.diracx_client", *words], environment)

    def settings_of(self, road: RoadName) -> Settings:
        """Of a target that goes this way."""
        settings = replace(self.settings, road=road, client_environment=str(self.servers.site.python))
        if road is not RoadName.CLIENT:
            return settings
        # Over DISET, as DIRAC's interface is used too.
        dips = {service: urls.partition(", ")[2] for service, urls in settings.services.items()}
        return replace(settings, services=dips)

    def _python(self, module: str, road: RoadName) -> Command:
        settings = msgspec.json.encode(self.settings_of(road)).decode()
        return Command([sys.executable, "-m", f"tests.bench.dirac.{module}", settings])


def place(servers: Servers, root: Path, via: Via) -> Place:
    """The servers, each by the port that `via` gives for its own; `root` is a folder for DIRAC's own configuration."""
    dips, https = (_led(url, via) for url in servers.monitoring)
    (root / "etc").mkdir(parents=True)
    (root / "etc/dirac.cfg").write_text(cfg.text(_of_client(servers, dips)))
    settings = Settings(
        services={_MONITORING: f"{https}, {dips}"},
        proxy=str(servers.site.proxy("user")),
        authorities=str(servers.site.authorities),
        organisation=cfg.VO,
        diracx_url=_led(servers.diracx.where.url, via),
        diracx_credentials=str(servers.credentials),
        dirac_cfg=str(root / "etc/dirac.cfg"),
    )
    return Place(servers, settings, root)


def _led(url: str, via: Via) -> str:
    parts = urlsplit(url)
    assert parts.port is not None
    return parts._replace(netloc=f"{HOST}:{via(parts.port)}").geturl()


def _of_client(servers: Servers, monitoring: str) -> cfg.Section:
    """What is given here comes before what the Configuration Service says."""
    urls = {"Systems": {"WorkloadManagement": {"URLs": {"JobMonitoring": monitoring}}}}
    return {**cfg.of_clients(servers.site.ports), **urls}
