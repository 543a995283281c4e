"""What goes wrong on purpose."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Fault:
    """Answers the next requests that match with an error, or only does something before they are answered."""

    #: Part of the path below the repository, as a regular expression.
    path: str = ""
    method: str = ""
    #: 0: the request is answered as usual, after `before` was called.
    status: int = 0
    message: str = "planted"
    headers: dict[str, str] = field(default_factory=dict)
    #: How many requests are hit.
    times: int = 1
    #: How many that match are let pass first.
    skip: int = 0
    #: Whether the request is carried out although the answer says that it failed.
    done: bool = False
    before: Callable[[], object] | None = None

    def hits(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or self.method not in {"", method} or not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True
