"""How a target wants to be treated: the bounds that a back end states and the settings of a site may change."""

from dataclasses import dataclass

from ganga.model.ids import BudgetName


@dataclass(frozen=True, slots=True)
class Retry:
    """How to go on after a failure. Times are seconds."""

    #: After the first failure, doubled with each further one.
    first: float = 2.0
    #: Never longer than this.
    longest: float = 600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The bounds that a site sets for one kind of question. Times are seconds."""

    #: Between the starts of two questions: never less, never more while all is well.
    fastest: float = 10.0
    slowest: float = 300.0
    #: What a job's waiting for one second is worth, in seconds of asking.
    impatience: float = 0.01
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True)
class Width:
    """How much of a kind of work goes on at once."""

    #: Items in one batch.
    batch: int = 100
    #: Batches under way.
    parallel: int = 1
    retry: Retry = Retry()


@dataclass(frozen=True, slots=True)
class Patience:
    """What it takes to call a job lost: so many denials, spread over so many seconds."""

    denials: int = 3
    seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often a service may be asked by all who share its budget. Rates are calls per second."""

    #: A budget that others draw on, too; None for the target's own.
    budget: BudgetName | None = None
    #: Whether it holds from the start; if not, it holds from the first complaint of the service on, until the rate is
    #: back at the ceiling.
    strict: bool = False
    #: The rate is never more and never less.
    ceiling: float = 10.0
    floor: float = 0.1
    #: How much the rate grows in each second without a complaint.
    rise: float = 0.1 / 60
    #: Calls that may be made at once, after a pause. Half of these are kept for what is urgent.
    burst: float = 10.0
    #: Seconds after which an answer is so slow that it counts as a complaint; None: only if it does not come in time.
    slow: float | None = None

    @property
    def reserve(self) -> float:
        """The calls that are kept for what is urgent: what people ask for, and polls that waited for long."""
        return self.burst / 2


@dataclass(frozen=True, slots=True)
class Policy:
    """How a target wants to be treated. A back end states its own; the settings of a site may change it."""

    #: Rounds in which every live job is asked about.
    sweep: Pace = Pace()
    sweep_width: Width = Width(batch=1000)
    #: Questions for what is new; None where the back end has no feed.
    feed: Pace | None = None
    #: Seconds before each of these while no job lives, where jobs are run again after their end; None: not asked then.
    idle_feed: float | None = None
    submit: Width = Width(batch=500)
    find: Width = Width(batch=500)
    kill: Width = Width(batch=500)
    finish: Width = Width(batch=10, parallel=2)
    #: The same for jobs with checkers, mergers or notifiers.
    postprocess: Width = Width(batch=1, parallel=4, retry=Retry(first=10.0))
    patience: Patience = Patience()
    allowance: Allowance = Allowance()
    #: Seconds after which a kill that had no effect is asked for again.
    kill_again: float = 120.0
    #: So many failed attempts to bring output home, and the job ends without it.
    finish_attempts: int = 5
    #: The same where a target that answers otherwise could not be asked for it: what keeps the output may be away by
    #: itself. With the pauses in between that is more than an hour.
    unavailable_attempts: int = 21
    #: So many failures on end, and the target is said to be down.
    failures_until_down: int = 3
    #: Seconds within which a question or a kill has to be answered, a batch be submitted, and output be brought home.
    answer_within: float = 60.0
    submit_within: float = 300.0
    finish_within: float = 3600.0
    #: Seconds that the plug-ins of one job may take together.
    plugin_within: float = 600.0
