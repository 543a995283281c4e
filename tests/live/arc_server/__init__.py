"""A computing element of NorduGrid ARC on this machine, with private ports, folders and authorities, for the time of a
test run.
"""
