"""Make what DiracX needs beside DIRAC's own tables on one MariaDB: ``python tables.py mysql+aiomysql://...``.

DIRAC's keys are unsigned and those of DiracX are not, so that none of its foreign keys could refer to a table of DIRAC:
here they are left out, as in installations that run both.
"""

import sys
from importlib.metadata import entry_points

from sqlalchemy import MetaData, create_engine, inspect, text  # type: ignore[import-not-found]  # the server's


def main(server: str) -> None:
    """All databases, and the tables that are missing in those of DIRAC; the others the server makes by itself."""
    address = server.replace("aiomysql", "pymysql")
    for point in entry_points(group="diracx.dbs.sql"):
        _execute(address, f"CREATE DATABASE IF NOT EXISTS `{point.name}`")
        _complete(f"{address}/{point.name}", point.load().metadata)


def _execute(address: str, statement: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _complete(address: str, wanted: MetaData) -> None:
    engine = create_engine(address)
    there = set(inspect(engine).get_table_names())
    for table in wanted.sorted_tables if there else ():
        if table.name not in there:
            table.constraints.difference_update(table.foreign_key_constraints)
            table.create(engine)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
