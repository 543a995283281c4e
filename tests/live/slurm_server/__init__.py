"""A whole Slurm on this machine, with private ports and folders, for the time of a test run."""
