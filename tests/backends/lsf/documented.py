"""Replies of LSF as documents show them; nothing here was recorded by us.

`RECORDED_BY_OTHERS`, and the forms of all records, are from the test of Roddy's `LSFJobManager`, cut to our columns;
JOBINDEX and EXIT_REASON are not there and were added by us in the same form. The breaking of lines and the events of
`bhist` are partly those of the pages on `bhist` and on exit information in "IBM Spectrum LSF 10.1", partly those of
pages of users. For what a denial looks like in JSON there is no source.
"""

import json

from ganga.backends.batch.shell import Command, Reply

WAITING = "Cannot connect to LSF. Please wait ...\n"

RECORDED_BY_OTHERS = """{
  "COMMAND":"bjobs",
  "JOBS":1,
  "RECORDS":[
    {
      "JOBID":"22005",
      "JOBINDEX":"0",
      "STAT":"DONE",
      "EXIT_CODE":"",
      "EXIT_REASON":"",
      "JOB_NAME":"ls -l"
    }
  ]
}
"""

DONE = """
Job <223>, User <test>, Project <default>, Command <mpirun.lsf ./cpi-openmpi>
Sun Dec 20 15:05:40: Submitted from host <node69>, to Queue <default>, CWD <$HO
                     ME>, Output File </home/test/output.%J>;
Sun Dec 20 15:05:46: Dispatched to 16 Hosts/Processors <16*node62>;
Sun Dec 20 15:05:46: Starting (Pid 30493);
Sun Dec 20 15:05:51: Done successfully. The CPU time used is 9.6 seconds;
Sun Dec 20 15:05:51: Post job process done successfully;

Summary of time in seconds spent in various states by  Sun Dec 20 15:05:51
  PEND     PSUSP    RUN      USUSP    SSUSP    UNKWN    TOTAL
  6        0        5        0        0        0        11
"""


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "bjobs") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode(), error.encode())


def record(job: str, state: str, *, index: str = "0", code: str = "", why: str = "", name: str = "x") -> dict[str, str]:
    return {
        "JOBID": job,
        "JOBINDEX": index,
        "STAT": state,
        "EXIT_CODE": code,
        "EXIT_REASON": why,
        "JOB_NAME": name,
    }


def denial(job: str) -> dict[str, str]:
    return {"JOBID": job, "ERROR": f"Job <{job}> is not found"}


def queue_text(*records: object) -> str:
    return json.dumps({"COMMAND": "bjobs", "JOBS": len(records), "RECORDS": records}, indent=2)


def block(job: str, *events: str, whole: bool = True) -> str:
    lines = "".join(f"Mon Oct  1 11:14:0{second}: {event}\n" for second, event in enumerate(events))
    summary = "\nSummary of time in seconds spent in various states by  Mon Oct  1 11:14:09\n  PEND\n  6\n"
    return f"Job <{job}>, User <test>, Project <default>, Command <x>\n{lines}{summary if whole else ''}"
