"""The public kit for tests: a scripted back end, a virtual clock, `simulate`, `check_backend`, `check_store`."""
