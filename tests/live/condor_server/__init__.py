"""A whole HTCondor pool on this machine, with private ports and folders, for the time of a test run."""
