"""``ganga-quality check``: what the tools say, and what of it a change has to answer for."""
