"""What the roads with a grid proxy share: the proxy, the addresses, and DISET for the Configuration Service."""

import asyncio
import os
from collections.abc import Mapping

from ganga.backends.dirac.configuration import Addresses, local_configuration
from ganga.backends.dirac.dirac_cfg import Section, option
from ganga.backends.dirac.diset import Client, Diset
from ganga.backends.dirac.settings import Settings
from ganga.backends.web.proxy import Proxy, authorities_folder, proxy_file


class Installation:
    """One installation of DIRAC under one identity."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], local: Section) -> None:
        file = proxy_file(settings.proxy, environment.get("X509_USER_PROXY"))
        authorities = authorities_folder(settings.authorities, environment.get("X509_CERT_DIR"))
        self.proxy = Proxy(file, authorities, group=settings.group)
        organisation = settings.organisation or option(local, "/DIRAC/VirtualOrganization") or "unknown"
        client = Client(organisation=organisation, setup=option(local, "/DIRAC/Setup") or "None")
        self.diset = Diset(self.proxy, client, timeout=settings.timeout)
        self.addresses = Addresses(settings.services, local, settings.configuration_servers, self.diset)
        self.client = client


async def installation(settings: Settings) -> Installation:
    """As the settings say. Raises `ConfigurationError`."""
    environment = dict(os.environ)
    root = environment.get("DIRAC_ROOT_PATH") or environment.get("DIRAC")
    local = await asyncio.to_thread(local_configuration, settings.dirac_cfg, root)
    return Installation(settings, environment, local)
