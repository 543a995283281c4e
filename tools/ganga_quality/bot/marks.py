"""How the bot finds its own texts again: a hidden first line, which counts only together with its own login. Pure."""

import re
from hashlib import sha256

from msgspec import Struct

_LIVE = re.compile(r"<!-- ganga-quality format: head=([0-9a-f]{40,64}) key=([0-9a-f]{16}) -->(?:\r?\n|\Z)")
_WITHDRAWN = "<!-- ganga-quality format: withdrawn -->"


class Mark(Struct, frozen=True, kw_only=True):
    """What the first line of a text of ours tells."""

    #: The pull request's head when it was written; empty if it was withdrawn.
    head: str = ""
    #: What it says, whatever GitHub has made of its blanks and line ends.
    key: str = ""

    @property
    def live(self) -> bool:
        """Whether it still says something; a withdrawn one only says that it does not."""
        return bool(self.head)


def marked(text: str, *, head: str, substance: str = "") -> str:
    """A text with its mark; its key is made of the text, or of what else it stands for."""
    key = sha256((substance or text).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"<!-- ganga-quality format: head={head} key={key} -->\n{text}"


def withdrawn(text: str) -> str:
    """A text that takes the place of one that is no longer needed."""
    return f"{_WITHDRAWN}\n{text}"


def mark(body: str) -> Mark | None:
    """The mark of a text; None if it has none. What stands behind the first line cannot pretend to be one."""
    if found := _LIVE.match(body):
        return Mark(head=found[1], key=found[2])
    return Mark() if body.startswith(_WITHDRAWN) else None
