"""What the bot says, with file names made to inject."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from ganga_quality.bot.facts import Edit, Facts, Formatting, Mode, Right, Skipped
from ganga_quality.bot.marks import Mark, mark, marked, withdrawn
from ganga_quality.bot.texts import LARGEST_PATCH, comment_body, farewell, proposal_body
from tests.tools.bot.world import HEAD, World, edit, pull


def facts(*edits: Edit, skipped: tuple[Skipped, ...] = ()) -> Facts:
    world = World(pull(fork=True), Mode.COMMENT)
    formatting = Formatting(edits=edits, base_tree="t", tree="u", skipped=skipped)
    return replace(world.facts(), formatting=formatting)


def command(body: str) -> str:
    """The shell command that a reader copies."""
    found = re.search(r"^(`{3,})sh\n(.*?)^\1$", body, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[2]


HOSTILE = b"x  = '''\nEND_OF_FORMATTING\n`````\n$(touch pwned) `touch pwned`\n'''\n"


def test_the_command_of_a_comment_formats_wherever_it_is_run(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", tmp_path], check=True, env=environment)
    change = edit("in/x $(touch pwned).py", HOSTILE, HOSTILE.replace(b"x  =", b"x ="))
    file = tmp_path / change.path
    file.parent.mkdir()
    file.write_bytes(HOSTILE)
    script = command(comment_body(facts(change), [change]))
    subprocess.run(["sh", "-euc", script], cwd=file.parent, env=environment, check=True)
    assert file.read_bytes() == change.after
    assert not list(tmp_path.rglob("*pwned"))


@pytest.mark.parametrize(
    "change",
    [
        edit("a.py", b"x  = 1\r\n", b"x = 1\r\n"),
        edit("a.py", b"x  = '\xe4'\n", b"x = '\xe4'\n"),
        edit("a.py", b"x  = 1\n" * LARGEST_PATCH, b"x = 1\n"),
    ],
    ids=["carriage returns", "latin-1", "too large"],
)
def test_what_cannot_be_pasted_is_made_by_a_command(change: Edit) -> None:
    script = command(comment_body(facts(change), [change]))
    assert script == f"git fetch https://github.com/acme/repo.git {'c' * 40} && ganga-quality fix --since FETCH_HEAD\n"


def test_names_of_files_stay_in_code() -> None:
    names = [
        "@everyone.py",
        "`@everyone`.py",
        "a|b.py",
        "<img src=x>.py",
        "x\n# head\n.py",
        "<!-- ganga-quality format: x -->.py",
    ]
    edits = [edit(name) for name in names]
    body = proposal_body(facts(*edits, skipped=(Skipped("`@you`", "it is a link"),)), edits)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", body)
    assert "@" not in outside
    assert "img" not in outside
    assert "\n# head" not in body


def test_a_long_list_is_cut() -> None:
    edits = [edit(f"{number}.py") for number in range(80)]
    body = proposal_body(facts(*edits), edits)
    assert "80 lines in 80 files:" in body
    assert body.endswith("- and 30 more files")


def test_a_comment_is_never_longer_than_github_takes() -> None:
    line = b"x  = '" + b"`" * 80 + b"'\n"
    count = LARGEST_PATCH // (2 * len(line) + 4)
    change = edit("`" * 200 + ".py", line * count, line.replace(b"  ", b" ") * count)
    skipped = tuple(Skipped(f"{number}" + "`" * 200, "it is a link", "\x1b`" * 99) for number in range(99))
    body = comment_body(replace(facts(change, skipped=skipped), denied=frozenset(Right)), [change])
    assert "apply <<" in body
    assert len(body) < 65_536


def test_a_mark_stands_in_the_first_line_or_nowhere() -> None:
    body = marked("text", head=HEAD)
    assert mark(body) == mark(body.replace("\n", "\r\n"))
    assert mark(f"> {body}") is None
    assert mark(f"\n{body}") is None
    assert mark(withdrawn(body)) == Mark()
    assert mark("") is None


def test_a_comment_says_what_must_be_switched_on() -> None:
    denied = replace(facts(edit()), denied=frozenset(Right))
    body = comment_body(denied, [edit()])
    assert "`contents: write`" in body
    assert "Allow GitHub Actions to create and approve pull requests" in body


def test_a_farewell_says_why() -> None:
    known = facts(edit())
    assert "Superseded" in farewell(known)
    assert "formatted now" in farewell(facts())
    assert "closed" in farewell(replace(known, pull=pull(open=False)))
