"""Programs that show ganga at work; each runs as it stands."""
