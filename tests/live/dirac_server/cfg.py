"""The configuration files of the services and of their clients, in DIRAC's own format."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.live.dirac_server import mariadb, pki

Section: TypeAlias = Mapping[str, "Section | str | int | Path"]

SERVICES = ("JobMonitoring", "JobManager", "JobStateUpdate", "SandboxStore")
HTTPS_SERVICES = ("JobMonitoring", "JobManager", "JobStateUpdate", "SandboxStore")
DATABASES = ("JobDB", "JobLoggingDB", "TaskQueueDB", "PilotAgentsDB", "SandboxMetadataDB")
VO = "testvo"

_ANYBODY: Section = {"Default": "authenticated", "FileTransfer": {"Default": "authenticated"}}


@dataclass(frozen=True)
class DiracX:
    """One on the same databases, and the key with which the services get tokens for their users from it."""

    url: str
    key: str


@dataclass(frozen=True)
class Ports:
    """One for each server."""

    database: int
    opensearch: int
    configuration: int
    https: int
    services: Mapping[str, int]

    def dips(self, service: str) -> str:
        return f"dips://localhost:{self.services[service]}/WorkloadManagement/{service}"

    def https_url(self, service: str) -> str:
        return f"https://localhost:{self.https}/WorkloadManagement/Tornado{service}"

    @property
    def configuration_url(self) -> str:
        return f"dips://localhost:{self.configuration}/Configuration/Server"


def text(section: Section, depth: int = 0) -> str:
    """The section in DIRAC's format."""
    indent = "  " * depth
    lines = []
    for name, value in section.items():
        if isinstance(value, Mapping):
            lines.append(f"{indent}{name}\n{indent}{{\n{text(value, depth + 1)}{indent}}}\n")
        else:
            lines.append(f"{indent}{name} = {value}\n")
    return "".join(lines)


def of_services(folder: Path, ports: Ports, diracx: DiracX | None = None) -> Section:
    """What the services read: all of it, the database's password too. With a DiracX they use its store."""
    return {
        **({"DiracX": {"URL": diracx.url, "LegacyExchangeApiKey": diracx.key}} if diracx else {}),
        "DIRAC": {**_host(folder), **_local(ports)},
        **_community(ports),
        "Systems": {
            "Databases": _account("127.0.0.1", ports.database),
            "NoSQLDatabases": {**_account("127.0.0.1", ports.opensearch), "SSL": "no", "CRT": "no"},
            "Tornado": {"Port": ports.https},
            "Configuration": {"URLs": {"Server": ports.configuration_url}, "Services": {"Server": _server(ports)}},
            "WorkloadManagement": {
                "URLs": {service: ports.dips(service) for service in SERVICES},
                "Databases": {**{name: {"DBName": name} for name in DATABASES}, **_PARAMETERS},
                "Services": _services(folder, ports, "yes" if diracx else "no"),
            },
        },
    }


def of_configuration_service(ports: Ports) -> Section:
    """What the Configuration Service hands out to everybody."""
    local = {"Name": "local", "Version": "2026-01-01 00:00:00.000000", "MasterServer": ports.configuration_url}
    return {
        "DIRAC": {"Configuration": {**local, "Servers": ports.configuration_url}},
        **_community(ports),
        "Systems": {
            "Configuration": {"URLs": {"Server": ports.configuration_url}},
            "WorkloadManagement": {"URLs": _published(ports)},
        },
    }


def of_clients(ports: Ports) -> Section:
    """A user's ``dirac.cfg``: where the Configuration Service is."""
    return {"DIRAC": {"VirtualOrganization": VO, **_local(ports)}}


def of_lonely_clients(ports: Ports) -> Section:
    """The ``dirac.cfg`` of a user who needs no Configuration Service: the services' addresses are in it."""
    return {"DIRAC": {"VirtualOrganization": VO}, "Systems": {"WorkloadManagement": {"URLs": _published(ports)}}}


_PARAMETERS: Section = {"JobParametersDB": {"index_name": "job_parameters"}}


def _published(ports: Ports) -> Section:
    urls = {service: ports.dips(service) for service in SERVICES}
    return {**urls, **{f"Tornado{service}": ports.https_url(service) for service in HTTPS_SERVICES}}


def _host(folder: Path) -> Section:
    certificate = {"CertFile": folder / "pki/hostcert.pem", "KeyFile": folder / "pki/hostkey.pem"}
    # Without the name the services publish the fully qualified one, for which the certificate does not stand.
    return {
        "VirtualOrganization": VO,
        "Hostname": "localhost",
        "Security": {**certificate, "UseServerCertificate": "no"},
    }


def _local(ports: Ports) -> Section:
    return {"Configuration": {"Name": "local", "Servers": ports.configuration_url}}


def _account(host: str, port: int) -> Section:
    return {"User": mariadb.USER, "Password": mariadb.PASSWORD, "Host": host, "Port": port}


def _server(ports: Ports) -> Section:
    handler = "DIRAC/ConfigurationSystem/Service/ConfigurationHandler.py"
    return {"Port": ports.configuration, "HandlerPath": handler, "Authorization": {"Default": "authenticated"}}


def _services(folder: Path, ports: Ports, in_diracx: str) -> Section:
    dips: dict[str, Section] = {
        service: {"Port": port, "Authorization": _ANYBODY} for service, port in ports.services.items()
    }
    https: dict[str, Section] = {
        f"Tornado{service}": {"Protocol": "https", "Authorization": _ANYBODY} for service in HTTPS_SERVICES
    }
    sandboxes: Section = {"LocalSE": "SandboxSE", "BasePath": folder / "sandboxes", "Backend": "local"}
    # DIRAC 9.1.22 answers uploads over HTTPS with 500 if its store is told to forward them to DiracX.
    dips["SandboxStore"] = {**dips["SandboxStore"], **sandboxes, "UseDiracXBackend": in_diracx}
    https["TornadoSandboxStore"] = {**https["TornadoSandboxStore"], **sandboxes}
    return {**dips, **https}


def _community(ports: Ports) -> Section:
    everything = "JobAdministrator, ServiceAdministrator, CSAdministrator"
    door: Section = {
        "Host": "localhost",
        "Port": ports.services["SandboxStore"],
        "PluginName": "DIP",
        "Protocol": "dips",
    }
    place: Section = {"Path": "/WorkloadManagement/SandboxStore", "Access": "remote"}
    return {
        "Registry": {
            "DefaultGroup": "user",
            "Users": {"alice": {"DN": pki.ALICE}, "bob": {"DN": pki.BOB}},
            "Groups": {
                "user": {"Users": "alice, bob", "Properties": "NormalUser", "VO": VO},
                "admin": {"Users": "alice", "Properties": f"NormalUser, {everything}", "VO": VO},
            },
            "Hosts": {"localhost": {"DN": pki.HOST, "Properties": f"TrustedHost, FullDelegation, {everything}"}},
            "VO": {VO: {"VOAdmin": "alice"}},
        },
        "Operations": {"Defaults": {"Services": {}}},
        "Resources": {"StorageElements": {"SandboxSE": {"BackendType": "DISET", "DIP": {**door, **place}}}},
    }
