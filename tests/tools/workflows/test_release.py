"""The release: what is built is what the tag names, and nothing is published that was not built so."""

import tarfile
import zipfile

import pytest

from tests.tools.history import History
from tests.tools.workflows.act import Act, Run, copied

SOURCES = ("CHANGELOG.md", "LICENSE", "README.md", "ganga", "pyproject.toml", "tools")


def release(act: Act, house: History, tag: str) -> Run:
    copied(house.root, *SOURCES)
    house.commit({"ganga/__init__.py": '__version__ = "7.1.2"\n', "tests/__init__.py": ""})
    return act.run(house.root, "push", "release.yml", {"ref": f"refs/tags/{tag}"})


@pytest.mark.slow
def test_a_tag_that_is_the_version_is_built_and_published(act: Act, house: History) -> None:
    done = release(act, house, "v7.1.2")
    assert done.jobs == {"build": "success", "publish": "success"}, done.everything
    built = act.kept / "dist"
    assert sorted(path.name for path in built.iterdir()) == ["ganga-7.1.2-py3-none-any.whl", "ganga-7.1.2.tar.gz"]
    names = zipfile.ZipFile(built / "ganga-7.1.2-py3-none-any.whl").namelist()
    assert {"ganga/__init__.py", "ganga_quality/cli.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tools/", "tests/"))]
    with tarfile.open(built / "ganga-7.1.2.tar.gz") as sources:
        assert "ganga-7.1.2/tools/ganga_quality/cli.py" in sources.getnames()


@pytest.mark.slow
def test_a_tag_that_is_not_the_version_is_refused(act: Act, house: History) -> None:
    done = release(act, house, "v7.1.3")
    assert done.code
    assert done.jobs["build"] == "failure"
    assert "Publish" not in done.steps
    assert not list(act.kept.iterdir())
    (annotation,) = done.annotations
    assert "v7.1.2" in annotation.message
