"""Every SQL statement of the PostgreSQL store, by name. ``%(name)s`` is one value, and ``%(rows)s`` any number of rows
as JSON.
"""

# ruff: noqa: S608 - what is joined here is our own text; values only ever come in for names

from typing import Final

from ganga.store.rows import EVENT_COLUMNS, JOB_COLUMNS, STATE_COLUMNS
from ganga.store.statements import ENDED_WORDS, LIVE, OVER, SUBJOB, TO_RESUBMIT_WORDS, TO_SUBMIT_WORDS, WANTED, WHOLE

#: How columns are read from JSON.
_TYPES: Final = {
    "bigint": "job, subjob, subjobs, attempt, exit_code, signal, peak_memory, restart, wanted_attempt, begun, seq, "
    "handed_over",
    "float8": "created_at, submitted_at, started_at, ended_at, confirmed_at, silent_since, cpu_time, at",
    "boolean": "postprocessed",
}
_TYPE: Final = {column: kind for kind, columns in _TYPES.items() for column in columns.split(", ")}

#: As `rows.changed_row` gives them.
CHANGED: Final = (
    "status, attempt, native_id, native_status, exit_code, signal, reason, outcome, submitted_at, started_at, "
    "ended_at, confirmed_at, silent_since, place, peak_memory, cpu_time, restart, wanted_attempt, begun, job, subjob"
)


def given(columns: str) -> str:
    """The rows that are given, with these columns."""
    types = ", ".join(f"{column} {_TYPE.get(column, 'text')}" for column in columns.split(", "))
    return f"json_to_recordset(%(rows)s) AS given({types})"


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column}" for column in columns.split(", "))


#: The ends of attempts, each a whole record as JSON; within other JSON the server would look for NUL in it.
ENDS: Final = """
    unnest(%(numbers)s::bigint[], %(indices)s::bigint[], %(attempts)s::bigint[], %(records)s::json[])
        AS given(job, subjob, attempt, record)
"""
KEYS: Final = "unnest(%(numbers)s::bigint[], %(indices)s::bigint[])"

#: The owner, hidden from the planner: of one who is new the statistics know no rows, and what is to be looked up by its
#: key would be looked for among all that there are.
ME: Final = "(SELECT %(owner)s::text AS owner OFFSET 0) AS me"
#: The same as one value.
OWNER: Final = "(SELECT %(owner)s::text)"


def _at_key(columns: str) -> str:
    """Of the jobs at the places ``number`` and ``index``, each looked up by its key."""
    return f"""LATERAL (
        SELECT {columns} FROM ganga.jobs
        WHERE owner = %(owner)s AND job = number AND subjob = index AND {KEPT} OFFSET 0
    )"""


# A server that is set to say "committed" before that is on its disk may take back what was told: not so for us.
DURABLE: Final = """
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

# What is being forgotten is no longer seen. The server looks once for each statement, and finds nearly always nothing.
KEPT: Final = "job <> ALL (ARRAY(SELECT job FROM ganga.doomed WHERE owner = %(owner)s))"

# The store itself: each owner's part is one by itself. Its id is made of that of the database, unless it came from
# elsewhere with its own.
ENTER: Final = """
    INSERT INTO ganga.owners (owner, id) SELECT %(owner)s, left(md5(id || ' ' || %(owner)s::text), 8) FROM ganga.store
    ON CONFLICT (owner) DO NOTHING
"""
STORE_ID: Final = "SELECT id FROM ganga.owners WHERE owner = %(owner)s"
WHO: Final = """
    SELECT current_user::text, coalesce(%(owner)s::text, current_user::text) = ANY (ganga.acts_for())
"""
TRUSTED: Final = "SELECT %(owner)s::text = ANY (ganga.acts_for())"
OWNERS: Final = "SELECT owner FROM ganga.grants WHERE service = current_user::text AND owner <> current_user::text"
DATABASE: Final = "SELECT current_user::text, id FROM ganga.store"

# The writer's own row, by which it is known what was committed. An insertion waits for one that is under way.
SIGN: Final = """
    INSERT INTO ganga.writers (owner, writer, written) VALUES (%s, %s, %s)
    ON CONFLICT (owner, writer) DO UPDATE SET written = excluded.written, outcome = NULL, at = now()
