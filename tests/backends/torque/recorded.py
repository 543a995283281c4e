"""Replies of a real Torque 2.4.16, that of Ubuntu 16.04, at a port of its own; only paths and the port are others."""

#: Of an array of two one has ended by `exit 3`; then a held job, one that was deleted in the queue, one that was run
#: again by `qrerun`, and one that ran into its time limit.
JOBS = """\
Job Id: 0-0.localhost:15099
    Job_Name = array-0
    Job_Owner = root@localhost
    resources_used.cput = 00:00:00
    resources_used.mem = 0kb
    resources_used.vmem = 0kb
    resources_used.walltime = 00:00:00
    job_state = C
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:03 2026
    Error_Path = localhost:/tmp/work/array.e0-0
    exec_host = vm/0
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:08 2026
    Output_Path = vm:/dev/null-0
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    session_id = 13337
    Shell_Path_List = /bin/sh
    substate = 59
    Variable_List = PBS_ARRAYID=0,PBS_O_QUEUE=batch,PBS_O_HOST=localhost,
\tPBS_O_HOME=/root,PBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    hashname = 0-0.localhost:15099
    queue_rank = 1
    queue_type = E
    comment = Job started on Mon Nov 23 at 18:17
    etime = Mon Nov 23 18:17:04 2026
    exit_status = 3
    submit_args = -S /bin/sh -N array -t 0-1 -o /dev/null -j oe
    job_array_id = 0
    job_array_request = 0-1
    start_time = Mon Nov 23 18:17:08 2026
    start_count = 1
    fault_tolerant = False
    comp_time = Mon Nov 23 18:17:08 2026

Job Id: 0-1.localhost:15099
    Job_Name = array-1
    Job_Owner = root@localhost
    resources_used.cput = 00:00:00
    resources_used.mem = 4560kb
    resources_used.vmem = 7684kb
    resources_used.walltime = 00:00:08
    job_state = R
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:03 2026
    Error_Path = localhost:/tmp/work/array.e0-1
    exec_host = vm/1
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:08 2026
    Output_Path = vm:/dev/null-1
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    session_id = 13340
    Shell_Path_List = /bin/sh
    substate = 42
    Variable_List = PBS_ARRAYID=1,PBS_O_QUEUE=batch,PBS_O_HOST=localhost,
\tPBS_O_HOME=/root,PBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    hashname = 0-1.localhost:15099
    queue_rank = 2
    queue_type = E
    comment = Job started on Mon Nov 23 at 18:17
    etime = Mon Nov 23 18:17:04 2026
    submit_args = -S /bin/sh -N array -t 0-1 -o /dev/null -j oe
    job_array_id = 1
    job_array_request = 0-1
    start_time = Mon Nov 23 18:17:08 2026
    start_count = 1
    fault_tolerant = False

Job Id: 1.localhost:15099
    Job_Name = held
    Job_Owner = root@localhost
    job_state = H
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:04 2026
    Error_Path = localhost:/tmp/work/held.e1
    Hold_Types = u
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:04 2026
    Output_Path = vm:/dev/null
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    substate = 20
    Variable_List = PBS_O_QUEUE=batch,PBS_O_HOST=localhost,PBS_O_HOME=/root,
\tPBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    queue_rank = 3
    queue_type = E
    submit_args = -h -N held -o /dev/null -j oe
    fault_tolerant = False

Job Id: 2.localhost:15099
    Job_Name = deleted
    Job_Owner = root@localhost
    job_state = C
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:04 2026
    Error_Path = localhost:/tmp/work/deleted.e2
    Hold_Types = u
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:04 2026
    Output_Path = vm:/dev/null
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    substate = 59
    Variable_List = PBS_O_QUEUE=batch,PBS_O_HOST=localhost,PBS_O_HOME=/root,
\tPBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    queue_rank = 4
    queue_type = E
    submit_args = -h -N deleted -o /dev/null -j oe
    fault_tolerant = False

Job Id: 3.localhost:15099
    Job_Name = again
    Job_Owner = root@localhost
    resources_used.cput = 00:00:00
    resources_used.mem = 6396kb
    resources_used.vmem = 10644kb
    resources_used.walltime = 00:00:03
    job_state = R
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:04 2026
    Error_Path = localhost:/tmp/work/again.e3
    exec_host = vm/0
    Hold_Types = n
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:12 2026
    Output_Path = vm:/dev/null
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    session_id = 13798
    substate = 42
    Variable_List = PBS_O_QUEUE=batch,PBS_O_HOST=localhost,PBS_O_HOME=/root,
\tPBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    hashname = 3.localhost:15099
    queue_rank = 5
    queue_type = E
    comment = Job started on Mon Nov 23 at 18:17
    etime = Mon Nov 23 18:17:04 2026
    exit_status = 271
    submit_args = -N again -o /dev/null -j oe
    start_time = Mon Nov 23 18:17:12 2026
    start_count = 2
    fault_tolerant = False

Job Id: 4.localhost:15099
    Job_Name = slow
    Job_Owner = root@localhost
    resources_used.cput = 00:00:00
    resources_used.mem = 7892kb
    resources_used.vmem = 15760kb
    resources_used.walltime = 00:00:04
    job_state = C
    queue = batch
    server = localhost:15099
    Checkpoint = u
    ctime = Mon Nov 23 18:17:04 2026
    Error_Path = localhost:/tmp/work/slow.e4
    exec_host = vm/3
    Hold_Types = n
    Join_Path = oe
    Keep_Files = n
    Mail_Points = a
    mtime = Mon Nov 23 18:17:12 2026
    Output_Path = vm:/dev/null
    Priority = 0
    qtime = Mon Nov 23 18:17:04 2026
    Rerunable = True
    Resource_List.neednodes = 1
    Resource_List.nodect = 1
    Resource_List.nodes = 1
    Resource_List.walltime = 00:00:03
    session_id = 13347
    substate = 59
    Variable_List = PBS_O_QUEUE=batch,PBS_O_HOST=localhost,PBS_O_HOME=/root,
\tPBS_O_LANG=C.UTF-8,
\tPBS_O_PATH=/usr/bin:/bin,PBS_O_SHELL=/bin/bash,PBS_SERVER=vm:15099,
\tPBS_O_WORKDIR=/tmp/work
    euser = root
    egroup = root
    hashname = 4.localhost:15099
    queue_rank = 6
    queue_type = E
    comment = Job started on Mon Nov 23 at 18:17
    etime = Mon Nov 23 18:17:04 2026
    exit_status = 271
    submit_args = -N slow -l walltime=3 -o /dev/null -j oe
    start_time = Mon Nov 23 18:17:08 2026
    Walltime.Remaining = 18446744073709551615
    start_count = 1
    fault_tolerant = False
    comp_time = Mon Nov 23 18:17:12 2026

"""

