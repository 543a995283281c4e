"""Which Slurm runs: that of the system's packages, or another one that was laid into a folder."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Programs for users, and for administrators.
COMMANDS: Final = ("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
DAEMONS: Final = ("slurmctld", "slurmd", "slurmdbd", "slurmrestd", "slurmstepd")


@dataclass(frozen=True)
class Release:
    """An installed Slurm."""

    #: Of the system, or of the folder into which it was laid.
    root: Path

    @property
    def is_elsewhere(self) -> bool:
        """Whether its programs must be told where they are."""
        return self != OF_THE_SYSTEM

    @property
    def plugins(self) -> Path:
        """The folder of its plug-ins."""
        return next((self.root / "usr" / "lib").glob("*-linux-gnu*/slurm-wlm"))

    def link_programs(self, folder: Path) -> None:
        """Make a folder with those of Slurm, by the names that they want to be called by, and no others."""
        folder.mkdir()
        for name in COMMANDS:
            (folder / name).symlink_to(self.root / "usr" / "bin" / name)
        for name in DAEMONS:
            (folder / name).symlink_to(self._daemon(name))

    def _daemon(self, name: str) -> Path:
        """It has another name where its package was not configured."""
        folder = self.root / "usr" / "sbin"
        return next(path for path in (folder / name, folder / f"{name}-wlm") if path.exists())

    def version(self) -> tuple[int, ...]:
        """``slurm-wlm 22.05.8`` as ``(22, 5)``."""
        text = subprocess.run([self._daemon("slurmctld"), "-V"], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in text.split()[-1].split(".")[:2])


OF_THE_SYSTEM: Final = Release(Path("/"))
