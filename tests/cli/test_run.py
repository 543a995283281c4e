from tests.cli.conftest import Ganga


def test_run_says_which_output_a_completed_job_did_not_leave(cli: Ganga) -> None:
    result = cli("run", "--output", "*.root", "--", "true")
    assert (result.code, result.err) == (0, "ganga: job 1 completed: no output matches *.root\n")
