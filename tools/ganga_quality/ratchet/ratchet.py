"""``ganga-quality ratchet``: no file may have more of anything than it is allowed, and that can only fall."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from ganga_quality.errors import UsageError
from ganga_quality.findings import CLEAN, FAILED, FINDINGS, Failure, Finding, Origin, Verdict
from ganga_quality.git.repository import Repository, WorkingTree
from ganga_quality.ratchet.allowances import Allowances, Key, accepted, grown, lowered
from ganga_quality.ratchet.debt import Debt, count_debt
from ganga_quality.ratchet.file import lines_of, parsed, rendered, with_union
from ganga_quality.scope.scope import Scope
from ganga_quality.settings import Settings

#: The tool and the rule of a stale entry where it is a finding.
NAME, STALE = "ratchet", "stale"

UPDATE = "ganga-quality ratchet update"
ACCEPT = f"{UPDATE} --accept"


class Change(Struct, frozen=True, order=True):
    """One entry of the file that is not what it should be, or was not before an update."""

    path: str
    rule: str
    #: What the file says.
    allowed: int
    #: What it should say; 0: the entry is to go.
    found: int
    #: The path under which the file says it, if the file of sources was renamed since; else empty.
    old_path: str = ""

    def __str__(self) -> str:
        """For the terminal: ``a.py: E501: 12 -> 10``."""
        place = f"{self.old_path} -> {self.path}" if self.old_path else self.path
        return f"{place}: {self.rule}: {self.allowed} -> {self.found}"


class RatchetVerdict(Verdict, frozen=True, kw_only=True):
    """The answer of ``ratchet check``: a verdict whose findings are what there is too much of.

    Of each rule that a file has too much of, these are the findings on lines that the change wrote; if they do not
    explain it, or if nothing is known of a change, all of them.
    """

    #: Entries that allow more than there is. If the check is strict they are findings too, in the ratchet's own file.
    stale: tuple[Change, ...] = ()

    @property
    def advice(self) -> str:
        """What to do about stale entries; empty if there are none."""
        return f"The ratchet allows more than there is. Lower it with: {UPDATE}" if self.stale else ""


class RatchetUpdate(Struct, frozen=True, kw_only=True):
    """What ``ratchet update`` did."""

    #: The ratchet's file, relative to the root.
    file: str
    #: What it wrote, entry by entry.
    changes: tuple[Change, ...] = ()
    #: What there is more of than allowed, which only ``--accept`` writes.
    left: tuple[Change, ...] = ()
    #: If there are any, nothing was written.
    failures: tuple[Failure, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if the file now allows exactly what there is, 1 if there is more, 3 if a tool failed."""
        if self.failures:
            return FAILED
        return FINDINGS if self.left else CLEAN


def check_ratchet(repository: Repository, scope: Scope, settings: Settings, *, strict: bool) -> RatchetVerdict:
    """Whether any file has more of anything than it is allowed.

    Counted is all that the settings name in the scope's state. If the scope has a base, renamed files have taken their
    allowances along, and it is known what the change wrote. Raises `UsageError` if there is no ratchet's file, or one
    that cannot be understood.
    """
    content = repository.read(scope.state, settings.ratchet)
    if content is None:
        raise UsageError(f"there is no {settings.ratchet} in what is checked; have one written with: {ACCEPT}")
    written = parsed(content, settings.ratchet)
    debt = count_debt(repository, scope, settings)
    allowed = debt.carried(written)
    # A tool that failed has said nothing of what is no longer there.
    stale = () if debt.verdict.failures else _changes(debt, written, lowered(allowed, debt.there, debt.judged))
    findings = sorted(debt.grown(allowed), key=lambda finding: (finding.origin is not Origin.CHANGED, finding))
    if strict:
        lines = lines_of(content, settings.ratchet)
        findings += [_finding(change, settings.ratchet, lines) for change in stale]
    return RatchetVerdict(
        scope=debt.verdict.scope,
        files=debt.verdict.files,
        findings=tuple(findings),
        failures=debt.verdict.failures,
        seconds=debt.verdict.seconds,
        stale=stale,
    )


def update_ratchet(repository: Repository, scope: Scope, settings: Settings, *, accept: bool) -> RatchetUpdate:
    """Have the ratchet's file on disk allow no more than there is; with `accept`, exactly what there is.

    Beside it, ``.gitattributes`` gets the line that lets git merge it. If a tool failed, nothing is written. Raises
    `UsageError` for a file that is missing (without `accept`), cannot be understood or cannot be written, and for a
    scope whose state is not that of the disk.
    """
    if not isinstance(scope.state, WorkingTree):
        raise UsageError(f"a ratchet is updated by what is on disk, not by {scope.description}; leave that out")
    content = repository.read(scope.state, settings.ratchet)
    if content is None and not accept:
        raise UsageError(f"there is no {settings.ratchet}; have one written with: {ACCEPT}")
    written = parsed(content or b"", settings.ratchet)
    debt = count_debt(repository, scope, settings)
    if debt.verdict.failures:
        return RatchetUpdate(file=settings.ratchet, failures=debt.verdict.failures)
    allowed = debt.carried(written)
    wanted = (accepted if accept else lowered)(allowed, debt.there, debt.judged)
    _write(repository.root, settings.ratchet, wanted)
    left = () if accept else (Change(*key, allowed.get(key, 0), debt.there[key]) for key in grown(allowed, debt.there))
    return RatchetUpdate(file=settings.ratchet, changes=_changes(debt, written, wanted), left=tuple(sorted(left)))


def _changes(debt: Debt, before: Allowances, after: Allowances) -> tuple[Change, ...]:
    """What differs between what the file says and what it should say; a renamed file's entry is one that moves."""
    moved = {Key(debt.moved_to(key.path), key.rule): key for key in before}
    changes = []
    for key in moved.keys() | after.keys():
        source = key if key in before else moved.get(key, key)
        old_path = source.path if source.path != key.path else ""
        change = Change(*key, before.get(source, 0), after.get(key, 0), old_path)
        if old_path or change.allowed != change.found:
            changes.append(change)
    return tuple(sorted(changes))


def _finding(change: Change, file: str, lines: Mapping[Key, int]) -> Finding:
    line = lines[Key(change.old_path or change.path, change.rule)]
    message = f"{change}: the file allows more than there is; lower it with: {UPDATE}"
    return Finding(path=file, line=line, end_line=line, rule=STALE, tool=NAME, message=message, text=str(change))


def _write(root: Path, name: str, allowed: Allowances) -> None:
    attributes = str(PurePosixPath(name).with_name(".gitattributes"))
    try:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        known = (root / attributes).read_bytes() if (root / attributes).exists() else b""
        _replace(root / attributes, with_union(known, name))
        _replace(root / name, rendered(allowed))
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}; make its folder writable") from error


def _replace(file: Path, content: bytes) -> None:
    """Write a file at once, or not at all: one that is half written would allow what it should not."""
    if file.exists() and file.read_bytes() == content:
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    draft.write_bytes(content)
    draft.replace(file)
