import pytest

from ganga.cli import handover
from tests.cli.conftest import Ganga


def test_a_command_that_stays_to_carry_out_a_request_says_why(cli: Ganga, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "UNEXPLAINED", 0.0)
    result = cli("submit", "--", "true")
    assert (result.code, result.out) == (0, "1\n")
    assert "the request is stored; no monitor runs, so this command stays" in result.err
