"""Slurm's REST interface, ``slurmrestd``: a second road to the controller, in front of the commands."""
