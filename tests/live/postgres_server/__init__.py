"""A whole PostgreSQL server on this machine, with a private port and folder, for the time of a test run."""
