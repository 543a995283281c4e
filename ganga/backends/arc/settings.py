"""What a site may set for jobs on an ARC computing element, and how the monitor is to treat them."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from ganga.model.policy import Pace, Patience, Policy, Retry, Width

#: More jobs than any user has: one listing of what has ended serves all of them.
_ALL: Final = 1_000_000


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one computing element under one identity."""

    #: The address of its web service, such as `https://arc.example.org/arex`.
    url: str = ""
    #: The queue and the project of jobs that name none; empty: the element's own choice.
    queue: str = ""
    project: str = ""
    #: Attributes of the job description for all jobs, before those that a job brings: `(runtimeenvironment="ENV/RTE")`.
    native: tuple[str, ...] = ()

    #: The grid proxy; empty: that of the variable `X509_USER_PROXY`, else `/tmp/x509up_u` and the user's number.
    proxy: str = ""
    #: The folder or file with the certificates of the authorities to be trusted; empty: that of the variable
    #: `X509_CERT_DIR`, else `/etc/grid-security/certificates`, else those of the system.
    authorities: str = ""
    #: Seconds before the end of the proxy from which on there is a warning.
    warn_before: Annotated[float, Meta(ge=0)] = 1800.0

    #: Seconds between two rounds of questions, at least.
    interval: Annotated[float, Meta(gt=0)] = 10.0
    #: Seconds within which the element has to answer one call.
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    #: Seconds after an interrupted submission before a job that is not there counts as not submitted.
    commit_delay: Annotated[float, Meta(ge=0)] = 60.0
    #: So many jobs are submitted in one call.
    jobs_per_submission: Annotated[int, Meta(ge=1)] = 50
    #: Bytes that each file of the output may have.
    largest_output: Annotated[int, Meta(gt=0)] = 10 << 30

    @property
    def where(self) -> str:
        """See `Located`."""
        return self.url


def policy(settings: Settings, /) -> Policy:
    """Two calls tell of all jobs. An element that does not recognise us denies all jobs in good faith, so that denials
    count only when they last.
    """
    return Policy(
        sweep=Pace(fastest=settings.interval, slowest=120.0, retry=Retry(longest=120.0)),
        sweep_width=Width(batch=_ALL),
        submit=Width(batch=200),
        find=Width(batch=_ALL),
        kill=Width(batch=500),
        finish=Width(batch=10, parallel=2),
        patience=Patience(denials=3, seconds=1800.0),
    )
