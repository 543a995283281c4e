"""The settings: read once from one TOML file and a few variables into frozen records. No settings are needed for local
jobs.

=================  ====================================================================================================
``GANGA_HOME``     the folder of store, job folders and logs; by default the user's data folder
``GANGA_CONFIG``   the settings file, if there is one; by default ``ganga/ganga.toml`` in the configuration folder
``GANGA_TARGET``   the default target; without it the file's ``default_target``, and without that ``local``
=================  ====================================================================================================
"""

import dataclasses
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from ganga.errors import ConfigurationError
from ganga.hosting.templates import OWNER, check_templates, speaks_of_owner
from ganga.model.ids import BudgetName, TargetName, shortened
from ganga.model.policy import Allowance, Policy
from ganga.reading import Table, nearest, read_struct
from ganga.store.location import check_url

Positive = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]

VARIABLES = ("GANGA_HOME", "GANGA_CONFIG", "GANGA_TARGET")

#: Set inside jobs, and none of our business here.
_JOB_VARIABLES = frozenset({"GANGA_JOB_ID", "GANGA_SUBJOB_INDEX"})

LOCAL = TargetName("local")

#: So many seconds' worth of calls may be made at once, and never fewer than one of ours and one that people ask for.
AT_ONCE = 10.0
LEAST_AT_ONCE = 2.0

_TARGET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class StoreSettings(Struct, frozen=True, kw_only=True):
    """The section ``[store]``."""

    #: The database file, relative to the home folder; a local disk is where it belongs.
    file: str = "ganga.sqlite"
    #: Instead of a file, a PostgreSQL database, as libpq reads it: ``postgresql://host/database``.
    url: str | None = None
    #: Whose jobs are meant, there: a role that trusts the one that connects; by default this role itself.
    owner: str | None = None


class MonitorSettings(Struct, frozen=True, kw_only=True):
    """The section ``[monitor]``."""

    #: Seconds after which another process takes over the targets of a monitor that shows no life.
    lease: Positive = 5.0
    #: Where ``ganga monitor`` serves metrics for Prometheus: a port of this machine alone, or ``HOST:PORT``; by default
    #: nowhere.
    metrics: str = ""
    #: Whether ``ganga monitor`` exports spans over OTLP, as the standard variables ``OTEL_*`` say.
    tracing: bool = False
    #: How ``ganga monitor`` logs on the standard error: ``json`` is one object a line.
    log: Literal["plain", "json"] = "plain"


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """The section ``[service]``: of a service account that looks after the jobs of all who trust it."""

    #: The folder of each owner, in which ``{owner}`` stands for the name: what is the owner's own ``GANGA_HOME``.
    home: str = ""


class PaceSettings(Struct, frozen=True, kw_only=True):
    """``[targets.NAME.pace]``: changes to how the back end wants to be treated. Times are seconds; None leaves it as it
    is.
    """

    #: Between two rounds of questions about all jobs: never less.
    fastest: Positive | None = None
    #: Between two rounds of questions about all jobs: never more while all is well.
    slowest: Positive | None = None
    #: Jobs in one question.
    batch: Count | None = None
    #: Jobs in one submission.
    submit_batch: Count | None = None
    #: For an answer to any question, before it counts as failed.
    answer_within: Positive | None = None
    #: For which a job has to be denied before it is called lost.
    patience: Positive | None = None
    #: The budget of calls that this target shares with all others that name it; by default it has one of its own.
    budget: str | None = None
    #: Calls that all who share the budget make together: never more on average,
    calls_per_minute: Positive | None = None
    #: and never less, however much the service complains.
    least_calls_per_minute: Positive | None = None
    #: After which an answer counts as a complaint of the service; by default `answer_within`.
    slow_after: Positive | None = None

    def applied(self, policy: Policy) -> Policy:
        """The policy of a back end with these changes."""
        slowest = self.slowest or max(policy.sweep.slowest, self.fastest or 0.0)
        fastest = self.fastest or min(policy.sweep.fastest, slowest)
        return dataclasses.replace(
            policy,
            sweep=dataclasses.replace(policy.sweep, fastest=fastest, slowest=slowest),
            sweep_width=dataclasses.replace(policy.sweep_width, batch=self.batch or policy.sweep_width.batch),
            submit=dataclasses.replace(policy.submit, batch=self.submit_batch or policy.submit.batch),
            answer_within=self.answer_within or policy.answer_within,
            patience=dataclasses.replace(policy.patience, seconds=self.patience or policy.patience.seconds),
            allowance=self._allowed(policy.allowance),
        )

    def _allowed(self, allowance: Allowance) -> Allowance:
        ceiling = _a_second(self.calls_per_minute) or max(allowance.ceiling, _a_second(self.least_calls_per_minute))
        return dataclasses.replace(
            allowance,
            budget=BudgetName(self.budget) if self.budget is not None else allowance.budget,
            strict=allowance.strict or self.budget is not None or self.calls_per_minute is not None,
            ceiling=ceiling,
            floor=_a_second(self.least_calls_per_minute) or min(allowance.floor, ceiling),
            burst=min(allowance.burst, max(LEAST_AT_ONCE, ceiling * AT_ONCE)),
            slow=self.slow_after or allowance.slow,
        )


