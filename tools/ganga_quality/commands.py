"""What each command does with the words that it was given, and what it says on the screen."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from msgspec.structs import replace

from ganga_quality.errors import ToolError, UsageError
from ganga_quality.findings import CLEAN, FINDINGS, Failure
from ganga_quality.git.repository import Repository
from ganga_quality.report.escaping import logged
from ganga_quality.report.phrases import counted, failed
from ganga_quality.reporting import read_reports, tell
from ganga_quality.scope.scope import Request, Scope, resolve
from ganga_quality.settings import Settings, Tool, read_settings


def _check(options: argparse.Namespace) -> int:
    from ganga_quality.checking.check import check  # noqa: PLC0415 - each command loads only what it needs

    reports = read_reports(options.report)
    repository = Repository.discover(Path.cwd())
    settings = _settings(repository, options)
    verdict = check(repository, _scope(repository, settings, options), settings)
    tell(verdict, reports, os.environ)
    return verdict.exit_code


def _fix(options: argparse.Namespace) -> int:
    from ganga_quality.fixing.fix import fix  # noqa: PLC0415 - as above

    repository = Repository.discover(Path.cwd())
    settings = read_settings(repository.root)
    scope = _scope(repository, settings, options)
    dry = options.check or options.diff
    fixed = fix(repository, scope, settings, lint=options.lint, whole=options.whole, check=dry)
    if options.diff:
        sys.stdout.buffer.write(fixed.patch())
        sys.stdout.flush()
    # Beside a patch, which a program may read, words go elsewhere.
    say = _tell_beside if options.diff else print
    for file in fixed.files:
        say(f"{'would fix' if dry else 'fixed'} {logged(file.path)}")
    _tell_beside(*map(_failure, fixed.failures))
    amount = counted(len(fixed.files), "file")
    done = f"{amount} {'would be ' if dry else ''}fixed" if fixed.files else "Nothing to fix"
    say(f"{done}: {counted(len(scope.files), 'file')}, {logged(scope.description)}")
    return CLEAN if fixed.exit_code == FINDINGS and not dry else fixed.exit_code


def _check_ratchet(options: argparse.Namespace) -> int:
    from ganga_quality.ratchet.ratchet import check_ratchet  # noqa: PLC0415 - as above

    reports = read_reports(options.report)
    repository = Repository.discover(Path.cwd())
    settings = _settings(repository, options)
    verdict = check_ratchet(repository, _compared(repository, settings, options), settings, strict=options.strict)
    tell(verdict, reports, os.environ)
    _tell_beside(*map(str, verdict.stale), verdict.advice)
    return verdict.exit_code


def _update_ratchet(options: argparse.Namespace) -> int:
    from ganga_quality.ratchet.ratchet import ACCEPT, update_ratchet  # noqa: PLC0415 - as above

    repository = Repository.discover(Path.cwd())
    settings = _settings(repository, options)
    update = update_ratchet(repository, _compared(repository, settings, options), settings, accept=options.accept)
    _tell_beside(*map(_failure, update.failures))
    for change in update.changes:
        print(logged(str(change)))
    if not update.failures:
        print(f"{logged(update.file)}: {counted(len(update.changes), 'change')}")
    if update.left:
        advice = f"More than allowed; mend it, or take it over with: {ACCEPT}"
        _tell_beside(*map(str, update.left), advice)
    return update.exit_code


def _propose(options: argparse.Namespace) -> int:
    try:
        from ganga_quality.bot.facts import Mode  # noqa: PLC0415 - as above
        from ganga_quality.bot.propose import Options, propose  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise ToolError(
            f"{error.name} is missing, which the bot needs; install it with: pip install 'ganga[bot]'"
        ) from error
    asked = Options(
        pull=options.pull,
        repository=options.repository,
        mode=Mode(options.mode),
        dry_run=options.dry_run,
        login=options.login,
        root=Repository.discover(Path.cwd()).root,
    )
    return propose(os.environ, asked)


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "check": _check,
    "fix": _fix,
    "ratchet check": _check_ratchet,
    "ratchet update": _update_ratchet,
    "propose": _propose,
}


def _settings(repository: Repository, options: argparse.Namespace) -> Settings:
    """Those of the repository, with the tools that the command line names."""
    settings = read_settings(repository.root)
    return settings if options.tools is None else replace(settings, tools=_tools(options.tools))


def _tools(words: str) -> tuple[Tool, ...]:
    known: tuple[Tool, ...] = get_args(Tool)
    unknown = set(words.split(",")) - set(known)
    if unknown:
        raise UsageError(f"--tools: there is no {min(unknown)!r}; name some of {', '.join(known)}")
    return tuple(tool for tool in known if tool in words.split(","))


def _scope(repository: Repository, settings: Settings, options: argparse.Namespace) -> Scope:
    request = Request(all=options.all, staged=options.staged, since=options.since, paths=tuple(options.paths))
    return resolve(repository, settings, request, os.environ)


def _compared(repository: Repository, settings: Settings, options: argparse.Namespace) -> Scope:
    """All files count for the ratchet. What they are compared with, if anything, only tells what was renamed."""
    if options.since is not None:
        return resolve(repository, settings, Request(since=options.since), os.environ)
    try:
        return resolve(repository, settings, Request(), os.environ)
    except UsageError:
        return resolve(repository, settings, Request(all=True), os.environ)


def _failure(failure: Failure) -> str:
    return f"{f'{failure.path}: ' if failure.path else ''}{failed(failure)}: {failure.message}"


def _tell_beside(*lines: str) -> None:
    """Words for people, beside what a program may read."""
    for line in filter(None, lines):
        print(logged(line), file=sys.stderr)
