"""Batch systems that are spoken to by commands: a *dialect* knows the words, a *shell* brings them there.

A dialect is pure and is written once for each system; a shell is written once for each way to a machine. All that they
have in common is here: the script that runs a job, the folder with its files, and what follows from what the queue, the
history and that script say of it.
"""
