import pytest

from ganga_quality.errors import UsageError
from ganga_quality.git.repository import Commit, Index, WorkingTree
from ganga_quality.scope.comparison import Comparison, automatic, since, staged
from ganga_quality.settings import Settings
from tests.tools.history import History


@pytest.fixture
def topic(history: History) -> str:
    """A branch with one commit ahead of main; the hash of where it began."""
    base = history.commit({"x.py": "a\n"})
    history.git("switch", "-q", "-c", "topic")
    history.commit({"y.py": "a\n"})
    return base


def guessed(history: History, settings: Settings | None = None, **environment: str) -> Comparison:
    return automatic(history.repository, settings or Settings(), environment)


# -- what was asked for


def test_staged_is_the_index_against_the_last_commit(history: History) -> None:
    repository = history.repository
    assert staged(repository, {}) == Comparison("staged changes", Index(), repository.empty_tree)
    head = history.commit()
    assert staged(repository, {}) == Comparison("staged changes", Index(), head)


def test_since_leaves_out_what_others_did(history: History, topic: str) -> None:
    history.git("switch", "-q", "main")
    history.commit({"z.py": ""})
    history.git("switch", "-q", "topic")
    assert since(history.repository, "main") == Comparison("changes since main", WorkingTree(), topic)
    with pytest.raises(UsageError, match="'nothing' names no commit"):
        since(history.repository, "nothing")


# -- the branch


def test_a_branch_is_compared_with_where_it_began(history: History, topic: str) -> None:
    assert guessed(history) == Comparison("changes since main", WorkingTree(), topic)


def test_on_the_default_branch_only_uncommitted_work_counts(history: History, topic: str) -> None:
    history.git("switch", "-q", "main")
    assert guessed(history) == Comparison("uncommitted changes", WorkingTree(), topic)


def test_a_detached_head_is_a_branch_too(history: History, topic: str) -> None:
    history.git("switch", "-q", "--detach", "topic")
    assert guessed(history) == Comparison("changes since main", WorkingTree(), topic)


def test_before_the_first_commit_everything_counts(history: History) -> None:
    comparison = guessed(history)
    assert comparison.description == "everything before the first commit"
    assert comparison.base == history.repository.empty_tree


def test_the_settings_know_the_base_best(history: History, topic: str) -> None:
    history.git("branch", "develop", "topic")
    history.commit({"z.py": ""})
    developed = history.repository.commit("develop")
    assert guessed(history, Settings(base="develop")).base == developed
    assert guessed(history, Settings(base="gone")).base == topic


def test_the_remote_s_branch_goes_before_the_own_one(history: History, topic: str) -> None:
    history.git("update-ref", "refs/remotes/origin/main", "topic")
    assert guessed(history).description == "uncommitted changes"
    history.git("update-ref", "refs/remotes/origin/trunk", topic)
    history.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert guessed(history) == Comparison("changes since origin/HEAD", WorkingTree(), topic)


def test_a_dangling_default_branch_does_not_count(history: History, topic: str) -> None:
    history.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert guessed(history) == Comparison("changes since main", WorkingTree(), topic)


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize(("name_there", "expected"), [("topic", "changes since main"), ("base", "uncommitted changes")])
def test_the_upstream_counts_unless_it_is_the_branch_itself(history: History, name_there: str, expected: str) -> None:
    history.git("remote", "add", "origin", "nowhere")
    history.git("update-ref", f"refs/remotes/origin/{name_there}", "topic")
    history.git("branch", "-q", f"--set-upstream-to=origin/{name_there}")
    assert guessed(history).description == expected


@pytest.mark.usefixtures("topic")
def test_a_local_branch_can_be_the_upstream(history: History) -> None:
    history.git("switch", "-q", "-c", "further", "--track", "topic")
    history.commit({"z.py": ""})
    assert guessed(history) == Comparison("changes since topic", WorkingTree(), history.repository.commit("topic"))


@pytest.mark.usefixtures("topic")
def test_without_anything_to_compare_with_the_user_is_told(history: History) -> None:
    history.git("branch", "-q", "-D", "main")
    with pytest.raises(UsageError, match=r"none of origin/HEAD, .*; name one with --since, .* or check --all"):
        guessed(history)


# -- hooks


def test_a_push_is_compared_with_what_was_pushed_before(history: History, topic: str) -> None:
    head = history.repository.commit("HEAD")
    history.write("uncommitted.py", "")
    comparison = guessed(history, PRE_COMMIT_FROM_REF=topic, PRE_COMMIT_TO_REF=head, PRE_COMMIT="1")
    assert comparison == Comparison(f"changes from {topic[:12]} to {head[:12]}", Commit(head), topic)


