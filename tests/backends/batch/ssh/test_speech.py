"""What is said works in every shell that is here, and only whole replies are replies."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.shell import Command, Reply
from ganga.backends.batch.ssh.speech import ERR, OUT, Hearing, Speech
from ganga.backends.pbs import jobs
from ganga.errors import BackendUnavailable

SHELLS = [shell for shell in ("sh", "bash", "dash", "zsh", "ksh", "mksh", "tcsh", "csh", "fish") if shutil.which(shell)]
LARGEST = 1_000_000


def heard(speech: Speech, out: bytes, err: bytes) -> Hearing:
    hearing = Hearing(speech, LARGEST)
    hearing.hear(OUT, out)
    hearing.hear(ERR, err)
    return hearing


def said(command: Command, shell: str = "sh", before: bytes = b"") -> Reply:
    """By a login shell of this machine."""
    speech = Speech(command)
    done = subprocess.run([shell, "-c", speech.line], input=speech.stdin, capture_output=True, check=False, timeout=60)
    return heard(speech, before + done.stdout, before + done.stderr).reply("here")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "word", ["", "a b", "it's", '"', "\\", "\\'", "!!", "$HOME `id` $(id)", "a\nb", "*", "é\udcff"]
)
def test_words_arrive_as_they_are(shell: str, word: str) -> None:
    reply = said(Command(("sh", "-c", 'printf "<%s>" "$1"; cat; echo no >&2; exit 5', "sh", word), b"in\0put\n"), shell)
    assert reply.stdout == b"<" + word.encode("utf-8", "surrogateescape") + b">in\0put\n"
    assert (reply.stderr, reply.exit_code) == (b"no\n", 5)


def test_a_line_may_be_longer_than_a_machine_allows_for() -> None:
    words = ["x" * 10_000] * 20
    assert said(Command(("printf", "%s", *words))).stdout == b"x" * 200_000


def test_a_program_is_run_and_no_word_of_the_shell() -> None:
    assert said(Command(("exit", "0"))).exit_code == 127
    with pytest.raises(BackendUnavailable, match="no-such-program is not on here, or not in the PATH"):
        said(Command(("no-such-program",)))


def test_a_signal_is_told() -> None:
    assert said(Command(("sh", "-c", "kill -9 $$"))).exit_code == -9


def test_the_code_of_a_job_that_pbs_does_not_know_is_no_signal() -> None:
    """Else all that the history says of other jobs is lost with it."""
    reply = said(Command(("sh", "-c", "echo 'qstat: Unknown Job Id 9.vm' >&2; exit 153")))
    assert reply.exit_code == 153
    assert jobs.read_history(reply) == {}


def test_what_start_up_files_say_is_no_part_of_the_reply() -> None:
    reply = said(Command(("sh", "-c", "echo out; echo err >&2")), before=b"*** Welcome ***\nno newline")
    assert (reply.stdout, reply.stderr) == (b"out\n", b"err\n")


def test_a_reply_that_is_cut_anywhere_is_none() -> None:
    speech = Speech(Command(("x",)))
    whole = {
        stream: f"\n{speech.mark} begin 77\nall is well\n\n{speech.mark} end 0\n".encode() for stream in (OUT, ERR)
    }
    hearing = heard(speech, whole[OUT], whole[ERR])
    assert hearing.reply("there") == Reply(speech.command, 0, b"all is well\n", b"all is well\n")
    assert hearing.group == 77
    for length in range(len(whole[OUT])):
        for out, err in ((whole[OUT][:length], whole[ERR]), (whole[OUT], whole[ERR][:length])):
            hearing = heard(speech, out, err)
            assert not hearing.over
            with pytest.raises(BackendUnavailable, match="x on there was cut off"):
                hearing.reply("there")


@given(st.lists(st.tuples(st.sampled_from([OUT, ERR]), st.binary(max_size=50)), max_size=30))
def test_no_noise_is_a_reply(noise: list[tuple[int, bytes]]) -> None:
    hearing = Hearing(Speech(Command(("x",))), 1000)
    for stream, data in noise:
        hearing.hear(stream, data)
    with pytest.raises(BackendUnavailable):
        hearing.reply("there")


@given(st.binary(max_size=300), st.integers(1, 40))
def test_pieces_make_the_same_reply(content: bytes, size: int) -> None:
    speech = Speech(Command(("x",)))
    mark = speech.mark.encode()
    whole = b"banner\n" + mark + b" begin 7\n" + content + b"\n" + mark + b" end 143\n"
    hearing = Hearing(speech, LARGEST)
    for start in range(0, len(whole), size):
        hearing.hear(OUT, whole[start : start + size])
        hearing.hear(ERR, whole[start : start + size])
    assert hearing.reply("there") == Reply(speech.command, -15, content, content)


def test_what_comes_after_the_end_is_no_part_of_the_reply() -> None:
    speech = Speech(Command(("x",)))
    whole = f"\n{speech.mark} begin 7\n\n{speech.mark} end 0\n".encode()
    hearing = heard(speech, whole, b"")
    hearing.hear(OUT, b"somebody was left behind")
    hearing.hear(ERR, whole)
    assert hearing.reply("there").stdout == b""


def test_one_who_says_too_much_is_stopped() -> None:
    hearing = Hearing(Speech(Command(("x",))), 10)
    hearing.hear(OUT, b"x" * 11)
    assert hearing.over
    with pytest.raises(BackendUnavailable, match="x has said more than 10 bytes"):
        hearing.reply("there")


def test_an_explanation_is_passed_on() -> None:
    hearing = heard(Speech(Command(("squeue",))), b"\nThis account is currently not available.\n", b"")
    with pytest.raises(BackendUnavailable, match="squeue on there was cut off; it said 'This account is currently"):
        hearing.reply("there")