"""
OUTCOME: Final = "SELECT outcome FROM ganga.writers WHERE owner = %s AND writer = %s"
# To a role that is no longer trusted the server shows no row, and refuses to let it write one.
OUTCOME_IF_TRUSTED: Final = """
    INSERT INTO ganga.writers (owner, writer, written) VALUES (%s, %s, 0)
    ON CONFLICT (owner, writer) DO UPDATE SET written = ganga.writers.written RETURNING outcome
"""
SIGNED: Final = """
    INSERT INTO ganga.writers (owner, writer, written) VALUES (%s, %s, 0)
    ON CONFLICT (owner, writer) DO UPDATE SET written = ganga.writers.written RETURNING written, outcome
"""
END_BACKEND: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = %s AND application_name = %s AND usename = current_user
"""
SIGN_OFF: Final = """
    DELETE FROM ganga.writers WHERE owner = %s AND (writer = %s OR at < now() - interval '7 days')
"""

# First in what writes: no move of the store begins before this transaction has ended.
NOT_MOVING: Final = "SELECT ganga.not_moving(%s)"

# New jobs
NEW_NUMBER: Final = "SELECT ganga.not_moving(%s), nextval('ganga.job_numbers')"
NEW_SPECIFICATION: Final = """
    INSERT INTO ganga.specifications (owner, job, specification) VALUES (%(owner)s, %(job)s, %(specification)s)
"""
NEW_JOB: Final = f"""
    INSERT INTO ganga.jobs (owner, {JOB_COLUMNS}) SELECT %(owner)s, {JOB_COLUMNS} FROM {given(JOB_COLUMNS)}
"""
NEW_SUBJOBS: Final = f"""
    INSERT INTO ganga.jobs
        (owner, job, subjob, name, target, status, created_at, attempt, wanted_attempt, postprocessed)
    SELECT owner, job, index, name, target, status, created_at, attempt, wanted_attempt, %(postprocessed)s
    FROM ganga.jobs, generate_series(0, %(many)s - 1) AS index
    WHERE owner = {OWNER} AND job = %(job)s AND jobs.subjob = -1
"""
NEW_SHARES: Final = """
    INSERT INTO ganga.shares (owner, job, subjob, share)
    SELECT %(owner)s, %(job)s, place - 1, share
    FROM unnest(%(shares)s::bytea[]) WITH ORDINALITY AS given(share, place) WHERE length(share) > 0
"""

# Some jobs, in the order asked for; a row without a number for one that is not there
RECORDS: Final = f"""
    SELECT found.* FROM {KEYS} WITH ORDINALITY AS wanted(number, index, place)
    LEFT JOIN {_at_key(JOB_COLUMNS)} AS found ON true
    ORDER BY wanted.place
"""
LOCK: Final = f"""
    SELECT FROM {KEYS} AS wanted(number, index) CROSS JOIN {ME}
    JOIN ganga.jobs ON jobs.owner = me.owner AND job = number AND subjob = index
    ORDER BY job, subjob FOR UPDATE OF jobs
"""
SHARES: Final = f"""
    SELECT number, index, shares.share FROM {KEYS} AS wanted(number, index)
    CROSS JOIN {_at_key("1")} AS found
    LEFT JOIN LATERAL (
        SELECT share FROM ganga.shares WHERE owner = %(owner)s AND job = number AND subjob = index OFFSET 0
    ) AS shares ON true
"""
SPECIFICATIONS: Final = f"""
    SELECT job, specification FROM ganga.specifications WHERE owner = {OWNER} AND job = ANY (%(numbers)s)
"""
ATTEMPTS: Final = f"""
    SELECT record::text FROM ganga.attempts
    WHERE owner = %(owner)s AND job = %(job)s AND subjob = %(subjob)s AND {KEPT} ORDER BY attempt
"""

