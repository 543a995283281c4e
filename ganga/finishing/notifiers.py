"""The notifiers that come with ganga."""

import os
import re
import signal
import smtplib
import ssl
from email.message import EmailMessage
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import BinaryIO

from msgspec import Struct

from ganga.errors import FinishingError
from ganga.finishing.base import Notice
from ganga.model.ids import shortened
from ganga.model.status import JobStatus

#: Characters of a name or a reason that are passed on.
LONGEST_TEXT = 2000

#: The mail server of this machine.
_HERE = "localhost"
_PORT = 25

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs a program, with what there is to tell in ``GANGA_...`` variables of its environment."""

    #: The program and its arguments; never a shell line.
    command: tuple[str, ...]
    #: The final statuses to be told of; all if empty.
    on: tuple[JobStatus, ...] = ()
    #: Seconds after which it is killed, with all that it has started.
    timeout: float = 60.0

    def __post_init__(self) -> None:
        if not self.command:
            raise ValueError("`command` is empty; expected a program and its arguments")

    def notify(self, notice: Notice, /) -> None:
        """See `Notifier.notify`. Raises `FinishingError` unless the program ends with 0."""
        if self.on and notice.status not in self.on:
            return
        environment = os.environ | _variables(notice)  # the program finds its way as any program of the user does
        with TemporaryFile() as said:
            process = Popen(  # noqa: S603 - the program that the user asked for, without a shell
                self.command, stdin=DEVNULL, stdout=said, stderr=STDOUT, env=environment, start_new_session=True
            )
            code = self._wait(process)
            if code:
                raise FinishingError(f"{self.command[0]} ended with exit code {code}: {_last_words(said)}")

    def _wait(self, process: Popen[bytes]) -> int:
        try:
            return process.wait(self.timeout)
        except TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise FinishingError(f"{self.command[0]} did not end within {self.timeout:g} s and was killed") from error


class Mail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sends a mail through a server that asks for no password: there are no secrets among the options of a job."""

    #: The addresses to send it to.
    to: tuple[str, ...]
    #: The address that it comes from; the first of `to` if empty.
    sender: str = ""
    #: The final statuses to be told of; all if empty.
    on: tuple[JobStatus, ...] = ()
    #: The mail server.
    host: str = _HERE
    port: int = _PORT
    #: Whether to insist on encryption (STARTTLS) with a certificate that this machine trusts.
    encrypted: bool = False
    #: Seconds that the server may take for each of its answers.
    timeout: float = 30.0

    def __post_init__(self) -> None:
        for address in (*(self.to or ("",)), *filter(None, (self.sender,))):
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is not an address; expected something like ann@example.org")

    @property
    def hostable(self) -> bool:
        """Only by the mail server of this machine: whoever chose another could speak to anybody whom it reaches."""
        return self.host == _HERE and self.port == _PORT

    def notify(self, notice: Notice, /) -> None:
        """See `Notifier.notify`. Raises `OSError` (as all errors of `smtplib` are) if the server does not take it."""
        if self.on and notice.status not in self.on:
            return
        with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
            if self.encrypted:
                server.starttls(context=ssl.create_default_context())
            server.send_message(self._message(notice))

    def _message(self, notice: Notice) -> EmailMessage:
        facts = _facts(notice)
        title = f"ganga: job {facts['JOB_ID']} {facts['STATUS']}"
        message = EmailMessage()
        message["Subject"] = f"{title} ({' '.join(shortened(facts['JOB_NAME']).split())})"
        message["From"] = self.sender or self.to[0]
        message["To"] = ", ".join(self.to)
        # Programs that read mail show two mails of one id once.
        message["Message-ID"] = f"<ganga.{notice.key}@localhost>"
        message.set_content("".join(f"{name.lower().replace('_', ' ')}: {text}\n" for name, text in facts.items()))
        return message


def _facts(notice: Notice) -> dict[str, str]:
    record = notice.record
    facts = {
        "JOB_ID": record.id,
        "JOB_NAME": record.name,
        "TARGET": record.target,
        "STATUS": notice.status,
        "REASON": notice.reason,
        "EXIT_CODE": record.exit_code,
        "ATTEMPT": record.attempt,
        "OUTPUT": notice.output,
        "NOTICE": notice.key,
    }
    return {name: _clean("" if fact is None else str(fact)) for name, fact in facts.items()}


def _variables(notice: Notice) -> dict[str, str]:
    return {f"GANGA_{name}": text for name, text in _facts(notice).items()}


def _clean(text: str) -> str:
    """Text that fits into a variable or a mail: short, without NUL and lone surrogates."""
    return shortened(text, LONGEST_TEXT).replace("\0", "").encode("utf-8", "replace").decode()


def _last_words(said: BinaryIO) -> str:
    end = said.seek(0, os.SEEK_END)
    said.seek(max(0, end - 200))
    return said.read().decode(errors="replace").strip() or "it said nothing"
