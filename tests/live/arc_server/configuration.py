"""The configuration of one element with jobs on this machine, and what its own start scripts make of it."""

import grp
import os
import pwd
from pathlib import Path
from typing import Final

from tests.live.arc_server.credentials import Credentials
from tests.live.arc_server.release import Release

QUEUE: Final = "fork"
#: Jobs that the element takes from their preparation to their end at once; others wait.
AT_ONCE: Final = 40
#: Seconds between two times that it writes down how jobs are; by itself 60. Its ini file has no word for it.
_PERIOD: Final = 4
_PERIOD_AFTER: Final = "</arex:gmconfig>"

FOLDERS: Final = ("control", "session", "run", "log", "rte", "scratch")
#: Anybody may write there, since jobs run as somebody else.
OPEN_FOLDERS: Final = ("session", "scratch")


def element(root: Path, port: int, credentials: Credentials, release: Release) -> str:
    """The ini file."""
    certificate, key = credentials.host
    return f"""\
[common]
hostname = localhost
x509_host_key = {key}
x509_host_cert = {certificate}
x509_cert_dir = {credentials.authorities}
{release.common}
[authgroup:all]
all = yes
[mapping]
map_to_user = all {_worker()}
[lrms]
lrms = fork
[arex]
controldir = {root}/control
sessiondir = {root}/session
runtimedir = {root}/rte
tmpdir = {root}/scratch
logfile = {root}/log/arex.log
joblog = {root}/log/jobs.log
helperlog = {root}/log/helper.log
pidfile = {root}/run/arex.pid
wakeupperiod = 1
infoproviders_timelimit = 60
delegationdb = sqlite
mail = nobody@localhost
maxjobs = 10000 {AT_ONCE} -1 -1 -1
[arex/ws]
wsurl = https://localhost:{port}/arex
logfile = {root}/log/ws.log
pidfile = {root}/run/ws.pid
[arex/ws/jobs]
allowaccess = all
[infosys]
logfile = {root}/log/infoprovider.log
[infosys/glue2]
admindomain_name = TEST
[infosys/cluster]
alias = test
[queue:{QUEUE}]
comment = jobs on this machine
"""


def _worker() -> str:
    """Whom jobs run as: nobody, and without the rights for that, whoever runs the element."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return f"{user.pw_name}:{grp.getgrgid(user.pw_gid).gr_name}"


def hurried(xml: str) -> str:
    """A daemon's own settings, with its view of jobs renewed more often."""
    period = f"<arex:InfoproviderWakeupPeriod>{_PERIOD}</arex:InfoproviderWakeupPeriod>"
    before, mark, after = xml.partition(_PERIOD_AFTER)
    if not mark:
        raise ValueError(f"the settings of A-REX have no {_PERIOD_AFTER}")
    return f"{before}{mark}{period}{after}"
