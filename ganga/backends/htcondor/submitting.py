"""How ``condor_submit`` and ``condor_rm`` answer."""

import re
from typing import Final

from ganga.backends.batch.shell import Reply
from ganga.backends.htcondor.complaints import unavailable
from ganga.errors import SubmissionRejected
from ganga.model.ids import shortened

_SUBMITTED: Final = re.compile(r"([1-9][0-9]{0,9})\.0 - \1\.[0-9]{1,10}")
#: How it says that the job itself is wrong; other errors may pass.
_REFUSED: Final = re.compile(
    r"^ERROR: (?P<why>Failed to parse command file.*|Parse error in expression.*|Executable file .*|"
    r"No such directory: .*|.* is an? (?:invalid|illegal) .*|.*[Ii]nvalid .*|.* must be .*|.* not (?:a )?valid.*|"
    r".*syntax error.*|.*transfer_input_files.*|.*[Nn]umber of submitted jobs would exceed.*|"
    r".*SUBMIT_REQUIREMENT.*|.*submit requirement.*)$",
    re.MULTILINE,
)
#: What condor_rm says of jobs that need no end, besides what it has done.
_HARMLESS: Final = re.compile(
    r"marked for removal|have been marked|not found|Couldn't find/remove all jobs (?:in cluster|matching constraint)|"
    r"There are no jobs in the queue"
)


def read(reply: Reply) -> str:
    """The cluster; it is on the last line: sites let condor_submit say more.

    Raises `SubmissionRejected` too.
    """
    if reply.exit_code == 0:
        lines = [line for line in reply.text.splitlines() if line.strip()]
        match = _SUBMITTED.fullmatch(lines[-1].strip()) if lines else None
        if match is None:
            raise reply.unreadable("the numbers of the first and the last job")
        return match[1]
    refused = _REFUSED.search(reply.complaint)
    if refused is None:
        raise unavailable(reply)
    raise SubmissionRejected(f"HTCondor refuses it: {shortened(refused['why'], 300)}")


def killed(reply: Reply) -> None:
    """Raises `BackendUnavailable` unless all that it complains of are jobs that are gone."""
    if reply.exit_code == 0:
        return
    text = reply.text + "\n" + reply.stderr.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or not all(map(_HARMLESS.search, lines)):
        raise unavailable(reply)
