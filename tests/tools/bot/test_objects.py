"""Names of objects, as git itself computes them."""

from pathlib import Path

from ganga_quality.bot.objects import blob_name, tree_name
from tests.tools.bot.github import Git


def test_names_are_those_of_git(tmp_path: Path) -> None:
    git = Git(tmp_path / "hub.git")
    content = b"x = 1\r\n\xff"
    assert blob_name(content) == git.blob(content)
    files: dict[str, bytes | tuple[str, bytes]] = {
        "a.py": content,
        "a/b.py": b"",
        "a-b.py": b"",
        "\N{LATIN SMALL LETTER A WITH DIAERESIS}.py": ("100755", b"1"),
        "l": ("120000", b"a"),
    }
    commit = git.commit(files)
    listed = [line.split("\t") for line in git.run("ls-tree", "-z", commit).split("\0") if line]
    entries = [(path, fields.split()[0], fields.split()[2]) for fields, path in listed]
    assert tree_name(reversed(entries)) == git.run("rev-parse", f"{commit}^{{tree}}")