#: `qstat -B -f`.
SERVER = """\
Server: localhost:15099
    server_state = Active
    scheduling = True
    total_jobs = 0
    state_count = Transit:0 Queued:0 Held:0 Waiting:0 Running:0 Exiting:0\x20
    acl_roots = root@*
    default_queue = batch
    log_events = 511
    mail_from = adm
    query_other_jobs = True
    scheduler_iteration = 1
    node_check_rate = 150
    tcp_timeout = 6
    job_stat_rate = 2
    poll_jobs = True
    mom_job_sync = True
    pbs_version = 2.4.16
    keep_completed = 10
    net_counter = 20 3 1

"""

#: `qdel` of jobs that have ended or were never there, with the exit code 111.
GONE = """\
qdel: Request invalid for state of job MSG=invalid state for job - COMPLETE 2.localhost:15099
qdel: Unknown Job Id 77.localhost:15099
"""

#: `qsub` of what cannot be.
REFUSALS = (
    "qsub: Unknown queue MSG=cannot locate queue\n",
    "qsub: Job exceeds queue resource limits MSG=cannot locate feasible nodes\n",
    "qsub: Unknown resource type  Resource_List.bla\n",
    "qsub: illegal -o value\nusage: qsub [-a date_time] [-A account_string] [-b secs]\n",
)

#: `qstat` of a word that came with 2.5.
NO_SUCH_OPTION = "qstat: invalid option -- 't'\nusage: \n"
