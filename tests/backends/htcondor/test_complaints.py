"""What HTCondor says when it cannot."""

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.htcondor.complaints import told, unavailable
from tests.backends.htcondor.recorded import said


def test_who_was_refused_is_told_behind_what_came_of_it() -> None:
    error = (
        "\nERROR: Failed to connect to queue manager far@\n"
        'SECMAN:2010:Received "DENIED" from server for user me@there using method IDTOKENS.\n'
    )
    text = str(unavailable(said("", exit_code=1, error=error, program="condor_submit")))
    assert "queue manager far@; SECMAN:2010:Received" in text
    assert "condor_submit ended with exit code 1" in text


def test_advice_is_left_out() -> None:
    error = (
        "Error: Couldn't contact the condor_collector on 127.0.0.1:9. \n\nExtra Info: the condor_collector is a process"
    )
    assert told(said("", exit_code=1, error=error)) == "Error: Couldn't contact the condor_collector on 127.0.0.1:9."


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_text_is_told_in_one_line(text: str, error: str, exit_code: int) -> None:
    reply = said(text, exit_code=exit_code, error=error)
    assert len(told(reply).splitlines()) <= 1
    assert str(exit_code) in str(unavailable(reply))
