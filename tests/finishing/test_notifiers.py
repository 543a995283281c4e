import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from msgspec.structs import replace

from ganga.errors import FinishingError
from ganga.finishing.base import Notice
from ganga.finishing.notifiers import Command, Mail
from ganga.model.status import JobStatus
from tests.finishing.conftest import SPEC, record

PRINT_VARIABLES = "import os, sys; open(sys.argv[1], 'w').write(repr({k: v for k, v in os.environ.items()}))"


@pytest.fixture(name="notice")
def of_a_failed_job(tmp_path: Path) -> Notice:
    job = replace(record("12"), name="fit\nof\0 all \udcff", exit_code=3)
    return Notice(job, SPEC, JobStatus.FAILED, "it broke", tmp_path / "output-1", "12.1.key")


class TestCommand:
    def test_the_facts_are_in_its_environment(self, notice: Notice, tmp_path: Path) -> None:
        Command(command=(sys.executable, "-c", PRINT_VARIABLES, str(tmp_path / "seen"))).notify(notice)
        seen: dict[str, str] = eval((tmp_path / "seen").read_text())  # noqa: S307 - our own repr
        expected = {
            "GANGA_JOB_ID": "12",
            "GANGA_JOB_NAME": "fit\nof all ?",
            "GANGA_TARGET": "local",
            "GANGA_STATUS": "failed",
            "GANGA_REASON": "it broke",
            "GANGA_EXIT_CODE": "3",
            "GANGA_ATTEMPT": "1",
            "GANGA_OUTPUT": str(tmp_path / "output-1"),
            "GANGA_NOTICE": "12.1.key",
        }
        assert {name: seen[name] for name in expected} == expected
        assert "PATH" in seen

    def test_only_of_the_statuses_asked_for(self, notice: Notice) -> None:
        Command(command=("false",), on=(JobStatus.COMPLETED,)).notify(notice)
        with pytest.raises(FinishingError):
            Command(command=("false",), on=(JobStatus.FAILED,)).notify(notice)

    @pytest.mark.parametrize(
        ("program", "words"), [("sys.exit(4)", "it said nothing"), ("sys.exit('no luck')", "no luck")]
    )
    def test_a_failure_is_told_with_its_last_words(self, notice: Notice, program: str, words: str) -> None:
        with pytest.raises(FinishingError, match=rf"ended with exit code \d: {words}$"):
            Command(command=(sys.executable, "-c", f"import sys; {program}")).notify(notice)

    def test_one_that_does_not_end_is_killed_with_its_children(self) -> None:
        script = "sleep 1000 & echo ready; wait"
        with Popen(["sh", "-c", script], stdout=PIPE, start_new_session=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            with pytest.raises(FinishingError, match=r"sh did not end within 0\.01 s and was killed"):
                Command(command=("sh",), timeout=0.01)._wait(process)
            # The end of the pipe: nobody is left to write.
            assert process.stdout.read() == b""

    def test_the_time_is_limited(self, notice: Notice) -> None:
        with pytest.raises(FinishingError, match="sleep did not end within"):
            Command(command=("sleep", "1000"), timeout=0.01).notify(notice)

    def test_needs_a_program(self) -> None:
        with pytest.raises(ValueError, match="`command` is empty"):
            Command(command=())


class Post(socketserver.StreamRequestHandler):
    """Half a mail server."""

    def handle(self) -> None:
        assert isinstance(self.server, PostOffice)
        self.wfile.write(b"220 ready\r\n")
        replies = {b"EHLO": b"250-hello\r\n250 STARTTLS\r\n", b"STAR": b"454 not here\r\n", b"QUIT": b"221 bye\r\n"}
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(replies.get(word, b"250 fine\r\n"))


class PostOffice(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.mails: list[bytes] = []


@pytest.fixture(name="office")
def a_mail_server() -> Iterator[PostOffice]:
    with PostOffice() as office:
        thread = threading.Thread(target=office.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield office
        office.shutdown()
        thread.join()


class TestMail:
    def test_is_delivered(self, notice: Notice, office: PostOffice) -> None:
        port = int(office.server_address[1])
        Mail(to=("ann@example.org", "bob@example.org"), host="127.0.0.1", port=port).notify(notice)
        mail = message_from_bytes(office.mails[0], EmailMessage, policy=policy.default)
        assert mail["Subject"] == "ganga: job 12 failed (fit of all ?)"
        assert mail["From"] == "ann@example.org"
        assert mail["To"] == "ann@example.org, bob@example.org"
        assert mail["Message-ID"] == "<ganga.12.1.key@localhost>"
        body = mail.get_content()
        assert "reason: it broke\n" in body.replace("\r\n", "\n")

    def test_only_of_the_statuses_asked_for(self, notice: Notice, office: PostOffice) -> None:
        port = int(office.server_address[1])
        Mail(to=("ann@example.org",), host="127.0.0.1", port=port, on=(JobStatus.LOST,)).notify(notice)
        assert office.mails == []

    def test_encryption_is_insisted_on(self, notice: Notice, office: PostOffice) -> None:
        port = int(office.server_address[1])
        with pytest.raises(OSError, match="454"):
            Mail(to=("ann@example.org",), host="127.0.0.1", port=port, encrypted=True).notify(notice)
        assert office.mails == []

    def test_an_unreachable_server(self, notice: Notice) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            with pytest.raises(ConnectionRefusedError):
                Mail(to=("ann@example.org",), host="127.0.0.1", port=port).notify(notice)

    def test_a_server_that_says_nothing(self, notice: Notice) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mail = Mail(to=("ann@example.org",), host="127.0.0.1", port=silent.getsockname()[1], timeout=0.01)
            with pytest.raises(OSError, match="timed out"):
                mail.notify(notice)

    @pytest.mark.parametrize(
        ("to", "sender"), [((), "a@b"), (("ann",), ""), (("a@b\nBcc: c@d",), ""), (("a@b",), "me")]
    )
    def test_needs_addresses(self, to: tuple[str, ...], sender: str) -> None:
        with pytest.raises(ValueError, match="is not an address; expected something like"):
            Mail(to=to, sender=sender)
