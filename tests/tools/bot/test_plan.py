"""The laws of a plan, tried against a model of GitHub."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ganga_quality.bot.actions import (
    Action,
    CloseProposal,
    DeleteBranch,
    EditComment,
    EditProposal,
    OpenProposal,
    PushBranch,
    RetireReview,
    WriteComment,
    WriteReview,
)
from ganga_quality.bot.facts import Edit, Facts, Mode, Review, Right, branch_of
from ganga_quality.bot.marks import mark
from ganga_quality.bot.plan import declined, plan
from ganga_quality.changes import Span
from tests.tools.bot.world import HEAD, NEXT_HEAD, Denied, World, edit, pull

EDITS = (
    edit(),
    edit("b/c d.py", b"if x :\n  y\n", b"if x:\n    y\n"),
    edit("end.py", b"y=1", b"y = 1\n"),
    edit("outside.py", b"a\nb\nc  = 1\n", b"a\nb\nc = 1\n", Span(1, 2)),
    edit("`@all`.py", b"'''```'''\nz  = 1\n", b"'''```'''\nz = 1\n"),
)
WORLDS = st.builds(
    World,
    st.builds(pull, fork=st.booleans()),
    st.sampled_from(Mode),
    st.sets(st.sampled_from(Right)),
)
CHANGES = st.lists(st.sampled_from(EDITS), unique_by=lambda one: one.path, max_size=3).map(tuple)


class Run:
    """One run of the bot, a step at a time: look, then act until all is done or GitHub refuses, and look again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.denied: set[Right] = set()
        self.actions: list[Action] = []

    def steps(self) -> Iterator[Facts]:
        while actions := plan(facts := self.world.facts(self.denied)):
            yield facts
            try:
                for action in actions:
                    self.actions.append(action)
                    self.world.apply(action)
                    yield facts
            except Denied as refusal:
                self.denied.add(refusal.right)

    def whole(self) -> list[Action]:
        for _ in zip(self.steps(), range(100), strict=False):
            pass
        return self.actions


