"""What a site may set for jobs on DIRAC, and how the monitor is to treat them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from ganga.model.policy import Pace, Patience, Policy, Retry, Width

#: Seconds between two tries while the servers do not answer: how long news may wait after an outage.
_LONGEST_PAUSE: Final = 120.0
#: So many intervals pass between two questions for what is new while no job lives: jobs may be rescheduled by hand.
_IDLE: Final = 30


class RoadName(StrEnum):
    """Over which protocol the servers are spoken to."""

    #: The first of the others that the installation offers.
    AUTO = "auto"
    DIRACX = "diracx"
    HTTPS = "https"
    DIPS = "dips"
    #: DIRAC's own client, in a process of its own.
    CLIENT = "client"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a target on one DIRAC installation under one identity."""

    #: Which protocol to use: `auto`, `diracx` (REST), `https` (DIRAC's HTTPS services), `dips` (DISET) or `client`
    #: (whatever DIRAC's own client speaks).
    road: RoadName = RoadName.AUTO

    #: The address of DiracX, such as `https://diracx.example.org`; empty: that of the variable `DIRACX_URL`.
    diracx_url: str = ""
    #: The file with the tokens that `dirac login` writes; empty: that of the variable `DIRACX_CREDENTIALS_PATH`, else
    #: `~/.cache/diracx/credentials.json`.
    diracx_credentials: str = ""

    #: Addresses of DIRAC's services by their name, such as `"WorkloadManagement/JobMonitoring"`; what is not given is
    #: looked up in the Configuration Service.
    services: Mapping[str, str] = {}
    #: Addresses of the Configuration Service; empty: those of `dirac_cfg`.
    configuration_servers: tuple[str, ...] = ()
    #: DIRAC's own configuration file; empty: `etc/dirac.cfg` below the variable `DIRAC_ROOT_PATH` or `DIRAC`, else
    #: `~/.dirac.cfg`.
    dirac_cfg: str = ""
    #: Where DIRAC's own client is, for `client`: an installation's folder or its `bashrc`, a virtual environment or a
    #: Python; empty: this Python if it has DIRAC, else what the variable `DIRACOS` or `DIRAC` names.
    client_environment: str = ""
    #: The grid proxy; empty: that of the variable `X509_USER_PROXY`, else `/tmp/x509up_u` and the user's number.
    proxy: str = ""

    #: The folder or file with the certificates of the authorities to be trusted; empty: that of the variable
    #: `X509_CERT_DIR`, else those of the system.
    authorities: str = ""
    #: Seconds before the end of credentials that cannot be renewed without a person from which on there is a warning.
    warn_before: Annotated[float, Meta(ge=0)] = 1800.0
    #: The virtual organisation; empty: that of the credentials.
    organisation: str = ""
    #: The group of the identity, such as `lhcb_user`; empty: that of the credentials.
    group: str = ""

    #: Seconds between two questions for what is new.
    interval: Annotated[float, Meta(gt=0)] = 10.0
    #: Seconds within which the servers have to answer one call.
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    #: Seconds by which each question for what is new reaches back before the last: for changes that were committed
    #: late, and for clocks of several servers that differ.
    overlap: Annotated[float, Meta(ge=2)] = 5.0
    #: Seconds after an interrupted submission before a job that is not there counts as not submitted.
    commit_delay: Annotated[float, Meta(ge=0)] = 60.0
    #: So many jobs are submitted in one call; the servers' own limit is 20 unless the site has changed it.
    jobs_per_submission: Annotated[int, Meta(ge=1)] = 20
    #: Bytes that the output of one job may have, unpacked.
    largest_output: Annotated[int, Meta(gt=0)] = 1 << 30

    #: The group that DIRAC shows these jobs in; empty: none.
    job_group: str = ""
    #: DIRAC's type of these jobs.
    job_type: str = "User"
    #: Seconds of processor time that a job may take; 0: the site's default.
    cpu_time: Annotated[int, Meta(ge=0)] = 0
    #: 0 to 10; higher is earlier among the jobs of the same user.
    priority: Annotated[int, Meta(ge=0, le=10)] = 1
    #: Run only there; empty: anywhere.
    sites: tuple[str, ...] = ()
    #: Never run there.
    banned_sites: tuple[str, ...] = ()
    #: The platform that is needed, such as `x86_64-el9`; empty: any.
    platform: str = ""
    #: Words of DIRAC's matching, such as `GPU` or `MultiProcessor`.
    tags: tuple[str, ...] = ()
    #: Further attributes of the job description, such as `NumberOfProcessors = "4"`.
    attributes: Mapping[str, str] = {}

    @property
    def where(self) -> str:
        """See `Located`; empty where DIRAC's own set-up says it."""
        return next(iter((*filter(None, (self.diracx_url,)), *self.configuration_servers, *self.services.values())), "")


def policy(settings: Settings, /) -> Policy:
    """The feed tells what changed; the sweep finds what moves no time stamp: jobs that were removed, moved to another
    site, or changed by an old server that forgets the stamp.
    """
    retry = Retry(longest=_LONGEST_PAUSE)
    return Policy(
        feed=Pace(fastest=settings.interval, slowest=settings.interval, retry=retry),
        idle_feed=_IDLE * settings.interval,
        sweep=Pace(fastest=600.0, slowest=1800.0, retry=retry),
        sweep_width=Width(batch=1000),
        submit=Width(batch=100),
        find=Width(batch=500),
        kill=Width(batch=500),
        finish=Width(batch=10, parallel=2),
        patience=Patience(denials=3, seconds=1800.0),
    )
