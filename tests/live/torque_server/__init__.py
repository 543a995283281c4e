"""A whole Torque on this machine, with private ports and folders, for the time of a test run."""
