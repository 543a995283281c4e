"""A whole Grid Engine on this machine, with private ports and folders, for the time of a test run."""
