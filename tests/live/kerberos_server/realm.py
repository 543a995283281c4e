"""Start a realm of one user, give this user tickets, and end it."""

import getpass
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.live.dirac_server.processes import Processes, free_ports
from tests.live.kerberos_server.install import check

REALM: Final = "EXAMPLE.ORG"
USER: Final = "ada"

_CLIENTS = """\
[libdefaults]
    default_realm = {realm}
    default_ccache_name = FILE:{folder}/tickets
    dns_lookup_kdc = false
    dns_lookup_realm = false
    rdns = false
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
        auth_to_local = RULE:[1:$1]({user})s/{user}/{account}/
    }}
[domain_realm]
    localhost = {realm}
"""
_CENTRE = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        max_life = 1d
        max_renewable_life = 7d
    }}
"""


class Realm:
    """A running key distribution centre."""

    def __init__(self, folder: Path, port: int, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes
        self._port = port
        self._password = secrets.token_hex()

    @property
    def cache(self) -> Path:
        """The file with the user's tickets."""
        return self.folder / "tickets"

    @property
    def environment(self) -> Mapping[str, str]:
        """By which programs find it."""
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def start(self) -> None:
        """Returns when it answers. Its user may log in as whoever runs the tests."""
        words = {"realm": REALM, "user": USER, "account": getpass.getuser(), "folder": self.folder, "port": self._port}
        for name, text in (("krb5.conf", _CLIENTS), ("kdc.conf", _CENTRE)):
            (self.folder / name).write_text(text.format(**words))
        self.run("/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_hex())
        self._administer(f"addprinc -pw {self._password} {USER}")
        self.processes.start("centre", ["/usr/sbin/krb5kdc", "-n"], self._port, self.environment)

    def add_host(self, name: str) -> Path:
        """A host of the realm; returns the file with its key, which the variable ``KRB5_KTNAME`` is to name."""
        file = self.folder / f"{name}.keytab"
        self._administer(f"addprinc -randkey host/{name}", f"ktadd -k {file} host/{name}")
        return file

    def log_in(self, *options: str) -> None:
        """Give the user tickets, as ``kinit`` with these options does."""
        self.run("/usr/bin/kinit", *options, USER, stdin=f"{self._password}\n")

    def run(self, *words: str, stdin: str = "") -> str:
        """What a command prints."""
        environment = {**os.environ, **self.environment, "KRB5CCNAME": f"FILE:{self.cache}"}
        done = subprocess.run(
            words, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
        return done.stdout

    def _administer(self, *lines: str) -> None:
        self.run("/usr/sbin/kadmin.local", "-r", REALM, stdin="".join(f"{line}\n" for line in lines))


@contextmanager
def running() -> Iterator[Realm]:
    """Gone with all its files at the end. Raises `NotInstalled` and `NotStarted`."""
    check()
    folder = Path(tempfile.mkdtemp(prefix="kerberos-"))
    try:
        with Processes(folder, dict(os.environ)) as processes:
            realm = Realm(folder, free_ports(1)[0], processes)
            realm.start()
            yield realm
    finally:
        shutil.rmtree(folder)


def describe(realm: Realm) -> str:
    """One line of JSON for whoever reads the standard output."""
    where = {"folder": str(realm.folder), "realm": REALM, "user": USER, "pids": dict(realm.processes.pids)}
    return json.dumps({**where, **realm.environment})
