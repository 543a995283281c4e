"""Git as a program, asked so that the user's configuration cannot change the form of its answers."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ganga_quality.errors import ToolError

#: For ``diff-index`` and its kin. They take hardly anything from the configuration; this leaves nothing to it.
#: A renamed file keeps half of its content.
DIFF_OPTIONS = (
    *("-p", "-U0", "--inter-hunk-context=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "--indent-heuristic"),
    *("--find-renames=50%", "-l1000", "--ignore-submodules=all"),
)

#: Seconds; far more than any question should take, also where git has to fetch what a partial clone left out.
_TIME_LIMIT = 600

#: Before each command: what could change an answer, run a program, or tie a temporary index to the repository.
_OPTIONS = (
    "--no-pager",
    *("-c", "core.quotePath=true"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
)

#: Variables that would change how a diff looks or how paths are read. Those that say where the repository and its index
#: are stay: in a hook, the index of what is about to be committed is not always the repository's own.
_UNWANTED = frozenset(
    {
        "GIT_DIFF_OPTS",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
    }
)
_FIXED = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


def ask(
    folder: Path, arguments: Iterable[str], *, environment: Mapping[str, str] | None = None, content: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """What git answers in this folder, whatever its exit code; `environment` is added to the own, `content` its input.

    Raises `ToolError` if git is missing or does not end.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    command = ("git", "-C", str(folder), *_OPTIONS, *arguments)
    try:
        return subprocess.run(  # noqa: S603 - no shell; what a user gave is never where git expects an option
            command,
            input=content,
            capture_output=True,
            check=False,
            timeout=_TIME_LIMIT,
            env={**inherited, **_FIXED, **(environment or {})},
        )
    except FileNotFoundError as error:
        raise ToolError("git was not found; install it, or put it on the PATH") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"git {' '.join(arguments)} did not run: {error}") from error


def words(answer: subprocess.CompletedProcess[bytes]) -> str:
    """What git said went wrong."""
    return answer.stderr.decode(errors="replace").strip() or f"exit code {answer.returncode}, and no word why"
