"""What a site may set is said of each field, and what it sets is how the target is treated."""

import inspect
import re

import msgspec
import pytest
from msgspec.structs import fields

from ganga.backends import dirac
from ganga.backends.dirac.settings import RoadName, Settings, policy


def test_the_module_is_a_plug_in() -> None:
    assert dirac.Settings is Settings
    assert dirac.policy is policy
    assert callable(dirac.connect)
    with pytest.raises(AttributeError, match="nothing"):
        dirac.__getattr__("nothing")


def test_each_field_says_what_it_is() -> None:
    source = inspect.getsource(Settings)
    for field in fields(Settings):
        assert re.search(rf"    #: .*\n    {field.name}: ", source), field.name


def test_the_feed_keeps_the_interval_of_the_site() -> None:
    feed = policy(Settings(interval=7.0)).feed
    assert feed is not None
    assert (feed.fastest, feed.slowest) == (7.0, 7.0)


@pytest.mark.parametrize(
    "wrong", [{"interval": 0}, {"overlap": 1}, {"road": "train"}, {"priority": 11}, {"no_such_setting": 1}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_a_table_of_the_settings_file_is_read() -> None:
    table = {"road": "dips", "services": {"WorkloadManagement/JobMonitoring": "dips://a:1/x"}, "sites": ["LCG.CERN.ch"]}
    settings = msgspec.convert(table, Settings)
    assert (settings.road, settings.sites) == (RoadName.DIPS, ("LCG.CERN.ch",))
