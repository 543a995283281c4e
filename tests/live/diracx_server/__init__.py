"""A real DiracX on this machine, on SQLite and with an S3 of its own."""
