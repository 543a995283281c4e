from ganga.backends.batch.shell import Command, Reply


def test_a_command_is_called_by_its_program() -> None:
    assert Command(("env", "A=1", "/usr/bin/squeue", "--me")).name == "squeue"
    assert Command(("env", "A=1")).name == "env"


def test_errors_name_the_command_its_exit_code_and_the_first_line_that_it_said() -> None:
    reply = Reply(Command(("squeue", "--me")), 1, b"rows", b"\nslurm_load_jobs error: no\nmore\n")
    assert str(reply.unavailable()) == "squeue ended with exit code 1 and said 'slurm_load_jobs error: no'"
    assert "expected a table; report this bug" in str(reply.unreadable("a table"))
    assert "said 'b\N{REPLACEMENT CHARACTER}d'" in str(Reply(Command(("x",)), 1, b"b\xffd").unavailable())
