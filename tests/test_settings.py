import stat
from pathlib import Path

import pytest

from ganga.errors import ConfigurationError
from ganga.model.ids import BudgetName, TargetName
from ganga.model.policy import Allowance, Policy
from ganga.settings import MonitorSettings, PaceSettings, TargetSettings, load
from tests.users import an_ordinary_user


@pytest.fixture(autouse=True)
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    return tmp_path / "user"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ganga.toml"


def test_no_settings_are_needed_for_local_jobs(user_home: Path) -> None:
    settings = load({}, platform="linux")
    assert settings.home == user_home / ".local" / "share" / "ganga"
    assert settings.database == settings.home / "ganga.sqlite"
    assert settings.file is None
    assert settings.default_target == "local"
    assert settings.targets == {"local": TargetSettings(backend="local", options={})}


def test_on_macos_data_and_settings_are_in_the_library(user_home: Path) -> None:
    folder = user_home / "Library" / "Application Support" / "ganga"
    folder.mkdir(parents=True)
    (folder / "ganga.toml").write_text("[monitor]\nlease = 7\n")
    settings = load({}, platform="darwin")
    assert settings.home == folder
    assert settings.monitor.lease == 7


def test_the_base_folders_of_the_user_are_respected(tmp_path: Path) -> None:
    (tmp_path / "c" / "ganga").mkdir(parents=True)
    (tmp_path / "c" / "ganga" / "ganga.toml").write_text('default_target = "local"\n')
    settings = load({"XDG_DATA_HOME": str(tmp_path / "d"), "XDG_CONFIG_HOME": str(tmp_path / "c")}, platform="linux")
    assert settings.home == tmp_path / "d" / "ganga"
    assert settings.file == tmp_path / "c" / "ganga" / "ganga.toml"


def test_a_relative_base_folder_is_ignored(user_home: Path) -> None:
    assert load({"XDG_DATA_HOME": "here"}, platform="linux").home == user_home / ".local" / "share" / "ganga"


def test_the_file_says_it_all(file: Path) -> None:
    file.write_text("""
        default_target = "slurm@site"
        [store]
        file = "other.sqlite"
        [monitor]
        lease = 2
        [targets.local]
        jobs_at_once = 3
        [targets."slurm@site"]
        account = "physics"
        pace = { fastest = 30, slowest = 600 }
    """)
    settings = load({"GANGA_CONFIG": str(file), "GANGA_HOME": str(file.parent)})
    assert settings.default_target == "slurm@site"
    assert settings.database == file.parent / "other.sqlite"
    assert settings.monitor == MonitorSettings(lease=2)
    assert settings.targets[TargetName("local")].options == {"jobs_at_once": 3}
    assert settings.targets[TargetName("slurm@site")] == TargetSettings(
        backend="slurm", pace=PaceSettings(fastest=30, slowest=600), options={"account": "physics"}
    )


def test_arguments_go_before_variables_and_those_before_the_file(file: Path, tmp_path: Path) -> None:
    file.write_text('default_target = "a"\n[targets.a]\n[targets.b]\n')
    environment = {"GANGA_HOME": "/elsewhere", "GANGA_CONFIG": "/nowhere.toml", "GANGA_TARGET": "b"}
    settings = load(environment, home=tmp_path, config=file)
    assert (settings.home, settings.file, settings.default_target) == (tmp_path, file, "b")


def test_inside_a_job_and_beside_other_programs_nothing_is_disturbed() -> None:
    load({"GANGA_JOB_ID": "12", "GANGA_SUBJOB_INDEX": "0", "GANGA_CONFIG_PATH": "x", "GANGA_SITE": "y"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[targets", ["ganga.toml", "not valid TOML", "end of document"]),
        ("a = 1\nb = = 2", ["ganga.toml", "line 2"]),
        ("defualt_target = 'x'", ["ganga.toml", "'defualt_target'", "did you mean 'default_target'?"]),
        ("[monitor]\nleese = 3", ["[monitor]", "'leese'", "'lease'"]),
        ("[monitor]\nlease = 'long'", ["monitor.lease", "expected `float`"]),
        ("[monitor]\nlease = -1", ["monitor.lease", "> 0"]),
        ("[monitor]\nmetrics = 9464", ["monitor.metrics", "expected `str`"]),
        ("[monitor]\nlog = 'xml'", ["monitor.log", "'xml'"]),
        ("[store]\nfile = 3", ["store.file", "expected `str`"]),
        ("store = 3", ["store", "expected `object`"]),
        ("[store]\nfile = 'x'\nurl = 'postgresql://h/d'", ["store.file and store.url", "leave one of them out"]),
        ("[store]\nowner = 'ada'", ["store.owner goes with store.url"]),
        ("[store]\nurl = 'mysql://h/d'", ["store.url", "postgresql://"]),
        ("[service]\nhome = '/srv/ganga'", ["service.home", "'/srv/ganga'", "/srv/ganga/{owner}"]),
        ("[service]\nhome = 'ganga/{owner}'", ["service.home", "absolute"]),
        ("[service]\nhome = '/srv/{user}'", ["service.home", "'{user}'", "{owner} stands for the name of the owner"]),
        ("[service]\nhome = '/srv/{owner}/{x}'", ["service.home", "'{x}'"]),
        ("[service]\nhouse = '/srv/{owner}'", ["[service]", "'house'", "'home'"]),
        ("default_target = 'away'", ["default_target", "'away'", "known: local"]),
        ("[targets.'a b']", ["'a b'", "cannot be the name of a target"]),
        ("[targets.x]\nbackend = 3", ["targets.x.backend", "expected `str`"]),
        ("[targets.x.pace]\nfastet = 3", ["[targets.x.pace]", "'fastet'", "'fastest'"]),
        ("[targets.x.pace]\nbudget = 'a b'", ["targets.x.pace.budget", "'a b'", "letters"]),
        (
            "[targets.x.pace]\nleast_calls_per_minute = 9\ncalls_per_minute = 3",
            ["targets.x.pace.least_calls_per_minute", "more than calls_per_minute"],
        ),
        ("[targets.x.pace]\nfastest = 9\nslowest = 3", ["targets.x.pace.fastest", "more than slowest"]),
    ],
)
def test_each_mistake_is_named_with_its_place(file: Path, text: str, words: list[str]) -> None:
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load({"GANGA_CONFIG": str(file)})
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_text_that_is_not_utf8_is_named(file: Path) -> None:
    file.write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        load({"GANGA_CONFIG": str(file)})


def test_a_settings_file_that_is_named_and_missing_is_an_error(file: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"GANGA_CONFIG names .*, which is not a file"):
        load({"GANGA_CONFIG": str(file)})
    with pytest.raises(ConfigurationError, match=r"config names .*, which is not a file"):
        load({}, config=file)


def test_a_settings_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.touch()
    file.chmod(stat.S_IWUSR)
    with an_ordinary_user(), pytest.raises(ConfigurationError, match="cannot be read"):
        load({"GANGA_CONFIG": str(file)})


def test_a_slip_in_a_variable_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"GANGA_HOEM is not a variable of ganga; did you mean GANGA_HOME\?"):
        load({"GANGA_HOEM": "/x"})


