import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.dirac.dirac_cfg import CfgError, Section, merged, option, parse, subsection, values

TEXT = """
# the installation
DIRAC
{
  Setup = LHCb-Production  # kept: it may belong to the value
  Configuration { Servers = dips://a:9135/Configuration/Server
    Servers += dips://b:9135/Configuration/Server
  }
}
Systems
{
  WorkloadManagement
  {
    URLs
    {
      JobMonitoring = dips://a:9130/WorkloadManagement/JobMonitoring?x=1
    }
  }
}
"""


def test_sections_and_options_are_read() -> None:
    found = parse(TEXT)
    assert option(found, "/DIRAC/Setup").startswith("LHCb-Production")
    servers = "dips://a:9135/Configuration/Server, dips://b:9135/Configuration/Server"
    assert option(found, "/DIRAC/Configuration/Servers") == servers
    assert values(servers) == servers.split(", ")
    url = "dips://a:9130/WorkloadManagement/JobMonitoring?x=1"
    assert subsection(found, "/Systems/WorkloadManagement/URLs") == {"JobMonitoring": url}


def test_what_is_not_there_is_empty() -> None:
    found = parse(TEXT)
    assert option(found, "/DIRAC/Nothing/Here") == ""
    assert option(found, "/DIRAC/Configuration") == ""
    assert subsection(found, "/DIRAC/Setup") == {}


def test_the_first_of_two_configurations_holds() -> None:
    first: Section = {"a": {"x": "1"}, "b": "2"}
    second: Section = {"a": {"x": "9", "y": "8"}, "b": {"z": "7"}, "c": "6"}
    assert merged(first, second) == {"a": {"x": "1", "y": "8"}, "b": "2", "c": "6"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1: a section begins without a name"),
        ("a\n{", "1 sections are not closed"),
        ("a\n}", "line 2: a section ends that has not begun"),
        ("a = 1\na\n{\n}", "line 3: a is an option already"),
        ("a {" * 100, "too deep"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(CfgError, match=words):
        parse(text)


@given(st.text(alphabet="ab={}#+\n "))
def test_any_text_is_a_configuration_or_a_clear_error(text: str) -> None:
    try:
        assert parse(text) is not None
    except CfgError as error:
        assert str(error) != ""  # noqa: PT017 - an error is one of the two good ends
