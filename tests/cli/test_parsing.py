from tests.cli.conftest import Ganga


def test_the_bounds_of_a_number_are_told_in_full(cli: Ganga) -> None:
    assert "expected one from 0 to 9007199254740" in cli("events", "--after", "x").err
