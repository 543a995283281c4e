"""Which A-REX runs: that of the system's packages, or another one that was laid into a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: What is `/usr` to one process and its children only: the mount is theirs, and goes with the last of them. Whatever
#: else systems have of programs and libraries (`/bin`, `/lib`) is in `/usr` today.
_IN_ITS_PLACE: Final = 'mount --bind "$0" /usr && exec "$@"'


@dataclass(frozen=True)
class Release:
    """An installed A-REX."""

    #: Of the system, or of the folder into which it was laid.
    root: Path

    @property
    def common(self) -> str:
        """What its ini file says beside what those of all releases say: by itself ARC 7 believes the authorities of the
        system, and ARC 6 has no word for that.
        """
        return "" if self == OF_THE_SYSTEM else "x509_cert_policy = grid"

    @property
    def inside(self) -> Sequence[str]:
        """The words before a command that run it where all of A-REX, and all that jobs need, is where it expects it: it
        has many paths built in, and programs in several languages.
        """
        if self == OF_THE_SYSTEM:
            return ()
        return ("unshare", "--mount", "sh", "-c", _IN_ITS_PLACE, str(self.root / "usr"))


OF_THE_SYSTEM: Final = Release(Path("/"))
