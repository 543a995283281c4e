"""Slurm's own wrappers, which speak the words of Torque: the only Torque that any registry still has."""
