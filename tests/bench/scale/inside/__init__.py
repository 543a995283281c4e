"""Programs that are started by the benchmarks."""
