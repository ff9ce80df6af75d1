"""A few floods, short, beside a good conversation that must not notice; compared with a control of the same run."""

import msgspec
import pytest

from tests.load.flood import Outcome, endured_at_best
from tests.load.flood_attacker import Flooded
from tests.load.floods import FLOODS, SHORT, Flood
from tests.load.good_conversation import Suffered


@pytest.mark.parametrize("flood", [flood for flood in FLOODS if flood.name in SHORT], ids=lambda flood: flood.name)
def test_a_good_conversation_goes_on_beside_a_flood(flood: Flood) -> None:
    outcome = endured_at_best(flood, 2.0)
    assert outcome.missed == []
    assert outcome.beside.pongs > 10
    assert outcome.beside.frames > 10


KEPT = Outcome(
    flood="a flood",
    calm=Suffered(5.0, 25.0, 10, 10),
    beside=Suffered(24.0, 45.0, 10, 10),
    before_mb=60.0,
    after_mb=200.0,
    settled_mb=79.0,
    flooded=Flooded(1_000, 1, {}),
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"beside": Suffered(26.0, 45.0, 10, 10)}, ["pong 26 ms beside the flood, 5 ms without"]),
        ({"beside": Suffered(5.0, 51.0, 10, 10)}, ["audio gap 51 ms beside the flood, 25 ms without"]),
        ({"settled_mb": 81.0}, ["21 MB are not given back"]),
        ({"flooded": Flooded(0, 0, {})}, ["no socket of the flood was opened"]),
    ],
)
def test_what_is_missed_is_told(change: dict[str, object], told: list[str]) -> None:
    assert msgspec.structs.replace(KEPT, **change).missed == told