def test_after_a_forced_push_the_common_commit_counts(history: History, topic: str) -> None:
    history.git("switch", "-q", "-c", "old", topic)
    old = history.commit({"z.py": ""})
    assert guessed(history, PRE_COMMIT_FROM_REF=old, PRE_COMMIT_TO_REF="topic").base == topic


def test_a_new_branch_is_compared_with_the_default_branch(history: History, topic: str) -> None:
    comparison = guessed(history, PRE_COMMIT_FROM_REF="0" * 40, PRE_COMMIT_TO_REF="HEAD")
    assert comparison == Comparison("changes from main to HEAD", Commit(history.repository.commit("HEAD")), topic)


@pytest.mark.usefixtures("topic")
def test_what_was_pushed_before_may_be_unknown_here(history: History) -> None:
    with pytest.raises(UsageError, match=f"'{'1' * 40}' names no commit"):
        guessed(history, PRE_COMMIT_FROM_REF="1" * 40, PRE_COMMIT_TO_REF="HEAD")


def test_a_commit_hook_sees_what_is_staged(history: History, topic: str) -> None:
    head = history.repository.commit("HEAD")
    assert guessed(history, PRE_COMMIT="1") == Comparison("changes since main", WorkingTree(), topic)
    history.write("z.py", "")
    assert guessed(history, PRE_COMMIT="1").state == WorkingTree()
    history.stage()
    assert guessed(history, PRE_COMMIT="1") == Comparison("staged changes", Index(), head)
    assert guessed(history).state == WorkingTree()


@pytest.mark.usefixtures("topic")
def test_a_deletion_can_be_all_that_is_staged(history: History) -> None:
    history.git("rm", "-q", "x.py")
    assert guessed(history, PRE_COMMIT="1").state == Index()


@pytest.mark.usefixtures("topic")
def test_a_merge_to_be_committed_counts_even_without_an_edit(history: History) -> None:
    history.git("switch", "-q", "main")
    history.commit({"z.py": ""})
    history.git("merge", "-q", "--no-commit", "topic")
    comparison = guessed(history, PRE_COMMIT="1")
    assert comparison.description == "staged changes of the merge"
    assert comparison.base is not None
    assert not history.repository.changes(comparison.base, Index()).files


# -- pull requests


def test_a_commit_that_merges_nothing_is_not_github_s(history: History) -> None:
    head = history.commit()
    expected = Comparison("uncommitted changes", WorkingTree(), head)
    assert guessed(history, GITHUB_EVENT_NAME="pull_request", GITHUB_SHA=head) == expected


@pytest.mark.usefixtures("topic")
def test_a_pull_request_is_what_its_merge_brings(history: History) -> None:
    history.git("switch", "-q", "main")
    base = history.commit({"z.py": ""})
    history.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    head = history.repository.commit("HEAD")
    expected = Comparison("changes of the pull request", Commit(head), base)
    assert guessed(history, GITHUB_EVENT_NAME="pull_request") == expected
    assert guessed(history, GITHUB_EVENT_NAME="pull_request", GITHUB_SHA=head) == expected
    assert guessed(history, GITHUB_EVENT_NAME="push").state == WorkingTree()


def test_an_author_s_own_merge_is_not_github_s(history: History, topic: str) -> None:
    history.git("switch", "-q", "main")
    merged = history.commit({"z.py": ""})
    history.git("switch", "-q", "topic")
    history.git("merge", "-q", "--no-ff", "-m", "merge", "main")
    history.git("update-ref", "refs/remotes/origin/release", topic)
    comparison = guessed(history, GITHUB_EVENT_NAME="pull_request", GITHUB_SHA="1" * 40)
    assert comparison == Comparison("changes since main", WorkingTree(), merged)
    # Where GitHub says which branch it would go into, that is it.
    comparison = guessed(history, GITHUB_EVENT_NAME="pull_request", GITHUB_SHA="1" * 40, GITHUB_BASE_REF="release")
    assert comparison == Comparison("changes since origin/release", WorkingTree(), topic)


@pytest.mark.usefixtures("topic")
def test_a_clone_that_is_too_shallow_says_so(history: History) -> None:
    history.git("switch", "-q", "main")
    history.commit({"z.py": ""})
    history.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    clone = history.root.parent / "clone"
    history.git("clone", "-q", "--depth=1", f"file://{history.root}", str(clone))
    with pytest.raises(UsageError, match="fetch-depth: 0"):
        guessed(History(clone), GITHUB_EVENT_NAME="pull_request")
