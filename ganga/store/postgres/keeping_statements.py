"""The SQL statements by which an owner's part of the store is moved, and forgets; as in `statements`."""

# ruff: noqa: S608 - what is joined here is our own text; values only ever come in for names

from typing import Final

from ganga.store.postgres.statements import ENDS, ME, OWNER, given, listed, listed_behind
from ganga.store.rows import EVENT_COLUMNS, JOB_COLUMNS
from ganga.store.statements import LIVE, OVER, WHOLE

# What it knows of itself. The last number of a job stands in its first event, until that is forgotten.
_LAST_JOB: Final = f"""
    greatest(
        owners.last_job, (SELECT max(job) FROM ganga.events WHERE owner = {OWNER} AND job IS NOT NULL),
        (SELECT max(job) FROM ganga.jobs WHERE owner = {OWNER})
    )
"""
HEAD: Final = f"""
    SELECT id, {_LAST_JOB}, greatest((SELECT max(seq) FROM ganga.events WHERE owner = {OWNER}), forgotten), forgotten,
        passage
    FROM ganga.owners WHERE owner = {OWNER}
"""
EPOCHS: Final = "SELECT target, epoch FROM ganga.leases WHERE owner = %(owner)s"

# All of a job in a row
_ALL: Final = """
    SELECT page.*,
        CASE subjob WHEN -1 THEN
            (SELECT specification FROM ganga.specifications AS its WHERE its.owner = %(owner)s AND its.job = page.job)
        END,
        (SELECT share FROM ganga.shares AS its
            WHERE its.owner = %(owner)s AND its.job = page.job AND its.subjob = page.subjob),
        ARRAY(SELECT record::text FROM ganga.attempts AS its
            WHERE its.owner = %(owner)s AND its.job = page.job AND its.subjob = page.subjob ORDER BY its.attempt)
    FROM ({}) AS page ORDER BY job DESC, subjob
"""
STORED_COLUMNS: Final = f"{JOB_COLUMNS}, handed_over"
DUMP: Final = _ALL.format(listed(STORED_COLUMNS).format("TRUE"))
DUMP_BEHIND: Final = _ALL.format(listed_behind(STORED_COLUMNS).format("TRUE"))

# The steps of a move. While the row is locked so, nobody writes.
LOCK: Final = "SELECT FROM ganga.owners WHERE owner = %(owner)s FOR UPDATE"
IS_USED: Final = """
    SELECT EXISTS (SELECT FROM ganga.counters WHERE owner = %(owner)s AND seq > 0)
        OR EXISTS (SELECT FROM ganga.targets WHERE owner = %(owner)s)
        OR EXISTS (SELECT FROM ganga.leases WHERE owner = %(owner)s)
"""
WRITE_PASSAGE: Final = "UPDATE ganga.owners SET passage = %(passage)s WHERE owner = %(owner)s"
RELEASE_ALL: Final = "UPDATE ganga.leases SET holder = NULL WHERE owner = %(owner)s AND holder IS NOT NULL"

# What is loaded leaves alone what is there.
WRITE_HEAD: Final = """
    UPDATE ganga.owners SET id = %(id)s, forgotten = %(forgotten)s, last_job = greatest(last_job, %(last_job)s)
    WHERE owner = %(owner)s
"""
NUMBERS_LEFT: Final = """
    SELECT greatest(%(last_job)s - coalesce(pg_sequence_last_value('ganga.job_numbers'), 0), 0)
"""
# Nobody may set a sequence back, and so nobody may set it at all: the numbers are taken, one by one.
TAKE_NUMBERS: Final = "SELECT count(nextval('ganga.job_numbers')) FROM generate_series(1, %(many)s)"
LOAD_EPOCH: Final = """
    INSERT INTO ganga.leases (owner, target, holder, epoch, beat) VALUES (%(owner)s, %(target)s, NULL, %(epoch)s, 0)
    ON CONFLICT (owner, target) DO UPDATE SET epoch = greatest(leases.epoch, excluded.epoch)
"""
LOAD_STATE: Final = """
    INSERT INTO ganga.targets
        (name, confirmed_at, down_since, error, cursor, stuck_threads, identity, expiry_told, paused, owner)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (owner, name) DO NOTHING
"""
SPARE: Final = "DELETE FROM ganga.doomed WHERE owner = %(owner)s AND job = ANY (%(numbers)s)"
LOAD_SPECIFICATIONS: Final = """
    INSERT INTO ganga.specifications (owner, job, specification)
    SELECT %(owner)s, job, specification
    FROM unnest(%(numbers)s::bigint[], %(specifications)s::bytea[]) AS given(job, specification)
    ON CONFLICT (owner, job) DO NOTHING
"""
LOAD_JOBS: Final = f"""
    INSERT INTO ganga.jobs (owner, {STORED_COLUMNS}) SELECT %(owner)s, {STORED_COLUMNS} FROM {given(STORED_COLUMNS)}
    ON CONFLICT (owner, job, subjob) DO NOTHING
"""
LOAD_SHARES: Final = """
    INSERT INTO ganga.shares (owner, job, subjob, share)
    SELECT %(owner)s, job, subjob, share
    FROM unnest(%(numbers)s::bigint[], %(indices)s::bigint[], %(shares)s::bytea[]) AS given(job, subjob, share)
    ON CONFLICT (owner, job, subjob) DO NOTHING
"""
LOAD_ATTEMPTS: Final = f"""
    INSERT INTO ganga.attempts (owner, job, subjob, attempt, record)
    SELECT %(owner)s, job, subjob, attempt, record FROM {ENDS}
    ON CONFLICT (owner, job, subjob, attempt) DO NOTHING
"""
LOAD_EVENTS: Final = f"""
    INSERT INTO ganga.events (owner, {EVENT_COLUMNS}) SELECT %(owner)s, {EVENT_COLUMNS} FROM {given(EVENT_COLUMNS)}
    ON CONFLICT (owner, seq) DO NOTHING
"""
RAISE_COUNTER: Final = """
    INSERT INTO ganga.counters (owner, seq) VALUES (%(owner)s, %(seq)s)
    ON CONFLICT (owner) DO UPDATE SET seq = greatest(counters.seq, excluded.seq)
"""

