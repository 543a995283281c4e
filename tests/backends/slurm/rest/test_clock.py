from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.slurm.rest.clock import ControllerClock, Instant


@dataclass
class Clocks:
    """Ours, and the controller's, which is as fast."""

    ours: float = 1000.0
    ahead: float = 5000.0
    asked: int = 0

    @property
    def theirs(self) -> int:
        return int(self.ours + self.ahead)

    async def ask(self) -> int:
        self.asked += 1
        return self.theirs

    def now(self) -> float:
        return self.ours


async def test_it_is_asked_for_once_in_a_while() -> None:
    clocks = Clocks()
    clock = ControllerClock(clocks.ask, clocks.now)
    for _ in range(61):
        assert await clock.reached() == Instant(0, clocks.theirs)
        clocks.ours += 1
    assert clocks.asked == 3


async def test_one_that_is_set_back_begins_another_era() -> None:
    clocks = Clocks()
    clock = ControllerClock(clocks.ask, clocks.now)
    await clock.reached()
    clocks.ours, clocks.ahead = clocks.ours + 30, clocks.ahead - 1
    assert await clock.reached() == Instant(1, clocks.theirs)


async def test_what_is_forgotten_is_asked_for_and_compared_with_nothing() -> None:
    clocks = Clocks()
    clock = ControllerClock(clocks.ask, clocks.now)
    first = await clock.reached()
    clock.forget()
    clocks.ahead += 100
    assert (await clock.reached()).era > first.era
    assert clocks.asked == 2


@given(
    st.lists(
        st.tuples(st.floats(0.0, 100.0), st.one_of(st.just(0.0), st.floats(-100.0, 100.0)), st.booleans()), max_size=20
    )
)
async def test_no_time_of_an_era_is_ahead_of_what_a_look_has_shown(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever the clocks do: in an era times go on, and 30 seconds after a step they are again not ahead of it."""
    clocks = Clocks()
    clock = ControllerClock(clocks.ask, clocks.now)
    before, steady_since = await clock.reached(), clocks.ours
    for passed, jump, forget in steps:
        clocks.ours += passed
        if jump:
            clocks.ahead, steady_since = clocks.ahead + jump, clocks.ours
        if forget:
            clock.forget()
        instant = await clock.reached()
        assert instant.era != before.era or instant.seconds >= before.seconds
        assert instant.seconds <= clocks.theirs or clocks.ours - steady_since < 30
        before = instant
