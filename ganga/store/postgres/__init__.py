"""The store in PostgreSQL, for many hosts and many users: `store` has it, and `rights` says who may use it.

Each row belongs to an owner, a role of the database, and a store object sees and writes the rows of one. Nothing here
may be imported where psycopg is not installed: it comes with ``ganga[postgres]``.
"""