# Requests: of jobs with their subjobs, or of some jobs alone. Each gives the places named of which one was changed.
_FAMILY: Final = f"WHERE owner = {OWNER} AND job = ANY (%(numbers)s)"
_ONES: Final = f"""
    FROM {KEYS} AS wanted(number, index), {ME} WHERE jobs.owner = me.owner AND job = number AND subjob = index
"""
_KILL: Final = f"UPDATE ganga.jobs SET kill_requested_by = %(by)s {{}} AND kill_requested_by IS NULL AND NOT {OVER}"
_SUBMIT: Final = "UPDATE ganga.jobs SET wanted_attempt = attempt + 1, kill_requested_by = NULL {}"
_FAMILIES_CHANGED: Final = "WITH changed AS ({} RETURNING job) SELECT DISTINCT job, -1 FROM changed"
_ONES_CHANGED: Final = "{} RETURNING job, subjob"

KILL_FAMILIES: Final = _FAMILIES_CHANGED.format(_KILL.format(_FAMILY))
KILL_ONES: Final = _ONES_CHANGED.format(_KILL.format(_ONES))
SUBMIT_FAMILIES: Final = _FAMILIES_CHANGED.format(_SUBMIT.format(f"""
    {_FAMILY} AND subjobs IS NULL
        AND CASE WHEN {WHOLE} THEN status IN ({TO_SUBMIT_WORDS}) ELSE status IN ({TO_RESUBMIT_WORDS}) END
"""))
SUBMIT_ONES: Final = _ONES_CHANGED.format(_SUBMIT.format(f"{_ONES} AND status IN ({TO_SUBMIT_WORDS})"))
SPARE: Final = _ONES_CHANGED.format(
    f"UPDATE ganga.jobs SET kill_requested_by = NULL {_ONES} AND kill_requested_by IS NOT NULL"
)
FORGET_KILL: Final = f"""
    UPDATE ganga.jobs SET kill_requested_by = NULL
    WHERE owner = {OWNER} AND job = ANY (%(numbers)s) AND {WHOLE} AND kill_requested_by IS NOT NULL
"""

# Removal, of whole jobs from each table
REMOVALS: Final = tuple(
    f"DELETE FROM ganga.{table} WHERE owner = {OWNER} AND job = ANY (%(numbers)s)"
    for table in ("jobs", "specifications", "shares", "attempts")
)

# What the monitor writes. A job that was removed meanwhile is no longer there to be updated.
HOLD: Final = "SELECT ganga.hold(%s, %s, %s)"
WRITE_RECORDS: Final = f"""
    UPDATE ganga.jobs SET
        status = given.status, attempt = given.attempt, native_id = given.native_id,
        native_status = given.native_status, exit_code = given.exit_code, signal = given.signal, reason = given.reason,
        outcome = given.outcome, submitted_at = given.submitted_at, started_at = given.started_at,
        ended_at = given.ended_at, confirmed_at = given.confirmed_at, silent_since = given.silent_since,
        place = given.place, peak_memory = given.peak_memory, cpu_time = given.cpu_time, restart = given.restart,
        wanted_attempt = greatest(jobs.wanted_attempt, given.wanted_attempt),
        kill_requested_by = CASE
            WHEN jobs.status IN ({ENDED_WORDS}) AND given.begun > jobs.attempt THEN NULL ELSE jobs.kill_requested_by
        END
    FROM {given(CHANGED)}, {ME}
    WHERE jobs.owner = me.owner AND jobs.job = given.job AND jobs.subjob = given.subjob
"""
HAND_OVER: Final = f"""
    UPDATE ganga.jobs SET handed_over = attempt
    FROM {KEYS} AS wanted(number, index), {ME} WHERE jobs.owner = me.owner AND job = number AND subjob = index
"""
WRITE_ATTEMPTS: Final = f"""
    INSERT INTO ganga.attempts (owner, job, subjob, attempt, record)
    SELECT jobs.owner, given.job, given.subjob, given.attempt, given.record
    FROM {ENDS} CROSS JOIN {ME}
    JOIN ganga.jobs ON jobs.owner = me.owner AND jobs.job = given.job AND jobs.subjob = given.subjob
    FOR KEY SHARE OF jobs
    ON CONFLICT (owner, job, subjob, attempt) DO UPDATE SET record = excluded.record
"""
WRITE_STATE: Final = """
    INSERT INTO ganga.targets
        (name, confirmed_at, down_since, error, cursor, stuck_threads, identity, expiry_told, owner)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (owner, name) DO UPDATE SET
        confirmed_at = excluded.confirmed_at, down_since = excluded.down_since, error = excluded.error,
        cursor = excluded.cursor, stuck_threads = excluded.stuck_threads, identity = excluded.identity,
        expiry_told = excluded.expiry_told
"""
WRITE_PAUSED: Final = """
    INSERT INTO ganga.targets (owner, name, paused) VALUES (%(owner)s, %(target)s, %(paused)s)
    ON CONFLICT (owner, name) DO UPDATE SET paused = excluded.paused
"""
PAUSED: Final = "SELECT paused FROM ganga.targets WHERE owner = %(owner)s AND name = %(target)s FOR UPDATE"

