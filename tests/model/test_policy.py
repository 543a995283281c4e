"""The default policy is a sensible one."""

from ganga.model.policy import Policy


def test_the_defaults_make_sense_together() -> None:
    policy = Policy()
    assert policy.sweep.fastest <= policy.sweep.slowest
    assert policy.patience.seconds >= policy.sweep.slowest
    assert all(width.batch > 0 < width.parallel for width in (policy.submit, policy.find, policy.kill, policy.finish))
