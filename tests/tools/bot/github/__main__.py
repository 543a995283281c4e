"""The stand-in as a program; see the package for how it is called."""

import argparse
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.tools.bot.github import Fault, Git, Hub, Pull, serving


def main() -> int:
    """Serve until the standard input ends or somebody ends us; 1 if there were problems."""
    options = _parser().parse_args()
    hub = Hub(git=Git(options.git), repository=options.repository, token=options.token, denied=set(options.deny))
    hub.faults = [Fault(**json.loads(text)) for text in options.fault]
    for words in options.pull:
        number, branch, base, *rest = words.split(":")
        fork, author = [*rest, "", ""][:2]
        hub.add_pull(Pull(int(number), branch, base, fork=fork, author=author or fork or "ada"))
    with serving(hub, options.port) as url:
        print(url, flush=True)
        # To be told to end is as good an end as that of the input.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()
    for problem in hub.problems:
        print(problem, file=sys.stderr)
    return 1 if hub.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.bot.github")
    parser.add_argument("--git", type=Path, required=True)
    parser.add_argument("--repository", default="acme/repo")
    parser.add_argument("--token", default="secret")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pull", action="append", default=[])
    parser.add_argument("--deny", action="append", default=[], choices=("contents", "pull-requests"))
    parser.add_argument("--fault", action="append", default=[])
    return parser


if __name__ == "__main__":
    sys.exit(main())
