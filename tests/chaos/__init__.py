"""Chaos with a known truth: many monitors, one store, faults by a seeded plan, and a judgement of what became of it."""
