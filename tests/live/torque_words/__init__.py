"""Slurm's own wrappers, which speak the words of Torque."""