def test_an_unknown_default_target_of_the_environment_is_told() -> None:
    with pytest.raises(ConfigurationError, match="GANGA_TARGET names the target 'away'"):
        load({"GANGA_TARGET": "away"})


def test_a_pace_changes_what_it_names_and_nothing_else() -> None:
    policy = Policy()
    assert PaceSettings().applied(policy) == policy
    changed = PaceSettings(slowest=5, batch=7, submit_batch=8, answer_within=9, patience=10).applied(policy)
    assert (changed.sweep.fastest, changed.sweep.slowest) == (5, 5)
    assert (changed.sweep_width.batch, changed.submit.batch) == (7, 8)
    assert (changed.answer_within, changed.patience.seconds) == (9, 10)
    assert changed.kill == policy.kill


def test_a_pace_slower_than_the_slowest_moves_it() -> None:
    changed = PaceSettings(fastest=1000).applied(Policy())
    assert (changed.sweep.fastest, changed.sweep.slowest) == (1000, 1000)


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:s3cret@h1:1,h2:2/jobs", "postgresql://h/jobs?password=s3cret", "mysql://ada:s3cret@h/jobs"],
)
def test_a_password_in_the_url_of_the_store_is_refused_and_not_repeated(file: Path, url: str) -> None:
    file.write_text(f"[store]\nurl = '{url}'")
    with pytest.raises(ConfigurationError, match=r"store\.url") as caught:
        load({"GANGA_CONFIG": str(file)})
    assert "s3cret" not in str(caught.value)


def test_the_store_may_be_a_database_and_its_jobs_those_of_another(file: Path) -> None:
    file.write_text("[store]\nurl = 'postgresql://robot@h1,h2:5433/jobs'\nowner = 'ada'")
    store = load({"GANGA_CONFIG": str(file)}).store
    assert (store.url, store.owner) == ("postgresql://robot@h1,h2:5433/jobs", "ada")


def test_a_service_has_a_folder_of_each_owner(file: Path) -> None:
    file.write_text("[service]\nhome = '/srv/ganga/{owner}'")
    assert load({"GANGA_CONFIG": str(file)}).service.home == "/srv/ganga/{owner}"
    assert load({}).service.home == ""


def test_a_budget_holds_from_the_start_only_if_it_is_shared_or_limited() -> None:
    assert PaceSettings().applied(Policy()) == Policy()
    assert PaceSettings(slow_after=9.0).applied(Policy()).allowance == Allowance(slow=9.0)
    shared = PaceSettings(budget="lxplus").applied(Policy()).allowance
    assert shared == Allowance(budget=BudgetName("lxplus"), strict=True)
    limited = PaceSettings(calls_per_minute=30.0).applied(Policy()).allowance
    assert limited == Allowance(strict=True, ceiling=0.5, burst=5.0)


@pytest.mark.parametrize(
    ("pace", "floor", "ceiling", "burst"),
    [
        (PaceSettings(calls_per_minute=3.0), 0.05, 0.05, 2.0),
        (PaceSettings(calls_per_minute=6000.0), 0.1, 100.0, 10.0),
        (PaceSettings(least_calls_per_minute=1.5), 0.025, 10.0, 10.0),
        (PaceSettings(least_calls_per_minute=1200.0), 20.0, 20.0, 10.0),
        (PaceSettings(least_calls_per_minute=3.0, calls_per_minute=12.0), 0.05, 0.2, 2.0),
    ],
)
def test_the_bounds_of_a_budget_fit_each_other(pace: PaceSettings, floor: float, ceiling: float, burst: float) -> None:
    allowance = pace.applied(Policy()).allowance
    assert (allowance.floor, allowance.ceiling, allowance.burst) == (floor, ceiling, burst)