# Events. Their numbers are the last thing that a transaction takes, so that they become visible in order.
TELL: Final = f"""
    WITH counter AS (
        INSERT INTO ganga.counters (owner, seq) VALUES (%(owner)s, %(many)s)
        ON CONFLICT (owner) DO UPDATE SET seq = counters.seq + excluded.seq RETURNING seq
    ), told AS (
        INSERT INTO ganga.events (owner, {EVENT_COLUMNS})
        SELECT %(owner)s, counter.seq - %(many)s + given.seq, {_of('given', EVENT_COLUMNS.removeprefix('seq, '))}
        FROM counter, {given(EVENT_COLUMNS)}
    )
    UPDATE ganga.writers SET outcome = counter.seq FROM counter WHERE owner = %(owner)s AND writer = %(writer)s
"""
NOTIFY: Final = "SELECT pg_notify('ganga_' || md5(%s::text), '')"
# Which were forgotten is read with those that were not: a reader is never given a part for the whole.
LAST_SEQ: Final = f"""
    SELECT greatest(
        (SELECT max(seq) FROM ganga.events WHERE owner = {OWNER}),
        (SELECT max(forgotten) FROM ganga.owners WHERE owner = {OWNER}), 0
    )
"""
_EVENTS: Final = f"""
    SELECT head.forgotten, told.*
    FROM (SELECT coalesce(max(forgotten), 0) AS forgotten FROM ganga.owners WHERE owner = {OWNER}) AS head
    LEFT JOIN LATERAL (
        SELECT {EVENT_COLUMNS} FROM ganga.events
        WHERE owner = {OWNER} AND seq > greatest(%(after)s, head.forgotten) AND {{}} ORDER BY seq LIMIT %(limit)s
    ) AS told ON TRUE
    ORDER BY told.seq
"""
EVENTS: Final = _EVENTS.format("TRUE")
EVENTS_OF_FAMILY: Final = _EVENTS.format("job = %(job)s")
EVENTS_OF_ONE: Final = _EVENTS.format("job = %(job)s AND subjob = %(subjob)s")


# Lists; the conditions of the query come into the braces. What is left of the job that the last page ended in comes
# first: an index leads to each of the two.
def listed(columns: str) -> str:
    """The first page of a list."""
    return f"""
        SELECT {columns} FROM ganga.jobs WHERE owner = %(owner)s AND {{}} AND {KEPT}
        ORDER BY job DESC, subjob LIMIT %(limit)s
    """


