"""Programs that run in the virtual environments of the servers, where nothing of ours is."""
