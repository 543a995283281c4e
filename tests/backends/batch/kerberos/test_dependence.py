from pathlib import Path, PurePosixPath
from typing import Literal

import pytest

from ganga.backends.batch.here import HereShell
from ganga.backends.batch.kerberos.dependence import Dependence
from ganga.backends.batch.shell import Shell
from ganga.model.clock import Utc
from ganga.model.identity import Identity
from tests.backends.batch.kerberos.caches import END, RENEWABLE_UNTIL, Entry, cache
from tests.backends.batch.kerberos.test_reading import install, says
from tests.backends.batch.kerberos.test_replies import TOKENS

RENEWAL = "kinit -R (until 2026-11-24T00:06:34.000Z) or kinit"
ADA = Identity(name="ada@EXAMPLE.ORG", expires_at=Utc(END), renew_by=RENEWAL)


class FarShell(HereShell):
    """That of another machine, as far as anybody can tell."""

    def __init__(self, *, by_tickets: bool) -> None:
        super().__init__(60.0)
        self.by_tickets = by_tickets

    @property
    def shares_files(self) -> bool:
        return False


class Ground:
    """A machine with one mount and one file of tickets."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.tickets = folder / "tickets"
        self.tickets.write_bytes(cache(Entry(renewable_until=RENEWABLE_UNTIL)))
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.mounts = folder / "mounts"
        self.mounts.write_text(f"none {folder} nfs4 rw,sec=krb5 0 0\n")

    def identity(
        self, wish: Literal["auto", "yes"] = "auto", shell: Shell | None = None, folder: PurePosixPath | None = None
    ) -> Identity | None:
        work = folder or PurePosixPath(self.work)
        environment = {"KRB5CCNAME": str(self.tickets), "PATH": str(self.programs)}
        dependence = Dependence(wish, shell or HereShell(60.0), work, environment=environment, mounts=self.mounts)
        return dependence.identity()


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def test_tickets_count_where_the_work_folder_takes_them(ground: Ground) -> None:
    assert ground.identity() == ADA
    ground.mounts.write_text("none / ext4 rw 0 0\n")
    assert ground.identity() is None
    assert ground.identity("yes") == ADA
    ground.mounts.unlink()
    assert ground.identity() is None


def test_links_to_the_folder_are_followed(ground: Ground, tmp_path: Path) -> None:
    ground.mounts.write_text(f"none {tmp_path}/guarded nfs4 rw,sec=krb5 0 0\n")
    assert ground.identity() is None
    ground.work.symlink_to(tmp_path / "guarded")
    assert ground.identity() == ADA


def test_on_another_machine_they_count_if_it_has_let_us_in_by_them(ground: Ground) -> None:
    assert ground.identity(shell=FarShell(by_tickets=False)) is None
    assert ground.identity(shell=FarShell(by_tickets=True)) == ADA
    assert ground.identity("yes", FarShell(by_tickets=False)) == ADA


def test_on_afs_the_earlier_end_of_ticket_and_token_counts(ground: Ground) -> None:
    work = PurePosixPath("/afs/example.org/user")
    afs = Identity(name="ada@EXAMPLE.ORG", expires_at=Utc(END), renew_by=f"{RENEWAL}, then aklog")
    assert ground.identity(folder=work) == afs
    install(ground.programs, "tokens", says(ground.programs, "list", TOKENS))
    found = ground.identity(folder=work)
    assert found is not None
    assert found.expires_at == Utc(END - 34)
    assert ground.identity(folder=PurePosixPath("/afs/example.info")) == Identity(
        name="Kerberos: there is no AFS token for example.info (kinit, then aklog)"
    )


def test_that_there_are_none_is_shown(ground: Ground) -> None:
    ground.tickets.unlink()
    assert ground.identity() == Identity(name=f"Kerberos: there is no {ground.tickets} (kinit)")


def test_without_a_ticket_that_brings_others_no_end_is_known(ground: Ground) -> None:
    ground.tickets.write_bytes(cache(Entry("host/a.example.org")))
    assert ground.identity() == Identity(name="ada@EXAMPLE.ORG", renew_by="kinit")
