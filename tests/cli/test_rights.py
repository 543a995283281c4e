"""Who may use a store on a server, by the command line; and a day's work over such a store."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.cli.conftest import Ganga
from tests.live.needs import needs
from tests.live.postgres_server.install import check
from tests.live.postgres_server.server import PostgresServer, running
from tests.live.system_packages import NotInstalled


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    needs(check, NotInstalled)
    with running(durable=False) as server:
        yield server


@pytest.fixture
def as_role(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["AsRole"]:
    """Settings that lead to one database, as whichever role."""
    database = server.new_database()
    yield AsRole(server, database, tmp_path, monkeypatch)
    server.drop_database(database)


class AsRole:
    def __init__(self, server: PostgresServer, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server, self._database, self._folder, self._monkeypatch = server, database, folder, monkeypatch

    def __call__(self, role: str, owner: str | None = None) -> None:
        lines = ["[store]", f"url = '{self._server.url(self._database, role)}'"]
        lines += [] if owner is None else [f"owner = '{owner}'"]
        file = self._folder / f"{role}.toml"
        file.write_text("\n".join(lines))
        self._monkeypatch.setenv("GANGA_CONFIG", str(file))


def test_a_role_is_admitted_runs_a_job_and_trusts_another(cli: Ganga, server: PostgresServer, as_role: AsRole) -> None:
    ada, robot = f"ada_{token_hex(4)}", f"robot_{token_hex(4)}"
    for role in (ada, robot):
        server.new_role(role, token_hex())
        as_role(role)
        assert "ganga rights admit ROLE" in cli("list").err
        as_role("postgres")
        assert cli("rights", "admit", role).code == 0
    as_role(ada)
    assert cli("run", "--", "echo", "hello").out == "hello\n"
    as_role(robot, owner=ada)
    assert f"`ganga rights trust {robot}`" in cli("list").err
    as_role(ada)
    assert cli("rights", "trust", robot).code == 0
    assert cli("rights").out == f"{robot}\n"
    assert cli("rights", "--json").objects == [{"role": robot}]
    as_role(robot, owner=ada)
    assert [job["id"] for job in cli("list", "--json").objects] == ["1"]
    as_role(robot)
    assert cli("list", "--json").objects == []
    as_role(ada)
    assert cli("rights", "distrust", robot).code == 0
    assert cli("rights").out == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("rights", "lend", "x"), "expected admit, trust, distrust"),
        (("rights", "admit"), "no role to admit is named"),
        (("rights",), "[store] url"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Ganga, words: tuple[str, ...], text: str) -> None:
    result = cli(*words)
    assert result.code == 2
    assert text in result.err
