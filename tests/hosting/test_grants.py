"""Which targets act by what each owner grants, and which would act as the service."""

import os
from pathlib import Path

import pytest
from msgspec import Struct

from ganga.backends.arc.settings import Settings as Arc
from ganga.backends.dirac.settings import Settings as Dirac
from ganga.backends.htcondor.settings import Settings as HTCondor
from ganga.backends.local.settings import Settings as Local
from ganga.backends.slurm.settings import Settings as Slurm
from ganga.errors import BackendUnavailable
from ganga.hosting.grants import objection, permit, with_credentials
from ganga.reading import Table, read_struct

MINE = "/srv/{owner}/proxy"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Dirac, {"proxy": MINE}),
        (Dirac, {"diracx_credentials": MINE, "attributes": {"x": "{}"}}),
        (Arc, {"url": "https://arc.example.org", "proxy": MINE}),
        (Slurm, {"host": "{owner}@cluster"}),
        (Slurm, {"host": "x-{owner}@cluster", "rest_url": "https://h:1", "token_file": MINE}),
        (HTCondor, {"host": "{owner}@cluster"}),
    ],
)
def test_what_acts_by_the_owners_grant(kind: type[Struct], options: Table) -> None:
    assert objection(kind, options) is None


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (Local, {}, "{owner} anywhere"),
        (Dirac, {}, "{owner} anywhere"),
        (Dirac, {"proxy": "/srv/proxy"}, "{owner} anywhere"),
        (Dirac, {"proxy": "/srv/proxy", "diracx_credentials": MINE}, "proxy is the same for all"),
        (Dirac, {"proxy": MINE, "client_environment": "/home/{owner}/dirac"}, "client_environment decides"),
        (Dirac, {"proxy": MINE, "dirac_cfg": "/home/{owner}/dirac.cfg"}, "dirac_cfg decides"),
        (Slurm, {"host": "{owner}@cluster", "ssh_config": "/home/{owner}/.ssh/config"}, "ssh_config decides"),
        (Slurm, {"host": "cluster", "queue": "{owner}"}, "host does not begin"),
        (Slurm, {"host": "robot@{owner}.example.org"}, "host does not begin"),
        (Slurm, {"completion_log": "/var/{owner}"}, "host does not begin"),
        (Slurm, {"rest_url": "https://h:1", "token_file": MINE}, "host does not begin"),
    ],
)
def test_what_would_act_as_the_service(kind: type[Struct], options: Table, words: str) -> None:
    assert words in str(objection(kind, options))


@pytest.mark.parametrize(
    ("kind", "options", "added"),
    [
        (Dirac, {"proxy": MINE}, {"diracx_credentials"}),
        (Dirac, {"group": "{owner}"}, {"proxy", "diracx_credentials"}),
        (Arc, {"project": "{owner}"}, {"proxy"}),
        (Slurm, {"host": "{owner}@cluster"}, set()),
        (Slurm, {"host": "{owner}@cluster", "rest_url": "https://h:1"}, {"token_file"}),
    ],
)
def test_credentials_are_never_looked_for_among_those_of_the_service(
    kind: type[Struct], options: Table, added: set[str]
) -> None:
    whole = with_credentials(kind, options, "/home/{owner}")
    assert {name: value for name, value in whole.items() if name not in options} == {
        name: f"/home/{{owner}}/credentials/{name}" for name in added
    }
    assert isinstance(read_struct(kind, whole, where="targets.x", file=None), kind)


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("folder", ["{here}/", ""])
async def test_credentials_are_looked_at_before_they_are_used_however_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for owner in ("ada", "bob"):
        (tmp_path / owner).mkdir()
    (tmp_path / "bob" / "proxy").write_text("x")
    (tmp_path / "ada" / "proxy").symlink_to(tmp_path / "bob" / "proxy")
    permitted = {
        owner: permit(Dirac, {"proxy": f"{folder.format(here=tmp_path)}{{owner}}/proxy"}, owner)
        for owner in ("ada", "bob")
    }
    await permitted["bob"]()
    with pytest.raises(BackendUnavailable, match="leads to"):
        await permitted["ada"]()