def listed_behind(columns: str) -> str:
    """The page behind a place."""
    return f"""
        (SELECT {columns} FROM ganga.jobs
            WHERE owner = %(owner)s AND {{0}} AND {KEPT} AND job = %(job)s AND subjob > %(subjob)s
            ORDER BY job DESC, subjob LIMIT %(limit)s)
        UNION ALL
        (SELECT {columns} FROM ganga.jobs WHERE owner = %(owner)s AND {{0}} AND {KEPT} AND job < %(job)s
            ORDER BY job DESC, subjob LIMIT %(limit)s)
        ORDER BY job DESC, subjob LIMIT %(limit)s
    """


SELECT: Final = listed(JOB_COLUMNS)
SELECT_BEHIND: Final = listed_behind(JOB_COLUMNS)
COUNT: Final = f"SELECT status, count(*) FROM ganga.jobs WHERE owner = {OWNER} AND {{}} AND {KEPT} GROUP BY status"

# Lists and counts of the few of many whole jobs that meet conditions. Those of each target and status stand in order in
# an index that holds all that the conditions are about.
TARGETS_GIVEN: Final = "SELECT unnest(%(targets)s::text[])"
TARGETS: Final = f"""
    WITH RECURSIVE found (target) AS (
        (SELECT target FROM ganga.jobs WHERE owner = {OWNER} AND {WHOLE} ORDER BY target LIMIT 1)
        UNION ALL
        SELECT (
            SELECT jobs.target FROM ganga.jobs
            WHERE owner = {OWNER} AND {WHOLE} AND jobs.target > found.target ORDER BY jobs.target LIMIT 1
        ) FROM found WHERE found.target IS NOT NULL
    )
    SELECT target FROM found WHERE target IS NOT NULL
"""
_PAIRS: Final = """
    ({targets}) AS one_target(target) CROSS JOIN unnest(%(statuses)s::text[]) AS one_status(status)
"""
_OF_PAIR: Final = f"""
    FROM ganga.jobs
    WHERE owner = {OWNER} AND jobs.target = one_target.target AND jobs.status = one_status.status AND {WHOLE}
        AND {{named}} AND {KEPT}
"""
_SELECT_NUMBERS: Final = f"""
    SELECT found.* FROM ({{}}) AS chosen(number)
    CROSS JOIN LATERAL (
        SELECT {JOB_COLUMNS} FROM ganga.jobs WHERE owner = {OWNER} AND job = number AND {WHOLE} OFFSET 0
    ) AS found
    ORDER BY job DESC
"""
SELECT_OF_PAIRS: Final = _SELECT_NUMBERS.format(f"""
    SELECT of_pair.job FROM {_PAIRS}
    CROSS JOIN LATERAL (SELECT job {_OF_PAIR} AND job < %(job)s ORDER BY job DESC LIMIT %(limit)s) AS of_pair
    ORDER BY of_pair.job DESC LIMIT %(limit)s
""")
SELECT_NAMED: Final = _SELECT_NUMBERS.format(f"""
    SELECT job FROM ganga.jobs WHERE owner = {OWNER} AND {WHOLE} AND {{named}} AND {KEPT} AND job < %(job)s
    ORDER BY job DESC LIMIT %(limit)s
""")
COUNT_OF_PAIRS: Final = f"""
    SELECT one_status.status, sum(many)::bigint FROM {_PAIRS}
    CROSS JOIN LATERAL (SELECT count(*) AS many {_OF_PAIR}) AS of_pair
    WHERE many > 0 GROUP BY one_status.status
"""

