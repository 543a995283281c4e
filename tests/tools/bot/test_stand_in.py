"""The stand-in for GitHub as a program, and as a judge."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganga_quality.bot.github import connected
from ganga_quality.bot.replies import ReferenceReply
from tests.tools.bot.github import Git
from tests.tools.bot.github.slice import Json

ROOT = Path(__file__).parents[3]


@contextmanager
def running(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "tests.tools.bot.github", "--git", str(folder), "--pull", "12:topic:main", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def asked(url: str, method: str = "GET", body: Json = None) -> Json:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, method=method)  # noqa: S310 - the stand-in's own address
    with urllib.request.urlopen(request, timeout=100) as reply:  # noqa: S310 - as above
        told: Json = json.load(reply)
    return told


def made(folder: Path) -> Git:
    git = Git(folder)
    git.point("refs/heads/main", git.commit({"a.py": b""}))
    git.point("refs/heads/topic", git.commit({"a.py": b"x\n"}))
    return git


def test_a_program_tells_its_state_and_ends_with_its_input(tmp_path: Path) -> None:
    made(tmp_path)
    with running(tmp_path) as (process, url):
        asked(f"{url}/_stand_in/pulls/12", "PATCH", {"state": "closed"})
        state = asked(f"{url}/_stand_in")
        assert isinstance(state, dict)
        assert isinstance(state["pulls"], list)
        assert isinstance(state["pulls"][0], dict)
        assert (state["pulls"][0]["state"], state["problems"]) == ("closed", [])
        assert process.communicate("", timeout=100)[1] == ""
        assert process.returncode == 0


async def test_a_write_to_another_branch_is_a_problem(tmp_path: Path) -> None:
    head = made(tmp_path).target("refs/heads/topic")
    with running(tmp_path) as (process, url):
        async with connected(url, "secret", "acme/repo") as github:
            await github.make(ReferenceReply, "/git/refs", {"ref": "refs/heads/evil", "sha": head})
        process.terminate()
        _, said = process.communicate(timeout=100)
        assert said == "the branch 'evil' was written\n"
        assert process.returncode == 1
