"""Programs that run in the server's own virtual environment; nothing here imports ours."""