# What a monitor reads. The second half finds jobs that are final, of which a subjob is wanted again.
_WANTED_AGAIN: Final = f"""
    SELECT job FROM ganga.jobs WHERE owner = %(owner)s AND target = %(target)s AND {SUBJOB} AND {WANTED}
"""
LIVE_PAGE: Final = f"""
    (SELECT {JOB_COLUMNS} FROM ganga.jobs
        WHERE owner = %(owner)s AND target = %(target)s AND {LIVE} AND (job, subjob) > (%(job)s, %(subjob)s)
        ORDER BY job, subjob LIMIT %(limit)s)
    UNION ALL
    (SELECT found.* FROM (SELECT DISTINCT job FROM ({_WANTED_AGAIN}) AS wanted) AS again
        CROSS JOIN LATERAL (
            SELECT {JOB_COLUMNS} FROM ganga.jobs
            WHERE owner = %(owner)s AND jobs.job = again.job AND {WHOLE} AND NOT {LIVE}
                AND (job, subjob) > (%(job)s, %(subjob)s)
            OFFSET 0
        ) AS found
        ORDER BY job, subjob LIMIT %(limit)s)
    ORDER BY job, subjob LIMIT %(limit)s
"""
HANDED_OVER: Final = f"""
    SELECT job, subjob FROM ganga.jobs
    WHERE owner = %(owner)s AND target = %(target)s AND {LIVE} AND status = 'submitting' AND handed_over = attempt
"""
_FAMILIES: Final = f"""
    SELECT family.job, counted.status, counted.many FROM ({{}}) AS family
    CROSS JOIN LATERAL (
        SELECT status, count(*) AS many FROM ganga.jobs
        WHERE owner = {OWNER} AND jobs.job = family.job AND {SUBJOB} GROUP BY status
    ) AS counted
"""
FAMILIES: Final = _FAMILIES.format(f"""
    SELECT job FROM ganga.jobs WHERE owner = {OWNER} AND job = ANY (%(numbers)s) AND {WHOLE}
        AND target = %(target)s AND subjobs IS NOT NULL
""")
LIVE_FAMILIES: Final = _FAMILIES.format(f"""
    SELECT job FROM ganga.jobs WHERE owner = {OWNER} AND target = %(target)s AND subjobs IS NOT NULL AND {LIVE}
    UNION {_WANTED_AGAIN}
""")
CONCERNED: Final = f"""
    SELECT {JOB_COLUMNS} FROM ganga.jobs
    WHERE owner = %(owner)s AND job = %(number)s AND subjob BETWEEN %(first)s AND %(last)s
        AND (job, subjob) > (%(job)s, %(subjob)s) AND {KEPT}
    ORDER BY subjob LIMIT %(limit)s
"""
ENDED: Final = f"""
    SELECT DISTINCT ON (native_id) {JOB_COLUMNS} FROM ganga.jobs
    WHERE owner = {OWNER} AND target = %(target)s AND native_id = ANY (%(native_ids)s) AND {OVER}
        AND {KEPT}
    ORDER BY native_id, job DESC, subjob
"""
STATES: Final = f"SELECT {STATE_COLUMNS} FROM ganga.targets WHERE owner = %(owner)s"

# Leases. Of the conditions the server judges itself, in one step.
HOLDER: Final = """
    SELECT target, holder, epoch, beat FROM ganga.leases
    WHERE owner = %(owner)s AND target = %(target)s AND holder IS NOT NULL
"""
TAKE_LEASE: Final = """
    WITH taken AS (
        INSERT INTO ganga.leases (owner, target, holder, epoch, beat) VALUES (%(owner)s, %(target)s, %(holder)s, 1, 0)
        ON CONFLICT (owner, target) DO UPDATE SET holder = excluded.holder, epoch = leases.epoch + 1, beat = 0
        WHERE leases.holder IS NULL
            OR (leases.holder = %(old)s AND leases.epoch = %(epoch)s AND leases.beat = %(beat)s)
        RETURNING epoch
    )
    UPDATE ganga.writers SET outcome = taken.epoch FROM taken WHERE owner = %(owner)s AND writer = %(writer)s
"""
RENEW_LEASE: Final = """
    WITH renewed AS (
        UPDATE ganga.leases SET beat = beat + 1
        WHERE owner = %(owner)s AND target = %(target)s AND epoch = %(epoch)s AND holder IS NOT NULL RETURNING epoch
    )
    UPDATE ganga.writers SET outcome = renewed.epoch FROM renewed WHERE owner = %(owner)s AND writer = %(writer)s
"""
RELEASE_LEASE: Final = """
    UPDATE ganga.leases SET holder = NULL WHERE owner = %(owner)s AND target = %(target)s AND epoch = %(epoch)s
"""
