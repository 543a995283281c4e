"""Frozen data: what a job, an observation, an answer and an event are. No I/O, no clock, no decisions beyond a
record.
"""