def _a_second(calls_per_minute: float | None) -> float:
    return (calls_per_minute or 0.0) / 60.0


class TargetSettings(Struct, frozen=True, kw_only=True):
    """The section ``[targets.NAME]``."""

    #: The back end, as its entry point is called; by default the target's name up to an ``@``.
    backend: str
    pace: PaceSettings = PaceSettings()
    #: All other keys: the back end's own settings, which it reads itself.
    options: Table


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of one process."""

    home: Path
    #: The file that they were read from; None if there is none.
    file: Path | None = None
    default_target: TargetName = LOCAL
    store: StoreSettings = StoreSettings()
    monitor: MonitorSettings = MonitorSettings()
    service: ServiceSettings = ServiceSettings()
    targets: Mapping[TargetName, TargetSettings]

    @property
    def database(self) -> Path:
        """The file of the store."""
        return self.home / self.store.file


class _File(Struct, frozen=True, kw_only=True):
    """The top of the settings file."""

    default_target: str | None = None
    store: Table = {}
    monitor: Table = {}
    service: Table = {}
    targets: Mapping[str, Table] = {}


def load(
    environment: Mapping[str, str] | None = None,
    *,
    home: str | Path | None = None,
    config: str | Path | None = None,
    platform: str = sys.platform,
) -> Settings:
    """The settings of the environment (by default this process's own); `home` and `config` go before its variables.

    Raises `ConfigurationError`, which names the file and the setting.
    """
    environment = os.environ if environment is None else environment
    _check_variables(environment)
    file = _file(environment, config, platform)
    top = read_struct(_File, _parse(file), where="", file=file) if file else _File()
    settings = Settings(
        home=_home(environment, home, platform),
        file=file,
        store=_store(top.store, file),
        monitor=read_struct(MonitorSettings, top.monitor, where="monitor", file=file),
        service=_service(top.service, file),
        targets=_targets(top.targets, file),
    )
    chosen = environment.get("GANGA_TARGET") or top.default_target or LOCAL
    if chosen not in settings.targets:
        source = "GANGA_TARGET" if environment.get("GANGA_TARGET") else f"{file}: default_target"
        known = ", ".join(sorted(settings.targets))
        raise ConfigurationError(f"{source} names the target {shortened(chosen)!r}, which is not there; known: {known}")
    return replace(settings, default_target=TargetName(chosen))


def _store(table: Table, file: Path | None) -> StoreSettings:
    settings = read_struct(StoreSettings, table, where="store", file=file)
    if settings.url is not None:
        if "file" in table:
            raise ConfigurationError(f"{file}: store.file and store.url are two stores; leave one of them out")
        check_url(settings.url, f"{file}: store.url")
    elif settings.owner is not None:
        raise ConfigurationError(f"{file}: store.owner goes with store.url; add that, or leave the owner out")
    return settings


def _service(table: Table, file: Path | None) -> ServiceSettings:
    settings = read_struct(ServiceSettings, table, where="service", file=file)
    if settings.home:
        check_templates(settings.home, "service.home", file)
        if not speaks_of_owner(settings.home) or not Path(settings.home).is_absolute():
            raise ConfigurationError(
                f"{file}: service.home is {shortened(settings.home)!r}; expected an absolute folder of each owner, "
                f"such as /srv/ganga/{OWNER}"
            )
    return settings


def _check_variables(environment: Mapping[str, str]) -> None:
    """A slip of the keyboard is told. Other variables belong to other programs: many begin with our name."""
    for name in environment:
        if name.startswith("GANGA_") and name not in VARIABLES and name not in _JOB_VARIABLES:
            meant = nearest(name, VARIABLES, cutoff=0.85)
            if meant:
                raise ConfigurationError(f"{shortened(name)} is not a variable of ganga; did you mean {meant}?")


def _home(environment: Mapping[str, str], home: str | Path | None, platform: str) -> Path:
    given = home or environment.get("GANGA_HOME")
    if given:
        return Path(given).expanduser().absolute()
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ganga"
    return _xdg(environment, "XDG_DATA_HOME", Path(".local", "share")) / "ganga"


def usual_file(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Where the settings file is looked for if none is named."""
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "ganga" / "ganga.toml"
    return _xdg(environment, "XDG_CONFIG_HOME", Path(".config")) / "ganga" / "ganga.toml"


def _file(environment: Mapping[str, str], config: str | Path | None, platform: str) -> Path | None:
    given = config or environment.get("GANGA_CONFIG")
    if given:
        path = Path(given).expanduser().absolute()
        if not _is_file(path):
            source = "GANGA_CONFIG" if config is None else "config"
            raise ConfigurationError(f"{source} names {path}, which is not a file; correct it or leave it out")
        return path
    path = usual_file(environment, platform)
    return path if _is_file(path) else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; make its folder readable") from error


def _xdg(environment: Mapping[str, str], variable: str, default: Path) -> Path:
    """A base folder; a relative one is to be ignored, says the XDG specification."""
    given = Path(environment.get(variable, ""))
    return given if given.is_absolute() else Path.home() / default


def _parse(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}; correct that place") from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}; make it readable") from error


