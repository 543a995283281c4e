"""Formats what a pull request wrote: its files come by the API from its head, the style from our own side."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from ganga_quality.bot.facts import Edit, Formatting, Pull, Skipped
from ganga_quality.bot.folders import Folders, Unreadable
from ganga_quality.bot.github import GitHub
from ganga_quality.bot.objects import FILE_MODES, blob_name
from ganga_quality.bot.replies import BlobReply, EntryReply, FileReply
from ganga_quality.bot.sources import Candidate, Limits, candidates
from ganga_quality.bot.worker import Refused, Request
from ganga_quality.bot.workshop import Workshop
from ganga_quality.errors import ToolError
from ganga_quality.formatting.formatter import included, read_style
from ganga_quality.scope.paths import Selection
from ganga_quality.settings import read_settings

_KINDS = {"120000": "it is a link", "160000": "it is a submodule", "040000": "it is a folder"}


class Moved(Exception):
    """The pull request is no longer what it was a moment ago; the run that follows takes over."""


class _Hindered(Exception):
    """A file stays as it is."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Formatter:
    """Formats pull requests in the style of the trusted ``root``; ``clock`` tells seconds."""

    def __init__(
        self, github: GitHub, workshop: Workshop, root: Path, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._github = github
        self._workshop = workshop
        self._limits = limits
        self._clock = clock
        self._style = read_style(root)
        self._paths = Selection(read_settings(root).paths)

    async def formatting(self, pull: Pull) -> Formatting:
        """What becomes of the lines that a pull request wrote. Raises `Moved` if GitHub tells of another head."""
        files = await self._github.all(FileReply, "/pulls/{number}/files", number=pull.number)
        found, skipped = candidates(files, self._judges, self._limits)
        folders = await Folders.of(self._github, pull.head)
        edits: list[Edit] = []
        until = self._clock() + self._limits.seconds
        for candidate in found:
            try:
                edit = await self._edit(candidate, folders, until)
            except _Hindered as hindered:
                skipped.append(Skipped(candidate.path, hindered.reason, hindered.detail))
            else:
                edits += [edit] if edit is not None else []
        tree = folders.named_with({edit.path: blob_name(edit.after) for edit in edits}) if edits else folders.root
        return Formatting(edits=tuple(edits), base_tree=folders.root, tree=tree, skipped=tuple(sorted(skipped)))

    def _judges(self, path: str) -> bool:
        return path in self._paths and included(self._style, path)

    async def _edit(self, candidate: Candidate, folders: Folders, until: float) -> Edit | None:
        entry = await _entry(candidate, folders)
        if (entry.size or 0) > self._limits.size:
            raise _Hindered(f"it has {entry.size:,} bytes, and {self._limits.size:,} are the limit")
        if self._clock() > until:
            raise _Hindered(f"the {self._limits.seconds:g} seconds for all files were over")
        before = await self._content(candidate.blob)
        if before.count(b"\n") > self._limits.lines:
            raise _Hindered(f"it has more than {self._limits.lines:,} lines")
        reply = await self._workshop.formatted(Request(source=before, spans=candidate.spans, stub=candidate.stub))
        if isinstance(reply, Refused):
            place = f" (line {reply.line})" if reply.line else ""
            raise _Hindered(f"black does not format it{place}", reply.message)
        if not reply.hunks:
            return None
        shown = candidate.shown
        return Edit(
            path=candidate.path, mode=entry.mode, before=before, after=reply.source, hunks=reply.hunks, shown=shown
        )

    async def _content(self, blob: str) -> bytes:
        reply = await self._github.get(BlobReply, "/git/blobs/{sha}", sha=blob)
        try:
            content = b64decode(reply.content)
        except binascii.Error as error:
            raise ToolError(f"GitHub's content of {blob} is not base64: {error}; report this as a bug") from error
        if blob_name(content) != blob:
            raise ToolError(f"what GitHub sends as {blob} is something else; run this workflow again later")
        return content


async def _entry(candidate: Candidate, folders: Folders) -> EntryReply:
    """The entry of a file that may be formatted."""
    try:
        entry = await folders.entry(candidate.path)
    except Unreadable:
        raise _Hindered("GitHub does not tell of all that is in its folder") from None
    if entry is None:
        raise Moved(f"{candidate.path} is not in the head")
    if entry.mode not in FILE_MODES:
        raise _Hindered(_KINDS.get(entry.mode, "it is not a regular file"))
    if entry.sha != candidate.blob:
        raise Moved(f"{candidate.path} has changed")
    return entry
