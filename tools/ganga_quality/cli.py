"""The command ``ganga-quality``: what it understands, and what it ends with.

Exit codes: 0 clean; 1 findings, or something would be changed; 2 wrong usage or settings; 3 a tool is missing, crashed
or took too long, or a file cannot be parsed; 130 interrupted; 141 the reader of the output has gone.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ganga_quality.errors import QualityError

INTERRUPTED = 130
#: As a shell says of a program that wrote to a reader who had gone.
BROKEN_PIPE = 141

_EXIT_CODES = "Exit codes: 0 clean, 1 findings, 2 wrong usage or settings, 3 a tool failed or a file cannot be parsed."


def entry_point() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(main(sys.argv[1:]))


def main(words: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(words)
    try:
        # Loaded when the words are understood, so that --help answers at once.
        from ganga_quality.commands import COMMANDS  # noqa: PLC0415

        code = COMMANDS[options.command](options)
        sys.stdout.flush()
    except QualityError as error:
        print(f"ganga-quality: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What is still buffered would fail again at the end of the program.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def parser() -> argparse.ArgumentParser:
    """Everything that the command line understands; a test compares it with the README."""
    top = argparse.ArgumentParser(
        prog="ganga-quality", description="Keep a code base at PEP 8: check, format, hold old debt.", epilog=_EXIT_CODES
    )
    top.add_argument("--version", action=_Version, help="print the versions of this program and of its tools")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _check(
        commands.add_parser("check", help="tell what a change brought in, by ruff, black and mypy", epilog=_EXIT_CODES)
    )
    _fix(commands.add_parser("fix", help="format the lines that a change wrote", epilog=_EXIT_CODES))
    ratchet = commands.add_parser("ratchet", help="hold old debt, so that it can only fall", epilog=_EXIT_CODES)
    steps = ratchet.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _ratchet_check(steps.add_parser("check", help="fail where a file has more than it is allowed"))
    _ratchet_update(steps.add_parser("update", help="lower what is allowed to what there is"))
    _propose(commands.add_parser("propose", help="propose formatting to a pull request on GitHub, as a bot"))
    return top


class _Version(argparse.Action):
    """Asks for the versions only when somebody wants to see them: the question takes longer than all other parsing."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import distributions  # noqa: PLC0415 - see above

        installed = {found.name: found.version for found in distributions()}
        print(f"ganga-quality {installed.get('ganga', 'of a source tree')}")
        for tool in ("ruff", "black", "mypy"):
            print(f"{tool} {installed.get(tool, 'is not installed beside it')}")
        parser.exit()


def _check(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="check")
    _scope(parser, "judge all files, not only what the change brought in")
    _tools(parser)
    _report(parser)


def _fix(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="fix")
    _scope(parser, "format all files, whole")
    parser.add_argument("--whole", action="store_true", help="format changed files whole, not only the changed lines")
    parser.add_argument("--lint", action="store_true", help="first apply what ruff can mend safely")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if anything would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; print what would change")


def _ratchet_check(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="ratchet check")
    parser.add_argument("--since", metavar="REVISION", help="the state before the change, to follow renamed files")
    parser.add_argument("--strict", action="store_true", help="exit code 1 also where more is allowed than there is")
    _tools(parser)
    _report(parser)


def _ratchet_update(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="ratchet update")
    parser.add_argument("--since", metavar="REVISION", help="the state before the change, to follow renamed files")
    parser.add_argument("--accept", action="store_true", help="raise too: at the first use, and when rules are added")
    _tools(parser)


def _propose(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="propose")
    parser.add_argument("--pull", metavar="NUMBER", type=int, help="the pull request; else the workflow's event tells")
    parser.add_argument(
        "--repository",
        metavar="OWNER/NAME",
        default="",
        help="where the pull request is; else GITHUB_REPOSITORY tells",
    )
    parser.add_argument(
        "--login",
        metavar="NAME",
        default="github-actions[bot]",
        help="who the token in GITHUB_TOKEN is; by default what a workflow's own token is, of an app NAME[bot]",
    )
    parser.add_argument(
        "--mode",
        choices=("auto", "pull-request", "review", "comment"),
        default="auto",
        help="how to propose: auto is a pull request, for a fork a review or a comment",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan as JSON and change nothing")


def _scope(parser: argparse.ArgumentParser, whole: str) -> None:
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="only these files and folders; alone: all that is in them"
    )
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument("--all", action="store_true", help=whole)
    scope.add_argument("--staged", action="store_true", help="what the next commit brings in")
    scope.add_argument("--since", metavar="REVISION", help="what came after the branch point from this revision")


def _tools(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tools", metavar="TOOL,...", help="only these of ruff, black and mypy; else the settings tell"
    )


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        metavar="FORMAT[=FILE]",
        action="append",
        default=[],
        help="text (the default), github, markdown, json or sarif, to the output or to a file; may be repeated",
    )
