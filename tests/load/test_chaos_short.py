"""The short form of `make chaos`: nothing is lost when a worker is killed and another one is drained."""

import pytest

from tests.load.chaos import chaos, table


@pytest.mark.timeout(240)
async def test_no_conversation_and_no_turn_is_lost() -> None:
    kinds = ["kill", "drain"]
    tally = await chaos(kinds, callers=4, browsers=2, every_s=5.0)
    assert tally.lost == [], table(tally, kinds)
    assert tally.turns > 0
