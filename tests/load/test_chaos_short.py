"""The short form of `make chaos`: no conversation is lost when a worker is killed and another one is drained, be they
of one server or of several.
"""

import pytest

from tests.load.chaos import chaos
from tests.load.chaos_sites import Open, one_server, separate_machines
from tests.load.chaos_tally import table


@pytest.mark.timeout(240)
@pytest.mark.parametrize("site", [one_server, separate_machines], ids=["one server", "machines"])
async def test_no_conversation_is_lost_and_no_more_turns_than_the_kill_has_cut(site: Open) -> None:
    kinds = ["kill", "drain"]
    tally = await chaos(kinds, callers=4, browsers=2, every_s=5.0, site=site)
    assert tally.lost == [], table(tally, kinds)
    assert tally.turns > 0
    # What happened in the moment before a worker was killed is not in Redis yet.
    assert len(tally.missing) <= sum(gap.mishap == "kill" for gap in tally.gaps), table(tally, kinds)