def _targets(tables: Mapping[str, Table], file: Path | None) -> dict[TargetName, TargetSettings]:
    targets = {LOCAL: TargetSettings(backend="local", options={})}
    for name, table in tables.items():
        if not _TARGET_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{file}: {shortened(name)!r} cannot be the name of a target; "
                "expected up to 64 letters, digits, _ . @ -"
            )
        targets[TargetName(name)] = _target(name, table, file)
    return targets


def _target(name: str, table: Table, file: Path | None) -> TargetSettings:
    own = {key: value for key, value in table.items() if key in {"backend", "pace"}}
    where = f"targets.{name}"
    head = read_struct(_Head, {"backend": name.partition("@")[0], **own}, where=where, file=file)
    pace = read_struct(PaceSettings, head.pace, where=f"{where}.pace", file=file)
    if pace.fastest is not None and pace.slowest is not None and pace.fastest > pace.slowest:
        raise ConfigurationError(f"{file}: {where}.pace.fastest is {pace.fastest:g}, more than slowest; exchange them")
    _check_budget(pace, where, file)
    options = {key: value for key, value in table.items() if key not in own}
    return TargetSettings(backend=head.backend, pace=pace, options=options)


def _check_budget(pace: PaceSettings, where: str, file: Path | None) -> None:
    if pace.budget is not None and not _TARGET_NAME.fullmatch(pace.budget):
        raise ConfigurationError(
            f"{file}: {where}.pace.budget is {shortened(pace.budget)!r}; expected up to 64 letters, digits, _ . @ -"
        )
    least, most = pace.least_calls_per_minute, pace.calls_per_minute
    if least is not None and most is not None and least > most:
        raise ConfigurationError(
            f"{file}: {where}.pace.least_calls_per_minute is {least:g}, more than calls_per_minute; exchange them"
        )


class _Head(Struct, frozen=True):
    """What every target has."""

    backend: str
    pace: Table = {}
