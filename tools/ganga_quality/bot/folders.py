"""The folders of one commit, read where something in them matters: their entries, and what they would become."""

from collections.abc import Mapping

from ganga_quality.bot.github import GitHub
from ganga_quality.bot.objects import FOLDER_MODE, tree_name
from ganga_quality.bot.replies import CommitReply, EntryReply, TreeReply


class Unreadable(Exception):
    """A folder of which GitHub does not tell all: with too many entries, or names that are not UTF-8."""


class Folders:
    """The tree of a commit; ``root`` is its name."""

    def __init__(self, github: GitHub, root: str) -> None:
        self.root = root
        self._github = github
        #: By path with a slash at the end; the root's is empty.
        self._read: dict[str, dict[str, EntryReply]] = {}

    @classmethod
    async def of(cls, github: GitHub, commit: str) -> "Folders":
        """The tree of a commit."""
        found = await github.get(CommitReply, "/git/commits/{sha}", sha=commit)
        return cls(github, found.tree.sha)

    async def entry(self, path: str) -> EntryReply | None:
        """What stands at a path; None if nothing does, or if the way to it leads through anything but folders."""
        *folders, name = path.split("/")
        place, sha = "", self.root
        for folder in folders:
            found = (await self._entries(place, sha)).get(folder)
            if found is None or found.mode != FOLDER_MODE:
                return None
            place, sha = f"{place}{folder}/", found.sha
        return (await self._entries(place, sha)).get(name)

    def named_with(self, blobs: Mapping[str, str]) -> str:
        """The name of the tree with other contents at paths whose entries were read."""
        return self._named("", blobs)

    def _named(self, place: str, blobs: Mapping[str, str]) -> str:
        return tree_name(
            (entry.path, entry.mode, self._new(f"{place}{entry.path}", entry, blobs))
            for entry in self._read[place].values()
        )

    def _new(self, path: str, entry: EntryReply, blobs: Mapping[str, str]) -> str:
        if f"{path}/" in self._read:
            return self._named(f"{path}/", blobs)
        return blobs.get(path, entry.sha)

    async def _entries(self, place: str, sha: str) -> dict[str, EntryReply]:
        if place not in self._read:
            tree = await self._github.get(TreeReply, "/git/trees/{sha}", sha=sha)
            # Only of what is known to the last byte can the new name be computed.
            if tree.truncated or tree_name((entry.path, entry.mode, entry.sha) for entry in tree.tree) != sha:
                raise Unreadable(place)
            self._read[place] = {entry.path: entry for entry in tree.tree}
        return self._read[place]
