"""The public kit for tests; nothing of it needs a test framework.

- `backend.ScriptedBackend`: a back end whose jobs follow scripts and whose replies go wrong on demand.
- `clock.run_virtual`, `clock.VirtualLoop`, `clock.VirtualClock`: hours of waiting in an instant.
- `simulation.simulate`: days of a target's life as a loop over numbers.
- `check_backend.check_backend`, `check_store.check_store`: the conformance suites for anybody's back end or store.
"""
