"""The tools that judge: one module each, all answering with an :class:`ganga_quality.findings.Outcome`."""
