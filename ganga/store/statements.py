"""Every SQL statement of the SQLite store, by name. A question mark is one value, in the order of the text;
what stands in several places has a name.
"""

# ruff: noqa: S608 - what is joined here is our own text; values only ever come in for question marks and names

from ganga.model.status import ENDED, FINAL, JobStatus
from ganga.store.rows import EVENT_COLUMNS, JOB_COLUMNS, PLAIN_COLUMNS, STATE_COLUMNS
from ganga.store.rules import TO_RESUBMIT, TO_SUBMIT


def _words(statuses: frozenset[JobStatus]) -> str:
    return ", ".join(f"'{status.value}'" for status in JobStatus if status in statuses)


def _places(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


# Conditions. These five stand word for word in the partial indexes of `schema`, or SQLite does not use them.
WHOLE = "subjob = -1"
SUBJOB = "subjob >= 0"
WANTED = "wanted_attempt > attempt"
OVER = f"status IN ({_words(FINAL)})"
LIVE = f"(status NOT IN ({_words(FINAL)}) OR {WANTED})"

# The store itself
STORE_ID = "SELECT id FROM store"

# New jobs: the number first, then the job, then its subjobs, all alike; the record of a subjob lacks what only a job
# has.
NEW_NUMBER = "INSERT INTO specifications (specification) VALUES (?)"
LAST_NUMBER = "SELECT last_insert_rowid()"
NEW_JOB = f"INSERT INTO jobs ({JOB_COLUMNS}) VALUES ({_places(JOB_COLUMNS)})"
NEW_SUBJOBS = """
    WITH RECURSIVE indices (subjob) AS (SELECT 0 UNION ALL SELECT subjob + 1 FROM indices WHERE subjob + 1 < ?)
    INSERT INTO jobs (job, subjob, name, target, status, created_at, attempt, wanted_attempt, postprocessed)
    SELECT job, indices.subjob, name, target, status, created_at, attempt, wanted_attempt, ?
    FROM indices CROSS JOIN jobs WHERE job = ? AND jobs.subjob = -1
"""
NEW_SHARE = "INSERT INTO shares (job, subjob, share) VALUES (?, ?, ?)"

# One job
RECORD = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job = ? AND subjob = ?"
SPECIFICATION = "SELECT specification FROM specifications WHERE job = ?"
SHARE = "SELECT share FROM jobs LEFT JOIN shares USING (job, subjob) WHERE job = ? AND subjob = ?"
ATTEMPTS = "SELECT record FROM attempts WHERE job = ? AND subjob = ? ORDER BY attempt"

# Requests: of a job with its subjobs, or of one alone
KILL_FAMILY = f"""
    UPDATE jobs SET kill_requested_by = ?
    WHERE job = ? AND kill_requested_by IS NULL AND status NOT IN ({_words(FINAL)})
"""
KILL_ONE = f"{KILL_FAMILY} AND subjob = ?"
SPARE_ONE = """
    UPDATE jobs SET kill_requested_by = NULL WHERE job = ? AND subjob = ? AND kill_requested_by IS NOT NULL
"""
SUBMIT_SUBJOBS = f"""
    UPDATE jobs SET wanted_attempt = attempt + 1, kill_requested_by = NULL
    WHERE job = ? AND {SUBJOB} AND status IN ({_words(TO_RESUBMIT)})
"""
SUBMIT_ONE = f"""
    UPDATE jobs SET wanted_attempt = attempt + 1, kill_requested_by = NULL
    WHERE job = ? AND subjob = ? AND status IN ({_words(TO_SUBMIT)})
"""
FORGET_KILL = f"UPDATE jobs SET kill_requested_by = NULL WHERE job = ? AND {WHOLE}"

# Removal, of a whole job from each table
REMOVALS = tuple(f"DELETE FROM {table} WHERE job = ?" for table in ("jobs", "specifications", "shares", "attempts"))

# What the monitor writes. A job that was removed meanwhile is no longer there to be updated.
WRITE_RECORD = f"""
    UPDATE jobs SET
        status = ?, attempt = ?, native_id = ?, native_status = ?, exit_code = ?, signal = ?, reason = ?, outcome = ?,
        submitted_at = ?, started_at = ?, ended_at = ?, confirmed_at = ?, silent_since = ?, place = ?,
        peak_memory = ?, cpu_time = ?, restart = ?, wanted_attempt = max(wanted_attempt, ?),
        kill_requested_by = CASE WHEN status IN ({_words(ENDED)}) AND ? > attempt THEN NULL ELSE kill_requested_by END
    WHERE job = ? AND subjob = ?
"""
HAND_OVER = "UPDATE jobs SET handed_over = attempt WHERE job = ? AND subjob = ?"
WRITE_ATTEMPT = """
    INSERT OR REPLACE INTO attempts (job, subjob, attempt, record)
    SELECT job, subjob, ?, ? FROM jobs WHERE job = ? AND subjob = ?
"""
WRITE_STATE = """
    INSERT INTO targets (name, confirmed_at, down_since, error, cursor, stuck_threads, identity, expiry_told)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
        confirmed_at = excluded.confirmed_at, down_since = excluded.down_since, error = excluded.error,
        cursor = excluded.cursor, stuck_threads = excluded.stuck_threads, identity = excluded.identity,
        expiry_told = excluded.expiry_told
"""
WRITE_PAUSED = """
    INSERT INTO targets (name, paused) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused
"""

# Events
WRITE_EVENT = f"INSERT INTO events ({EVENT_COLUMNS}) VALUES ({_places(EVENT_COLUMNS)})"
LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM events"
EVENTS = f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF_FAMILY = f"SELECT {EVENT_COLUMNS} FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF_ONE = f"SELECT {EVENT_COLUMNS} FROM events WHERE job = ? AND subjob = ? AND seq > ? ORDER BY seq LIMIT ?"

# Lists; the conditions of the query come into the braces
SELECT = f"SELECT {JOB_COLUMNS} FROM jobs WHERE {{}} ORDER BY job DESC, subjob LIMIT ?"
COUNT = "SELECT status, count(*) FROM jobs WHERE {} GROUP BY status"

# What a monitor reads. The second half finds jobs that are final, of which a subjob is wanted again.
LIVE_PAGE = f"""
    SELECT {PLAIN_COLUMNS} FROM jobs WHERE target = :target AND {LIVE} AND (job, subjob) > (:job, :subjob)
    UNION ALL
    SELECT {PLAIN_COLUMNS} FROM jobs WHERE {WHOLE} AND NOT {LIVE} AND (job, subjob) > (:job, :subjob)
        AND job IN (SELECT job FROM jobs WHERE target = :target AND {SUBJOB} AND {WANTED})
    ORDER BY job, subjob LIMIT :limit
"""
LIVE_PARENTS = f"""
    SELECT job FROM jobs WHERE target = :target AND subjobs IS NOT NULL AND {LIVE}
    UNION
    SELECT job FROM jobs WHERE target = :target AND {SUBJOB} AND {WANTED}
"""
HANDED_OVER = f"""
    SELECT job, subjob FROM jobs WHERE target = ? AND {LIVE} AND status = 'submitting' AND handed_over = attempt
"""
IS_PARENT = f"SELECT 1 FROM jobs WHERE job = ? AND {WHOLE} AND target = ? AND subjobs IS NOT NULL"
FAMILY = f"SELECT status, count(*) FROM jobs WHERE job = ? AND {SUBJOB} GROUP BY status"
CONCERNED = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job = ? AND subjob > ? ORDER BY subjob LIMIT ?"
ENDED_JOB = f"""
    SELECT {JOB_COLUMNS} FROM jobs WHERE target = ? AND native_id = ? AND {OVER} ORDER BY job DESC, subjob LIMIT 1
"""
STATES = f"SELECT {STATE_COLUMNS} FROM targets"

# Leases
HOLDER = "SELECT target, owner, epoch, beat FROM leases WHERE target = ? AND owner IS NOT NULL"
TAKE_LEASE = """
    INSERT INTO leases (target, owner, epoch, beat) VALUES (?, ?, 1, 0)
    ON CONFLICT (target) DO UPDATE SET owner = excluded.owner, epoch = epoch + 1, beat = 0
"""
EPOCH = "SELECT epoch FROM leases WHERE target = ?"
RENEW_LEASE = "UPDATE leases SET beat = beat + 1 WHERE target = ? AND epoch = ? AND owner IS NOT NULL"
RELEASE_LEASE = "UPDATE leases SET owner = NULL WHERE target = ? AND epoch = ?"
