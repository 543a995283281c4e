"""The bot and sources, names and texts that were made to harm it, or are only odd."""

import asyncio
import re
from pathlib import Path

import pytest

from ganga_quality.bot.facts import Mode, Skipped
from ganga_quality.bot.marks import marked
from ganga_quality.bot.propose import Options, propose
from ganga_quality.bot.sources import Limits
from tests.tools.bot.github.hub import Comment
from tests.tools.bot.site import BRANCH, PRETTY, UGLY, Site, site

EXOTIC = "topic/$(touch${IFS}PWNED)`id`;'\"@all#1"


async def test_a_fork_may_call_its_branch_as_ours(tmp_path: Path) -> None:
    with site(tmp_path, fork="eve", branch="format/pr-7") as made:
        made.push({"b.py": UGLY})
        assert await made.run() == ["WriteReview"]


async def test_marks_of_other_people_mean_nothing(there: Site) -> None:
    head = there.hub.head(there.pull)
    there.hub.comments[1] = Comment(1, 12, "eve", marked("mine", head=head))
    assert await there.run(mode=Mode.COMMENT) == ["WriteComment"]
    assert there.hub.comments[1].body == marked("mine", head=head)


def names_below(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*")}


async def test_names_made_to_inject_are_only_names(tmp_path: Path) -> None:
    names = ["$(touch PWNED) `id`.py", "@everyone.py", "a|b<img src=x>.py", "%0A::error::x.py", "q'\"u.py", "-rf.py"]
    with site(tmp_path, branch=EXOTIC) as made:
        made.pull.title = "x\n::error::@all `$(touch PWNED)`"
        made.push(dict.fromkeys(names, UGLY))
        summary = made.folder / "summary.md"
        environment = made.lint() | {"GITHUB_STEP_SUMMARY": str(summary)}
        await asyncio.to_thread(propose, environment, Options(root=made.folder))
        (proposal,) = made.proposals()
        assert proposal.base == EXOTIC
        assert made.proposed_files() == dict.fromkeys(names, PRETTY)
        outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", proposal.body + summary.read_text())
        assert not re.search(r"@|PWNED|<img|::error", outside)
    assert "PWNED" not in names_below(tmp_path)


@pytest.mark.usefixtures("child")
async def test_only_regular_files_of_a_sane_size_are_looked_at(here: Site) -> None:
    here.push(
        {
            "link.py": ("120000", b"a/b.py"),
            "sub.py": ("160000", b"1" * 40),
            "large.py": b"x  = 1\n#" + b"y" * 5_000_000 + b"\n",
            "long.py": b"x  = 1\n" * 20_001,
            "broken.py": b"x = (\n",
            "bin.py": b"\0\1\2",
            "notes.txt": UGLY,
            "run.py": ("100755", UGLY),
        },
        force=True,
    )
    told = await here.told()
    reasons = {one.path: one.reason for one in told.skipped}
    assert reasons == {
        "link.py": "it is a link",
        "sub.py": "it is a submodule",
        "large.py": "it has 5,000,009 bytes, and 512,000 are the limit",
        "long.py": "it has more than 20,000 lines",
        "broken.py": reasons["broken.py"],
    }
    assert reasons["broken.py"].startswith("black does not format it")
    assert here.proposed_files() == {"run.py": PRETTY}
    assert here.hub.git.run("ls-tree", f"refs/heads/{BRANCH}", "run.py").startswith("100755")


async def test_a_folder_with_names_that_json_cannot_tell_is_let_be(here: Site) -> None:
    here.push({"in/a.py": UGLY, "in/\udcff.txt": b"", "b.py": UGLY}, force=True)
    assert (await here.told()).skipped == (Skipped("in/a.py", "GitHub does not tell of all that is in its folder"),)
    assert here.proposed_files() == {"b.py": PRETTY}


@pytest.mark.usefixtures("child")
async def test_a_source_that_takes_black_minutes_costs_only_itself(here: Site) -> None:
    here.push({"slow.py": b"x = " + b"-" * 100_000 + b"1\n"}, force=True)
    here.push({"z.py": UGLY})
    told = await here.told(limits=Limits(patience=6))
    assert [one.path for one in told.skipped] == ["slow.py"]
    assert here.proposed_files() == {"z.py": PRETTY}


async def test_no_more_files_than_the_limit(here: Site) -> None:
    here.push({f"f{number}.py": UGLY for number in range(4)}, force=True)
    told = await here.told(limits=Limits(files=2))
    assert told.skipped == tuple(Skipped(f"f{number}.py", "only 2 files are looked at") for number in (2, 3))
    assert len(here.proposed_files()) == 2


async def test_what_github_gives_no_patch_for_is_skipped_unless_it_is_new(here: Site) -> None:
    here.hub.largest_patch = 1
    told = await here.told()
    assert told.skipped == (
        Skipped("old.py", "GitHub gives no patch for it, so nobody knows which lines were changed"),
    )
    here.hub.largest_patch = 0
    here.push({"b.py": UGLY}, force=True)
    await here.run()
    assert here.proposed_files() == {"b.py": PRETTY}


async def test_encodings_and_line_ends_stay(here: Site) -> None:
    files = {
        "bom.py": b"\xef\xbb\xbfx  = '\xc3\xa4'\r\n",
        "latin.py": b"# coding: latin-1\nx  = '\xe4'\n",
        "end.py": b"x  = 1",
        "feed.py": b"x  = 1\n\x0c\ny  = 2\n",
    }
    here.push(dict(files), force=True)
    await here.run()
    proposed_files = here.proposed_files()
    assert proposed_files["bom.py"] == files["bom.py"].replace(b"  ", b" ").replace(b"'", b'"')
    assert proposed_files["latin.py"] == files["latin.py"].replace(b"  ", b" ").replace(b"'", b'"')
    assert proposed_files["end.py"] == b"x = 1\n"
    assert b"\x0c" in proposed_files["feed.py"]


@pytest.mark.usefixtures("child")
async def test_the_style_is_that_of_the_trusted_checkout(here: Site) -> None:
    (here.folder / "pyproject.toml").write_text(
        '[tool.black]\nskip-string-normalization = true\nextend-exclude = "made"\n'
        '[tool.ganga-quality]\npaths = ["in"]\n'
    )
    here.push({"pyproject.toml": b"[tool.black]\nline-length = 3\n", "in/a.py": b"x  = 'a'\n"}, force=True)
    here.push({"in/made.py": UGLY, "out.py": UGLY})
    await here.run()
    assert here.proposed_files() == {"in/a.py": b"x = 'a'\n"}


async def test_a_renamed_file_is_formatted_where_it_was_changed(here: Site) -> None:
    lines = b"".join(b"v%d = 1\n" % number for number in range(30)) + b"o  = 1\n"
    main = here.hub.git.commit({"old.py": lines}, here.hub.git.target("refs/heads/main"))
    here.hub.git.point("refs/heads/main", main)
    here.hub.git.point("refs/heads/topic", here.hub.git.commit({"in/new.py": lines + UGLY}, main, keep=False))
    await here.run()
    assert here.proposed_files() == {"in/new.py": lines + PRETTY}
