"""The tables of which an owner's part of the store is moved, forgotten, and kept within its budgets: the second step of
`schema.MIGRATIONS`.
"""

from typing import Final, LiteralString

_OWNER: Final = 'owner text COLLATE "C" NOT NULL DEFAULT current_user'

TABLES: Final[tuple[LiteralString, ...]] = (
    # What is to be known of each owner's part: it has an id, it can come from elsewhere with all its numbers, and go.
    f"""CREATE TABLE ganga.owners (
        {_OWNER}, id text NOT NULL, last_job bigint NOT NULL DEFAULT 0, forgotten bigint NOT NULL DEFAULT 0,
        passage text, PRIMARY KEY (owner)
    )""",
    # Whole jobs that are being forgotten: their rows go in portions.
    f"CREATE TABLE ganga.doomed ({_OWNER}, job bigint NOT NULL, PRIMARY KEY (owner, job))",
    # A budget that users share belongs to nobody, whose name is empty; no role can be called so.
    f"""CREATE TABLE ganga.budgets (
        {_OWNER}, name text COLLATE "C" NOT NULL, budget bytea, PRIMARY KEY (owner, name)
    ) WITH (fillfactor = 50)""",
    # Keeps a move from beginning until the transaction ends, and waits for nobody else: what is forgotten meanwhile
    # changes the same row, but not its key.
    """CREATE FUNCTION ganga.not_moving(of_owner text) RETURNS void LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            found_passage text;
        BEGIN
            SELECT passage INTO found_passage FROM ganga.owners WHERE owner = of_owner FOR KEY SHARE;
            IF found_passage IS NOT NULL THEN
                RAISE EXCEPTION '%', found_passage USING ERRCODE = 'GL002';
            END IF;
        END $$""",
    "REVOKE ALL ON FUNCTION ganga.not_moving(text) FROM PUBLIC",
    *(
        statement
        for table in ("owners", "doomed")
        for statement in (
            f"ALTER TABLE ganga.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY own ON ganga.{table} USING (owner = ANY ((SELECT ganga.acts_for())::text[]))",
        )
    ),
    # Whoever may use the store may write the budgets that all share: each is but a rate at which a service is asked,
    # and says nothing of anybody's jobs.
    "ALTER TABLE ganga.budgets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE POLICY own ON ganga.budgets USING (owner = '' OR owner = ANY ((SELECT ganga.acts_for())::text[]))",
    # An event can go only after it was said that it is forgotten: no reader takes the rest for the whole.
    """CREATE POLICY forgotten ON ganga.events AS RESTRICTIVE FOR DELETE USING (
        seq <= (SELECT forgotten FROM ganga.owners WHERE owners.owner = events.owner)
    )""",
)
