"""Replies as Torque's documentation has them, and as the text of Slurm's wrappers makes them."""

from collections.abc import Mapping

from ganga.backends.batch.shell import Command, Reply

Fields = Mapping[str, str]


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "qstat") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode("utf-8", "replace"), error.encode("utf-8", "replace"))


def told(jobs: Mapping[str, Fields]) -> str:
    """What Torque would say of jobs by their ids."""
    return "".join(
        f"Job Id: {native_id}\n" + "".join(f"    {name} = {value}\n" for name, value in fields.items()) + "\n"
        for native_id, fields in jobs.items()
    )


#: Of Torque 6: a job that runs for the second time, one that is held for another one, an array of 2 one of which has
#: ended, and one that ran out of its time. What is long goes on behind a tab.
TORQUE = """\
Job Id: 4711.torque.example.org
    Job_Name = a.name.that.is.so.long.that.it.takes.more.than.the.one.line.which.i
\tt.could.have
    Job_Owner = eve@login.example.org
    resources_used.cput = 00:00:07
    resources_used.mem = 3456kb
    resources_used.walltime = 00:00:10
    job_state = R
    queue = batch
    server = torque.example.org
    ctime = Mon Nov 23 00:00:00 2026
    Error_Path = login.example.org:/home/eve/a/folder/with/a/long/name/that/goes/o
\tn/and/on.e4711
    Resource_List.nodes = 1:ppn=2
    Resource_List.walltime = 01:00:00
    Variable_List = PBS_O_QUEUE=batch,PBS_O_HOME=/home/eve,
\tPBS_O_LANG=C,BASH_FUNC_module()=() {  eval it
}
    start_time = Mon Nov 23 00:00:01 2026
    Walltime.Remaining = 3590
    start_count = 2

Job Id: 4712.torque.example.org
    Job_Name = after
    Job_Owner = eve@login.example.org
    job_state = H
    Hold_Types = s
    depend = afterok:4711.torque.example.org

Job Id: 4713[0].torque.example.org
    Job_Name = array-0
    Job_Owner = adam@login.example.org
    resources_used.cput = 01:02:03
    resources_used.mem = 3456kb
    job_state = C
    Resource_List.walltime = 01:00:00
    exit_status = 3
    job_array_id = 0
    start_count = 1

Job Id: 4713[1].torque.example.org
    Job_Name = array-1
    Job_Owner = adam@login.example.org
    job_state = Q
    job_array_id = 1

Job Id: 4714.torque.example.org
    Job_Name = slow
    Job_Owner = adam@login.example.org
    resources_used.walltime = 01:00:31
    job_state = C
    Resource_List.walltime = 01:00:00
    exit_status = 271
    start_count = 1

"""

#: Of Slurm's wrappers: a job that runs, one that waits or is held, and one that has ended.
WRAPPERS = """\
Job Id:\t7
\tJob_Name = ganga-1-1.x
\tJob_Owner = eve@vm
\tjob_state = R
\tqueue = all
\tqtime = Mon Nov 23 00:00:00 2026
\teuser = eve(1000)

Job Id:\t8
\tJob_Name = ganga-1-2.x
\tJob_Owner = eve@vm
\tjob_state = Q
\tqueue = all

Job Id:\t9
\tJob_Name = ganga-1-3.x
\tJob_Owner = eve@vm
\tjob_state = C
\tqueue = all

"""
