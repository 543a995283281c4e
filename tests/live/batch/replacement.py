"""A program that does not do what it should: in its place there is a script, in front of the real one."""

from pathlib import Path


class Replacement:
    """Takes the place of a program, once it has been told what to become."""

    def __init__(self, folder: Path, program: str) -> None:
        self._path = folder / program

    def becomes(self, script: str) -> None:
        """``real`` in the script is the program itself."""
        self._path.write_text(f'#!/bin/sh\nreal() {{ PATH="${{PATH#*:}}" "{self._path.name}" "$@"; }}\n{script}\n')
        self._path.chmod(0o755)