def names(actions: list[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


@given(WORLDS, CHANGES)
def test_a_second_run_changes_nothing(world: World, edits: tuple[Edit, ...]) -> None:
    world.edits = edits
    Run(world).whole()
    before = world.facts()
    again = Run(world).whole()
    assert world.facts() == before
    # What was refused once is asked for again, in case that it has been switched on.
    assert {type(action) for action in again} <= {OpenProposal, PushBranch, DeleteBranch}


@given(WORLDS, st.lists(CHANGES, min_size=1, max_size=4))
def test_one_thing_of_ours_stands_for_each_unformatted_pull_request(
    world: World, history: list[tuple[Edit, ...]]
) -> None:
    for number, edits in enumerate(history):
        world.pull = replace(world.pull, head=f"{number:040x}")
        world.edits = edits
        Run(world).whole()
        opened = [one for one in world.proposals.values() if one.open]
        assert len(opened) + len(world.live()) == bool(edits)
        assert not (world.branches and not edits)


@given(WORLDS, CHANGES)
def test_nothing_of_ours_is_left_behind_a_closed_pull_request(world: World, edits: tuple[Edit, ...]) -> None:
    world.edits = edits
    Run(world).whole()
    world.pull = replace(world.pull, open=False)
    Run(world).whole()
    assert world.leftovers() == []


@given(WORLDS, CHANGES, CHANGES, st.lists(st.booleans(), max_size=40))
def test_two_runs_at_once_end_as_one(
    world: World, before: tuple[Edit, ...], edits: tuple[Edit, ...], turns: list[bool]
) -> None:
    world.edits = before
    Run(world).whole()
    world.pull, world.edits = replace(world.pull, head=NEXT_HEAD), edits
    one, other = Run(world).steps(), Run(world).steps()
    for turn in turns:
        next(one if turn else other, None)
    for _ in range(50):
        next(one, None)
        next(other, None)
    opened = [found for found in world.proposals.values() if found.open]
    assert len(opened) + len(world.live()) == bool(edits)
    before_third = world.facts()
    Run(world).whole()
    assert world.facts() == before_third


@given(WORLDS, CHANGES, CHANGES, st.integers(0, 6))
def test_a_run_that_was_cut_short_is_completed_by_the_next(
    world: World, before: tuple[Edit, ...], edits: tuple[Edit, ...], cut: int
) -> None:
    world.edits = before
    Run(world).whole()
    world.pull, world.edits = replace(world.pull, head=NEXT_HEAD), edits
    for _ in zip(range(cut), Run(world).steps(), strict=False):
        pass
    Run(world).whole()
    opened = [found for found in world.proposals.values() if found.open]
    assert len(opened) + len(world.live()) == bool(edits)
    assert edits or not world.leftovers()


@given(WORLDS, st.lists(st.tuples(CHANGES, st.booleans()), max_size=4))
def test_no_branch_but_ours_is_ever_named(world: World, history: list[tuple[tuple[Edit, ...], bool]]) -> None:
    for number, (edits, is_open) in enumerate(history):
        world.pull = replace(world.pull, head=f"{number:040x}", open=is_open, branch="format/pr-99")
        world.edits = edits
        for action in Run(world).whole():
            if isinstance(action, PushBranch | DeleteBranch | OpenProposal):
                assert action.branch == "format/pr-12" == branch_of(12)


def test_a_pull_request_is_opened_followed_and_closed() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    assert names(Run(world).whole()) == ["PushBranch", "OpenProposal"]
    assert Run(world).whole() == []
    world.pull = replace(world.pull, head=NEXT_HEAD)
    assert names(Run(world).whole()) == ["PushBranch", "EditProposal"]
    world.edits = ()
    assert names(Run(world).whole()) == ["CloseProposal", "DeleteBranch"]
    assert "is formatted now" in next(iter(world.proposals.values())).body


def test_nothing_is_done_where_all_is_formatted() -> None:
    assert plan(World(pull(), Mode.AUTO).facts()) == ()
    assert plan(World(pull(open=False), Mode.AUTO).facts()) == ()


def test_who_closes_our_pull_request_is_left_alone_until_the_next_push() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    ((number, proposal),) = world.proposals.items()
    world.proposals[number] = replace(proposal, open=False)
    assert declined(world.facts())
    assert Run(world).whole() == []
    world.branches.clear()
    assert Run(world).whole() == []
    world.pull = replace(world.pull, head=NEXT_HEAD)
    assert names(Run(world).whole()) == ["PushBranch", "OpenProposal"]


def test_a_pull_request_that_we_closed_ourselves_is_not_taken_for_declined() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    world.pull, world.edits = replace(world.pull, head=NEXT_HEAD), ()
    Run(world).whole()
    world.pull, world.edits = replace(world.pull, head=HEAD), (edit(),)
    assert names(Run(world).whole()) == ["PushBranch", "OpenProposal"]


def test_a_refused_pull_request_becomes_a_comment_that_says_what_to_switch_on() -> None:
    world = World(pull(), Mode.AUTO, {Right.CONTENTS})
    world.edits = (edit(),)
    assert names(Run(world).whole()) == ["PushBranch", "OpenProposal", "WriteComment"]
    (comment,) = world.comments.values()
    assert "Allow GitHub Actions to create and approve pull requests" in comment.body
    assert "git pull origin format/pr-12" in comment.body
    assert names(Run(world).whole()) == ["OpenProposal"]
    world.allowed = frozenset(Right)
    assert names(Run(world).whole()) == ["OpenProposal", "EditComment"]
    assert world.live() == []


def test_without_the_right_to_write_branches_the_patch_is_a_comment_that_names_the_permission() -> None:
    world = World(pull(), Mode.AUTO, {Right.PULL_REQUESTS})
    world.edits = (edit(),)
    assert names(Run(world).whole()) == ["PushBranch", "WriteComment"]
    (comment,) = world.comments.values()
    assert "`contents: write`" in comment.body
    assert "-x  = 1\n+x = 1\n" in comment.body


def test_a_fork_gets_a_review_which_stays_as_long_as_its_suggestions_do() -> None:
    world = World(pull(fork=True), Mode.AUTO)
    world.edits = (edit(),)
    (written,) = Run(world).whole()
    assert isinstance(written, WriteReview)
    assert written.suggestions[0].body == "```suggestion\nx = 1\n```\n"
    world.pull = replace(world.pull, head=NEXT_HEAD)
    world.edits = (edit("a.py", b"import os\nx  = 1\n", b"import os\nx = 1\n"),)
    assert Run(world).whole() == []
    world.edits = (edit("a.py", b"x  = 2\n", b"x = 2\n"),)
    assert names(Run(world).whole()) == ["WriteReview", "RetireReview"]
    assert len(world.live()) == 1
    world.edits = ()
    assert names(Run(world).whole()) == ["RetireReview"]


def test_a_review_whose_suggestions_a_cut_run_left_behind_is_retired() -> None:
    world = World(pull(fork=True, open=False), Mode.AUTO)
    world.reviews[1] = Review(number=1, body="<!-- ganga-quality format: withdrawn -->\n", comments=(2,))
    assert names(Run(world).whole()) == ["RetireReview"]


def test_a_fork_gets_one_comment_where_suggestions_do_not_fit() -> None:
    world = World(pull(fork=True), Mode.AUTO)
    world.edits = (EDITS[3],)
    assert names(Run(world).whole()) == ["WriteComment"]
    world.edits = (EDITS[3], EDITS[2])
    assert names(Run(world).whole()) == ["EditComment"]
    world.edits = (EDITS[0],)
    assert names(Run(world).whole()) == ["WriteReview", "EditComment"]
    assert len(world.live()) == 1


def test_another_mode_takes_back_what_the_first_one_did() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    world.mode = Mode.COMMENT
    assert names(Run(world).whole()) == ["WriteComment", "CloseProposal", "DeleteBranch"]


def test_the_pull_request_that_goes_into_the_right_branch_is_kept() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    ((number, proposal),) = world.proposals.items()
    world.proposals[1] = replace(proposal, number=1, base="elsewhere")
    (closed,) = Run(world).whole()
    assert isinstance(closed, CloseProposal)
    assert closed.number == 1
    world.pull = replace(world.pull, branch="renamed")
    (edited,) = Run(world).whole()
    assert isinstance(edited, EditProposal)
    assert (edited.number, edited.base) == (number, "renamed")


def test_a_pull_request_of_a_person_from_our_branch_is_let_be() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    ((number, proposal),) = world.proposals.items()
    world.proposals[number] = replace(proposal, ours=False, title="mine", body="mine")
    assert Run(world).whole() == []
    world.edits = ()
    assert names(Run(world).whole()) == ["DeleteBranch"]


def test_a_comment_written_twice_is_one_again() -> None:
    world = World(pull(fork=True), Mode.COMMENT)
    world.edits = (edit(),)
    first, second = plan(world.facts())[0], plan(world.facts())[0]
    world.apply(first)
    world.apply(second)
    assert len(world.live()) == 2
    assert names(Run(world).whole()) == ["DeleteComment"]
    assert isinstance(first, WriteComment)
    assert mark(next(iter(world.comments.values())).body) == mark(first.body)


def test_actions_that_take_back_come_behind_those_that_may_be_refused() -> None:
    world = World(pull(), Mode.COMMENT)
    world.edits = (edit(),)
    Run(world).whole()
    world.mode = Mode.AUTO
    assert [type(action) for action in plan(world.facts())] == [PushBranch, OpenProposal, EditComment]
    world = World(pull(fork=True), Mode.REVIEW)
    world.edits = (edit(),)
    Run(world).whole()
    world.edits = (EDITS[1],)
    assert [type(action) for action in plan(world.facts())] == [WriteReview, RetireReview]


def test_a_commit_on_another_parent_is_another_though_its_tree_is_the_same() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    known = world.branches["format/pr-12"]
    world.branches["format/pr-12"] = replace(known, parents=(NEXT_HEAD,))
    assert names(Run(world).whole()) == ["PushBranch"]
    world.branches["format/pr-12"] = replace(known, parents=(HEAD, NEXT_HEAD))
    assert names(Run(world).whole()) == ["PushBranch"]


def test_a_review_whose_suggestions_somebody_deleted_is_retired_too() -> None:
    world = World(pull(fork=True), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    ((number, review),) = world.reviews.items()
    world.reviews[number] = replace(review, comments=())
    assert Run(world).whole() == []
    world.edits = ()
    assert names(Run(world).whole()) == ["RetireReview"]
    assert world.live() == []


def test_the_branch_of_a_declined_pull_request_goes_in_the_end() -> None:
    world = World(pull(), Mode.AUTO)
    world.edits = (edit(),)
    Run(world).whole()
    ((number, proposal),) = world.proposals.items()
    world.proposals[number] = replace(proposal, open=False)
    assert Run(world).whole() == []
    world.pull = replace(world.pull, open=False)
    assert names(Run(world).whole()) == ["DeleteBranch"]
