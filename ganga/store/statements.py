"""Every SQL statement of the SQLite store, by name. A question mark is one value, in the order of the text;
what stands in several places has a name.
"""

# ruff: noqa: S608 - what is joined here is our own text; values only ever come in for question marks and names

from ganga.model.status import ENDED, FINAL, JobStatus
from ganga.store.rows import EVENT_COLUMNS, JOB_COLUMNS, PLAIN_COLUMNS, STATE_COLUMNS
from ganga.store.rules import TO_RESUBMIT, TO_SUBMIT


def _words(statuses: frozenset[JobStatus]) -> str:
    return ", ".join(f"'{status.value}'" for status in JobStatus if status in statuses)


def _is_one_of(statuses: frozenset[JobStatus]) -> str:
    """For conditions that are looked at for each row that is written: for an IN of more than two words SQLite would
    make a table each time, which takes ten times as long as the rest.
    """
    return "(" + " OR ".join(f"status = '{status.value}'" for status in JobStatus if status in statuses) + ")"


def _is_none_of(statuses: frozenset[JobStatus]) -> str:
    return "(" + " AND ".join(f"status <> '{status.value}'" for status in JobStatus if status in statuses) + ")"


def _places(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


# Conditions. These five stand word for word in the partial indexes of `schema`, or SQLite does not use them.
WHOLE = "subjob = -1"
SUBJOB = "subjob >= 0"
WANTED = "wanted_attempt > attempt"
OVER = _is_one_of(FINAL)
ENDED_WORDS = _words(ENDED)
TO_RESUBMIT_WORDS = _words(TO_RESUBMIT)
TO_SUBMIT_WORDS = _words(TO_SUBMIT)
LIVE = f"({_is_none_of(FINAL)} OR {WANTED})"

# What is being forgotten is no longer seen.
KEPT = "job NOT IN (SELECT job FROM doomed)"

# The store itself
STORE_ID = "SELECT id FROM store"
FORGOTTEN = "SELECT forgotten FROM store"
PASSAGE = "SELECT passage FROM store"

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
RECORD = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job = ? AND subjob = ? AND {KEPT}"
SPECIFICATION = "SELECT specification FROM specifications WHERE job = ?"
SHARE = f"SELECT share FROM jobs LEFT JOIN shares USING (job, subjob) WHERE job = ? AND subjob = ? AND {KEPT}"
ATTEMPTS = f"SELECT record FROM attempts WHERE job = ? AND subjob = ? AND {KEPT} ORDER BY attempt"

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
    WHERE job = ? AND {SUBJOB} AND status IN ({TO_RESUBMIT_WORDS})
"""
SUBMIT_ONE = f"""
    UPDATE jobs SET wanted_attempt = attempt + 1, kill_requested_by = NULL
    WHERE job = ? AND subjob = ? AND status IN ({TO_SUBMIT_WORDS})
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
        kill_requested_by = CASE WHEN {_is_one_of(ENDED)} AND ? > attempt THEN NULL ELSE kill_requested_by END
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
LAST_SEQ = "SELECT max((SELECT coalesce(max(seq), 0) FROM events), (SELECT forgotten FROM store))"
EVENTS = f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF_FAMILY = f"SELECT {EVENT_COLUMNS} FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?"
EVENTS_OF_ONE = f"SELECT {EVENT_COLUMNS} FROM events WHERE job = ? AND subjob = ? AND seq > ? ORDER BY seq LIMIT ?"

# Lists; the conditions of the query come into the braces. The few of many whole jobs that meet conditions are found in
# an index that holds all that these are about, by target and status, or by name.
SELECT = f"SELECT {JOB_COLUMNS} FROM jobs WHERE {{}} ORDER BY job DESC, subjob LIMIT ?"
COUNT = "SELECT status, count(*) FROM jobs WHERE {} GROUP BY status"
NUMBERS = "SELECT job FROM jobs WHERE {} ORDER BY job DESC LIMIT ?"
TARGETS = f"""
    WITH RECURSIVE found (target) AS (
        SELECT min(target) FROM jobs WHERE {WHOLE}
        UNION ALL
        SELECT (SELECT min(jobs.target) FROM jobs WHERE {WHOLE} AND jobs.target > found.target)
        FROM found WHERE found.target IS NOT NULL
    )
    SELECT target FROM found WHERE target IS NOT NULL
"""

# What a monitor reads. The second half finds jobs that are final, of which a subjob is wanted again; what is wanted is
# live as well, and SQLite must be told that the smaller index serves.
LIVE_PAGE = f"""
    SELECT {PLAIN_COLUMNS} FROM jobs WHERE target = :target AND {LIVE} AND (job, subjob) > (:job, :subjob)
    UNION ALL
    SELECT {PLAIN_COLUMNS} FROM jobs WHERE {WHOLE} AND NOT {LIVE} AND (job, subjob) > (:job, :subjob)
        AND job IN (SELECT job FROM jobs INDEXED BY wanted_subjobs WHERE target = :target AND {SUBJOB} AND {WANTED})
    ORDER BY job, subjob LIMIT :limit
"""
LIVE_PARENTS = f"""
    SELECT job FROM jobs WHERE target = :target AND subjobs IS NOT NULL AND {LIVE}
    UNION
    SELECT job FROM jobs INDEXED BY wanted_subjobs WHERE target = :target AND {SUBJOB} AND {WANTED}
"""
HANDED_OVER = f"""
    SELECT job, subjob FROM jobs WHERE target = ? AND {LIVE} AND status = 'submitting' AND handed_over = attempt
"""
IS_PARENT = f"SELECT 1 FROM jobs WHERE job = ? AND {WHOLE} AND target = ? AND subjobs IS NOT NULL"
FAMILY = f"SELECT status, count(*) FROM jobs WHERE job = ? AND {SUBJOB} GROUP BY status"
CONCERNED = f"SELECT {JOB_COLUMNS} FROM jobs WHERE job = ? AND subjob > ? AND {KEPT} ORDER BY subjob LIMIT ?"
ENDED_JOB = f"""
    SELECT {JOB_COLUMNS} FROM jobs WHERE target = ? AND native_id = ? AND {OVER} AND {KEPT}
    ORDER BY job DESC, subjob LIMIT 1
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

# Budgets
BUDGETS = "SELECT name, budget FROM budgets"
BUDGET = "SELECT budget FROM budgets WHERE name = ?"
WRITE_BUDGET = "INSERT OR REPLACE INTO budgets (name, budget) VALUES (?, ?)"

# Moving: all of a job in a row; what is loaded leaves alone what is there
HEAD = "SELECT id, forgotten, passage FROM store"
LAST_JOB = "SELECT seq FROM sqlite_sequence WHERE name = 'specifications'"
EPOCHS = "SELECT target, epoch FROM leases"
DUMP = f"""
    SELECT {JOB_COLUMNS}, handed_over,
        CASE subjob WHEN -1 THEN (SELECT specification FROM specifications WHERE specifications.job = jobs.job) END,
        (SELECT share FROM shares WHERE shares.job = jobs.job AND shares.subjob = jobs.subjob),
        EXISTS (SELECT 1 FROM attempts WHERE attempts.job = jobs.job AND attempts.subjob = jobs.subjob)
    FROM jobs WHERE {{}} ORDER BY job DESC, subjob LIMIT ?
"""
IS_USED = """
    SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE seq > 0) OR EXISTS (SELECT 1 FROM targets)
    OR EXISTS (SELECT 1 FROM leases)
