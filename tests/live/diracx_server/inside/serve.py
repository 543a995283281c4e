"""Serve DiracX until a signal, or the end of standard input with ``--leash``; the first line on standard output is a
JSON object that says where everything is.

All state is in the data folder, in SQLite, unless ``--mysql`` names a MariaDB: another start with the same folder is
the same server, on the same port, with the same keys and the same sandboxes. The S3 that has these keeps all of it in
memory; so what was asked of it is written down, and asked again when it is started.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

HOST = "127.0.0.1"
VO, USER, SUBJECT = "testvo", "alice", "75212b23-14c2-47be-9374-eb0113b0575e"
OTHER_USER, OTHER_SUBJECT = "bob", "2b6b7ad3-73f9-4bb6-8a54-3c9c0e7d2f10"
BUCKET = "sandboxes"
#: What was asked of the S3, in the data folder.
REQUESTS = "s3.requests"
START_WITHIN = 300.0
STOP_WITHIN = 50.0


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 after a signal, 1 if a server ended by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of databases, keys and logs")
    parser.add_argument("--access-minutes", type=int, default=20, help="lifetime of access tokens")
    parser.add_argument("--mysql", default="", help="the databases' server: mysql+aiomysql://USER:PASSWORD@HOST:PORT")
    parser.add_argument("--leash", action="store_true", help="stop when standard input ends")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    data: Path = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = _ports(data)
    environment = _environment(data, ports, options.access_minutes, options.mysql)
    if options.mysql:
        subprocess.run([sys.executable, Path(__file__).with_name("tables.py"), options.mysql], check=True)
    _write_configuration(data)
    _write_signing_key(data, environment)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.leash:
        threading.Thread(target=_await_leash, args=[stop], daemon=True).start()
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in _commands(ports).items():
            servers[name] = _start(command, data / f"{name}.log", environment)
            _await_port(ports[name], servers[name], stop)
            if name == "s3" and (data / REQUESTS).exists():
                _ask_again(ports[name])
        _await_answer(f"http://{HOST}:{ports['diracx']}/.well-known/dirac-metadata", stop)
        _announce(data, ports, servers, time.monotonic() - started)
        while not stop.wait(0.2):
            if any(server.poll() is not None for server in servers.values()):
                return 1
        return 0
    finally:
        _stop(servers)


def _await_leash(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


def _ports(data: Path) -> dict[str, int]:
    file = data / "ports.json"
    if not file.exists():
        with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
            file.write_text(json.dumps({"s3": one.getsockname()[1], "diracx": other.getsockname()[1]}))
    ports: dict[str, int] = json.loads(file.read_text())
    return ports


def _commands(ports: dict[str, int]) -> dict[str, list[str]]:
    # The production application, which makes its tables first and keeps in SQLite what OpenSearch would keep.
    application = ["--factory", "diracx.testing.routers:create_app", "--no-access-log"]
    return {
        "s3": [str(Path(sys.executable).with_name("moto_server")), "-H", HOST, "-p", str(ports["s3"])],
        "diracx": [sys.executable, "-m", "uvicorn", *application, "--host", HOST, "--port", str(ports["diracx"])],
    }


def _environment(data: Path, ports: dict[str, int], access_minutes: int, mysql: str) -> dict[str, str]:
    file = data / "environment.json"
    if file.exists():
        settings: dict[str, str] = json.loads(file.read_text())
    else:
        settings = _settings(data, ports) | _databases(data, mysql)
    settings["DIRACX_SERVICE_AUTH_ACCESS_TOKEN_EXPIRE_MINUTES"] = str(access_minutes)
    _write_private(file, json.dumps(settings))
    return {**os.environ, **settings}


def _settings(data: Path, ports: dict[str, int]) -> dict[str, str]:
    s3 = {"endpoint_url": f"http://{HOST}:{ports['s3']}", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    key = secrets.token_bytes(32)
    _write_private(data / "legacy_key", base64.urlsafe_b64encode(key).decode())
    return {
        "DIRACX_CONFIG_BACKEND_URL": f"git+file://{data / 'configuration'}",
        "DIRACX_LEGACY_EXCHANGE_HASHED_API_KEY": hashlib.sha256(key).hexdigest(),
        "DIRACX_SANDBOX_STORE_AUTO_CREATE_BUCKET": "true",
        "DIRACX_SANDBOX_STORE_BUCKET_NAME": BUCKET,
        "DIRACX_SANDBOX_STORE_S3_CLIENT_KWARGS": json.dumps(s3),
        "DIRACX_SERVICE_AUTH_ALLOWED_REDIRECTS": "[]",
        "DIRACX_SERVICE_AUTH_STATE_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DIRACX_SERVICE_AUTH_TOKEN_ISSUER": f"http://{HOST}:{ports['diracx']}",
        "DIRACX_SERVICE_AUTH_TOKEN_KEYSTORE": f"file://{data / 'jwks.json'}",
        "MOTO_ENABLE_RECORDING": "true",
        "MOTO_RECORDER_FILEPATH": str(data / REQUESTS),
    }


def _databases(data: Path, mysql: str) -> dict[str, str]:
    def url(name: str) -> str:
        return f"sqlite+aiosqlite:///{data / name.lower()}.db"

    def sql_url(name: str) -> str:
        return f"{mysql}/{name}" if mysql else url(name)

    sql = {f"DIRACX_DB_URL_{point.name.upper()}": sql_url(point.name) for point in entry_points(group="diracx.dbs.sql")}
    documents = {
        f"DIRACX_OS_DB_{point.name.upper()}": json.dumps({"sqlalchemy_dsn": url(point.name)})
        for point in entry_points(group="diracx.dbs.os")
    }
    return sql | documents


def _write_configuration(data: Path) -> None:
    """The server reads its configuration from a Git repository."""
    folder = data / "configuration"
    if (folder / ".git").exists():
        return
    folder.mkdir()
    members = [SUBJECT, OTHER_SUBJECT]
    registry = {
        "DefaultGroup": "user",
        "IdP": {"URL": "https://idp.invalid", "ClientID": "none"},
        "Users": {SUBJECT: {"PreferedUsername": USER}, OTHER_SUBJECT: {"PreferedUsername": OTHER_USER}},
        "Groups": {
            "user": {"Properties": ["NormalUser"], "Users": members},
            "admin": {"Properties": ["NormalUser", "JobAdministrator"], "Users": members},
        },
    }
    # JSON is YAML.
    text = json.dumps({"DIRAC": {}, "Operations": {"Defaults": {}}, "Registry": {VO: registry}}, indent=1)
    (folder / "default.yml").write_text(text)
    _git(folder, "init", "-q", "-b", "master")
    _git(folder, "add", "default.yml")
    _git(folder, "commit", "-q", "-m", "Configuration of the tests")


def _git(folder: Path, *words: str) -> None:
    person = {
        f"GIT_{who}_{what}": "test@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"], **person}
    subprocess.run(["git", *words], cwd=folder, env=own, check=True)


def _write_signing_key(data: Path, environment: dict[str, str]) -> None:
    file = data / "jwks.json"
    if not file.exists():
        command = [sys.executable, "-m", "diracx.logic", "rotate-jwk", "--jwks-path", str(file)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def _start(command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _await_port(port: int, server: subprocess.Popen[bytes], stop: threading.Event) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and not stop.wait(0.05):
        if server.poll() is not None:
            raise SystemExit(f"{server.args!r} ended with {server.returncode}; its log says why")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
    raise SystemExit(f"port {port} was not open after {START_WITHIN:.0f} s")


def _await_answer(url: str, stop: threading.Event) -> None:
    """The first questions are answered with 503, until the configuration has been read."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline and not stop.wait(0.05):
        try:
            with urllib.request.urlopen(url, timeout=START_WITHIN):  # noqa: S310 - our own server
                return
        except urllib.error.HTTPError as error:
            error.close()
    raise SystemExit(f"{url} did not answer within {START_WITHIN:.0f} s")


def _ask_again(port: int) -> None:
    """The S3 has all again that it had before."""
    connection = http.client.HTTPConnection(HOST, port, timeout=START_WITHIN)
    connection.request("POST", "/moto-api/recorder/replay-recording")
    status = connection.getresponse().status
    connection.close()
    if status != http.HTTPStatus.OK:
        raise SystemExit(f"the S3 answered {status} when it was to have again what it had; its log says why")


def _announce(data: Path, ports: dict[str, int], servers: dict[str, subprocess.Popen[bytes]], seconds: float) -> None:
    where = {
        "url": f"http://{HOST}:{ports['diracx']}",
        "s3": f"http://{HOST}:{ports['s3']}",
        "data": str(data),
        "python": sys.executable,
        "user": USER,
        "subject": SUBJECT,
        "other_user": OTHER_USER,
        "other_subject": OTHER_SUBJECT,
        "vo": VO,
        "pids": {name: server.pid for name, server in servers.items()},
        "seconds": round(seconds, 2),
    }
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()


def _stop(servers: dict[str, subprocess.Popen[bytes]]) -> None:
    for server in servers.values():
        server.terminate()
    for server in servers.values():
        try:
            server.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
