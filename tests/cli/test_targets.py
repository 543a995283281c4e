"""Who we are for a target, and for how long."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga.backends.base import Discovery
from ganga.cli.grid import Screen
from ganga.cli.standing import Standing, colours, credentials_of, print_standings, row, standing_object
from ganga.health import Health
from ganga.model.clock import Utc, rfc3339
from ganga.model.identity import Identity
from ganga.model.ids import TargetName
from ganga.model.job import TargetState
from tests.cli.conftest import Ganga

NOW = Utc(1_800_000_000.0)
ADA = Identity(name="ada of users", expires_at=Utc(NOW + 11_520.0), warn_before=1800.0)


def ending(seconds: float) -> Identity:
    return replace(ADA, expires_at=Utc(NOW + seconds))


@pytest.mark.parametrize(
    ("identity", "words", "colour"),
    [
        (None, "", None),
        (Identity(name="ada"), "ada", None),
        (ADA, "ada of users, 3 h 12 min left", None),
        (ending(864_000.0), "ada of users, 10 d left", None),
        (ending(1500.0), "ada of users, 25 min left: renew them", "33"),
        (ending(-200.0), "ada of users, ended 3 min ago: renew them", "31"),
        (replace(ending(60.0), renew_by="kinit"), "ada of users, 1 min left: renew them: kinit", "33"),
    ],
)
def test_the_credentials_are_shown_with_their_time(identity: Identity | None, words: str, colour: str | None) -> None:
    assert credentials_of(identity, NOW) == words
    standing = Standing(
        state=TargetState(name=TargetName("grid"), identity=identity), backend="dirac", live=0, holder=None
    )
    assert list(colours(standing, NOW).values()) == ([] if colour is None else [colour])


def test_they_stand_in_a_row_of_their_target() -> None:
    state = TargetState(name=TargetName("grid"), identity=replace(ADA, name="a\x1bda"))
    cells = row(Standing(state=state, backend="dirac", live=2, holder=None, where="x.org"), NOW)
    assert cells == ["grid", "dirac", "x.org", "2", "nobody", "never", "a\\x1bda, 3 h 12 min left", "well"]


def test_programs_get_times_and_seconds() -> None:
    soon = replace(ADA, expires_at=Utc(time.time() + 600.5))
    state = TargetState(name=TargetName("grid"), identity=soon, expiry_told=True)
    told = standing_object(Standing(state=state, backend="dirac", live=0, holder=None))
    identity = told["identity"]
    assert isinstance(identity, dict)
    assert 500 < identity.pop("seconds_left") <= 600
    assert soon.expires_at is not None
    assert identity == {"name": "ada of users", "expires_at": rfc3339(soon.expires_at), "about_to_end": True}
    assert "expiry_told" not in told


def test_where_nobody_has_to_say_who_they_are_programs_get_none() -> None:
    told = standing_object(Standing(state=TargetState(name=TargetName("here")), backend="local", live=0, holder=None))
    assert told["identity"] is None


def asked(problem: str | None, seconds: float | None = None) -> Standing:
    health = Health(problem=problem, answered_in=seconds, identity=ADA)
    state = TargetState(name=TargetName("site"), down_since=Utc(NOW - 60.0), error="no way")
    return Standing(state=state, backend="slurm", live=0, holder=None, default=True, health=health)


def test_what_a_target_answered_goes_before_what_was_stored() -> None:
    assert row(asked(None, 0.0123), NOW)[-2:] == ["ada of users, 3 h 12 min left", "answers in 12 ms"]
    assert row(asked(None, 1.25), NOW)[-1] == "answers in 1.2 s"
    assert row(asked("nobody is there"), NOW)[-1] == "unhealthy"
    assert list(colours(asked("nobody is there"), NOW).values()) == ["31"]
    assert list(colours(asked(None, 0.1), NOW).values()) == ["32"]


def test_what_went_wrong_is_told_below_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_standings([asked("nobody is there: knock again")])
    assert "site: nobody is there: knock again\n" in capsys.readouterr().out


@pytest.mark.parametrize(("columns", "in_a_cell"), [(200, True), (80, False)])
def test_credentials_have_a_cell_where_there_is_room(
    columns: int, in_a_cell: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganga.cli.standing.screen", lambda: Screen(columns, colours=False))
    standing = Standing(
        state=TargetState(name=TargetName("grid"), identity=Identity(name="a" * 40)),
        backend="dirac",
        live=0,
        holder=None,
    )
    print_standings([standing])
    title, *lines = capsys.readouterr().out.splitlines()
    assert ("CREDENTIALS" in title) is in_a_cell
    assert (f"grid: {'a' * 40}" in lines) is not in_a_cell
    assert all(len(line) <= columns for line in (title, *lines))


def configure(ganga_home: Path, *lines: str) -> None:
    (ganga_home.parent / "ganga.toml").write_text("\n".join(["[targets.local]", "linger = 0.2", *lines]))


def test_an_unhealthy_target_is_the_exit_code(cli: Ganga, ganga_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(ganga_home))
    configure(ganga_home, "[targets.slurm]")
    result = cli("targets", "--check")
    assert result.code == 3
    assert "answers in" in result.out
    assert "slurm: squeue cannot be run" in result.out
    assert cli("targets", "--check", "--target", "local").code == 0
    assert cli("targets").code == 0
    [line] = cli("targets", "--check", "--target", "slurm", "--json").objects
    assert (line["name"], line["where"], line["default"], line["answered_in"]) == ("slurm", "this machine", False, None)
    assert "is it installed" in str(line["problem"])


def test_no_check_takes_longer_than_it_may(cli: Ganga, ganga_home: Path) -> None:
    configure(ganga_home, "[targets.slurm]", "[targets.pbs]")
    programs = ganga_home.parent / "bin"
    programs.mkdir()
    for name in ("squeue", "qstat"):
        (programs / name).write_text("#!/bin/sh\nexec sleep 600\n")
        (programs / name).chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        result = cli("targets", "--check", "--timeout", "0.5")
    # The third is this machine, which may be busy.
    for name in ("slurm", "pbs"):
        assert f"{name}: no answer within 0.5 seconds" in result.out


FOUND = {
    "slurm": Discovery("slurm-wlm 22.05.8", settings={"queue": "short"}),
    "dirac": Discovery("DIRAC as in x.cfg", "nobody has logged in"),
    "local": Discovery("this machine"),
    "lsf": Discovery(obstacle="there is no command bsub in PATH"),
}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def discover() -> dict[str, Discovery]:
        return FOUND

    monkeypatch.setattr("ganga.client.discover", discover)


@pytest.mark.usefixtures("found")
def test_what_is_here_and_no_target_yet_is_named(cli: Ganga) -> None:
    assert "Here, and no target yet: slurm, dirac (" in cli("targets").out
    assert "no target yet" not in cli("targets", "--target", "local").out


@pytest.mark.usefixtures("found")
def test_what_was_found_is_told_with_what_is_to_be_done(cli: Ganga, ganga_home: Path) -> None:
    text = cli("targets", "--find").out
    here, _, absent = text.partition("Not found:")
    assert "  slurm        slurm-wlm 22.05.8\n" in here
    assert "  dirac        DIRAC as in x.cfg; nobody has logged in\n" in here
    assert "  local        this machine; target local\n" in here
    assert "  lsf          there is no command bsub in PATH\n" in absent
    assert text.endswith(f'add to {ganga_home.parent / "ganga.toml"}:\n\n[targets.slurm]\nqueue = "short"\n')


@pytest.mark.usefixtures("found")
def test_programs_get_what_was_found(cli: Ganga) -> None:
    slurm, dirac, *_ = cli("targets", "--find", "--json").objects
    assert slurm == {
        "backend": "slurm",
        "found": "slurm-wlm 22.05.8",
        "obstacle": None,
        "targets": [],
        "toml": '[targets.slurm]\nqueue = "short"\n',
    }
    assert (dirac["obstacle"], dirac["toml"]) == ("nobody has logged in", None)
