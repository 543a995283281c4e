"""What can be said of the calls without DIRAC: what they return is plain data, and whose error it is."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from ganga.backends.dirac.client import calls
from ganga.backends.dirac.envelopes import Envelope, Time, read, utc
from ganga.model.clock import Utc


def answered(monkeypatch: pytest.MonkeyPatch, result: calls.Result) -> dict[str, object]:
    monkeypatch.setattr(calls, "_KINDS", {"method": lambda _: result})
    answer: dict[str, object] = json.loads(calls.answer({"kind": "method"}))
    return answer


def test_times_are_as_in_the_json_of_services(monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 11, 22, 17, 1, 4, tzinfo=UTC)
    answer = answered(monkeypatch, {"OK": True, "Value": at.replace(tzinfo=None), "rpcStub": ("with", "a", "proxy")})
    assert set(answer) == {"result", "made_here"}
    envelope = read(Envelope[Time], msgspec.json.encode(answer["result"]), "it")
    assert utc(envelope.opened("it")) == Utc(at.timestamp())
    assert "rpcStub" not in json.dumps(answer)


def test_an_error_is_the_servers_unless_its_stack_leads_through_us(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"OK": False, "Message": "no", "Errno": 0, "CallStack": ['File "/server.py", line 1, in export_ping']}
    assert answered(monkeypatch, failed) == {
        "result": {"OK": False, "Message": "no", "Errno": 0},
        "made_here": False,
    }
    failed["CallStack"] = [f'File "{calls.__file__}", line 1, in answer']
    assert answered(monkeypatch, failed)["made_here"] is True


@pytest.mark.parametrize("value", [object(), {("a", "tuple"): 1}])
def test_what_has_no_json_is_a_failure_and_no_answer(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    answer = answered(monkeypatch, {"OK": True, "Value": value})
    assert answer["made_here"] is True
    assert "TypeError" in str(answer["result"])


def test_what_is_raised_is_an_answer() -> None:
    answer = json.loads(calls.answer({"kind": "nonsense"}))
    assert answer == {"result": {"OK": False, "Message": "KeyError: 'nonsense'"}, "made_here": True}
