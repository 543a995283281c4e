"""The command line: parse, call, print; no decision is taken here."""
