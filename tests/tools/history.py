"""Real repositories for tests, which neither see nor change any configuration of this machine."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ganga_quality.git.repository import Repository

#: What makes git the same on every machine.
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


class History:
    """A repository with a work tree, and short words for what people do in one."""

    def __init__(self, root: Path, *options: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        if not (root / ".git").exists():
            self.git("init", "-q", "-b", "main", *options)

    @property
    def repository(self) -> Repository:
        return Repository.discover(self.root)

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ("git", *arguments),
            cwd=self.root,
            env={**os.environ, **(environment or {})},
            check=False,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return os.fsdecode(done.stdout).strip()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def stage(self, files: Mapping[str, str | bytes] | None = None) -> None:
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all")

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        """The hash of a commit of all that there is."""
        self.stage(files)
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")