"""
WRITE_PASSAGE = "UPDATE store SET passage = ?"
WRITE_HEAD = "UPDATE store SET id = ?, forgotten = ?"
RAISE_LAST_JOB = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'specifications'"
WRITE_LAST_JOB = "INSERT INTO sqlite_sequence (name, seq) VALUES ('specifications', ?)"
RELEASE_ALL = "UPDATE leases SET owner = NULL"
LOAD_EPOCH = """
    INSERT INTO leases (target, owner, epoch, beat) VALUES (?, NULL, ?, 0)
    ON CONFLICT (target) DO UPDATE SET epoch = max(epoch, excluded.epoch)
"""
LOAD_STATE = """
    INSERT OR IGNORE INTO targets
    (name, confirmed_at, down_since, error, cursor, stuck_threads, identity, expiry_told, paused)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LOAD_SPECIFICATION = "INSERT OR IGNORE INTO specifications (job, specification) VALUES (?, ?)"
LOAD_JOB = f"INSERT OR IGNORE INTO jobs ({JOB_COLUMNS}, handed_over) VALUES ({_places(JOB_COLUMNS)}, ?)"
LOAD_SHARE = "INSERT OR IGNORE INTO shares (job, subjob, share) VALUES (?, ?, ?)"
LOAD_ATTEMPT = "INSERT OR IGNORE INTO attempts (job, subjob, attempt, record) VALUES (?, ?, ?, ?)"
LOAD_EVENT = f"INSERT OR IGNORE INTO events ({EVENT_COLUMNS}) VALUES ({_places(EVENT_COLUMNS)})"

# Forgetting, by key, a few rows at a time
IS_NEEDED = f"""
    SELECT EXISTS (SELECT 1 FROM jobs INDEXED BY live_jobs WHERE target = :target AND job = :job AND {LIVE})
    OR EXISTS (SELECT 1 FROM events WHERE job = :job AND seq > :seq)
"""
DOOM = "INSERT INTO doomed (job) VALUES (?)"
DOOMED = "SELECT job FROM doomed"
SPARE = "DELETE FROM doomed WHERE job = ?"
FIRST_ROW = "SELECT min(subjob) FROM jobs WHERE job = ?"
SWEEP_JOBS = "DELETE FROM jobs WHERE job = ? AND subjob < ?"
SWEEP_REST = tuple(f"DELETE FROM {table} WHERE job = ? AND subjob < ?" for table in ("shares", "attempts"))
SWEEP_SPECIFICATION = "DELETE FROM specifications WHERE job = ?"
FIRST_SEQ = "SELECT min(seq) FROM events"
FORGET_EVENTS = "DELETE FROM events WHERE seq <= ?"
WRITE_FORGOTTEN = "UPDATE store SET forgotten = max(forgotten, ?)"
