"""The command ``ganga``: what it answers without loading anything, and the way to the rest.

Exit codes: 0 done; 1 the job or the work failed; 2 wrong usage or settings; 3 a back end or the store cannot be
reached, or ganga itself failed; 130 interrupted; 141 the reader of the output has gone.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ganga.cli.interruption import INTERRUPTED
from ganga.cli.table import COMMANDS

#: As a shell says of a program that wrote to a reader who had gone.
BROKEN_PIPE = 141


def entry_point() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(main(sys.argv[1:]))


def main(words: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        code = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered would fail again at the end of the program.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _run(words: Sequence[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        from ganga.cli.completion import complete  # noqa: PLC0415 - loaded only when a shell asks

        complete()
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_help())
        return 0 if words else 2
    if words[0] == "--version":
        import ganga  # noqa: PLC0415 - loaded only where it is asked for

        print(f"ganga {ganga.__version__}")
        return 0
    from ganga.cli.running import run_command  # noqa: PLC0415 - help answers at once

    return run_command(words)


def _help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {purpose}" for name, (_, purpose) in COMMANDS.items())
    return f"""\
usage: ganga COMMAND ...

Submit and follow jobs on any back end.

{commands}

'ganga COMMAND --help' tells more. GANGA_HOME is the folder of all data, GANGA_CONFIG the settings file."""
