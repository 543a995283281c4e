"""Whatever every back end promises holds on each real system."""

import pytest

from ganga.testing.check_backend import CHECKS, Check, Trial


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_promise_holds(trial: Trial, check: Check) -> None:
    await check(trial)