# Forgetting jobs, by key. A job is judged when all its rows are locked: whoever asks for anything of it comes before
# that, or finds it gone.
_FORGETTABLE: Final = f"""
    owner = {OWNER} AND job = ANY (%(numbers)s) AND {WHOLE} AND {OVER}
        AND NOT EXISTS (
            SELECT FROM ganga.jobs AS its
            WHERE its.owner = {OWNER} AND its.target = jobs.target AND its.job = jobs.job AND {LIVE}
        )
        AND NOT EXISTS (
            SELECT FROM ganga.events AS its WHERE its.owner = {OWNER} AND its.job = jobs.job AND its.seq > %(as_of)s
        )
"""
FORGETTABLE: Final = f"SELECT job, 1 + coalesce(subjobs, 0) FROM ganga.jobs WHERE {_FORGETTABLE} ORDER BY job"
LOCK_FAMILIES: Final = f"""
    SELECT FROM ganga.jobs WHERE owner = {OWNER} AND job = ANY (%(numbers)s) ORDER BY job, subjob FOR UPDATE
"""
DOOM: Final = f"""
    INSERT INTO ganga.doomed (owner, job) SELECT owner, job FROM ganga.jobs WHERE {_FORGETTABLE}
    ON CONFLICT (owner, job) DO NOTHING
"""
SWEEP: Final = f"""
    WITH chosen AS (
        SELECT job, subjob FROM ganga.jobs
        WHERE owner = {OWNER} AND job IN (SELECT job FROM ganga.doomed WHERE owner = {OWNER})
        ORDER BY job, subjob LIMIT %(room)s
    ), shares AS (
        DELETE FROM ganga.shares AS gone USING chosen, {ME}
        WHERE gone.owner = me.owner AND gone.job = chosen.job AND gone.subjob = chosen.subjob
    ), attempts AS (
        DELETE FROM ganga.attempts AS gone USING chosen, {ME}
        WHERE gone.owner = me.owner AND gone.job = chosen.job AND gone.subjob = chosen.subjob
    ), swept AS (
        DELETE FROM ganga.jobs AS gone USING chosen, {ME}
        WHERE gone.owner = me.owner AND gone.job = chosen.job AND gone.subjob = chosen.subjob RETURNING gone.job
    )
    SELECT count(*) FROM swept
"""
SWEPT: Final = f"""
    WITH swept AS (
        DELETE FROM ganga.doomed WHERE owner = {OWNER} AND NOT EXISTS (
            SELECT FROM ganga.jobs WHERE jobs.owner = doomed.owner AND jobs.job = doomed.job
        ) RETURNING job
    )
    DELETE FROM ganga.specifications WHERE owner = {OWNER} AND job IN (SELECT job FROM swept)
"""
DOOMED: Final = "SELECT EXISTS (SELECT FROM ganga.doomed WHERE owner = %(owner)s)"

# Forgetting events: it is said first, and then done.
FORGET: Final = f"""
    UPDATE ganga.owners SET last_job = {_LAST_JOB}, forgotten = greatest(forgotten, %(end)s) WHERE owner = %(owner)s
"""
FIRST_SEQ: Final = f"SELECT min(seq) FROM ganga.events WHERE owner = {OWNER}"
FORGET_EVENTS: Final = f"DELETE FROM ganga.events WHERE owner = {OWNER} AND seq <= %(end)s"
