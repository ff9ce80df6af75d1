"""Where in a call ACS says that something was said."""

import pytest

from protocol.acs.transcription_offsets import EPOCH_TICKS, LAST_TICK, TICKS_PER_MS, offset_ms

CREATED_AT = 1_700_000_000.0
MOMENT = EPOCH_TICKS + round(CREATED_AT * 1_000) * TICKS_PER_MS + 2_500 * TICKS_PER_MS
"""Two and a half seconds after the beginning, in .NET's calendar."""


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [(0, 4_000.0), (7_000_000, 4_700.0), (-90_000_000, 0.0), (MOMENT, 2_500.0), (LAST_TICK - MOMENT, 2_500.0)],
)
def test_each_way_to_say_where(ticks: int, expected: float) -> None:
    assert offset_ms(ticks, begins_ms=4_000.0, created_at=CREATED_AT) == pytest.approx(expected, abs=1)


def test_the_example_of_the_documentation_is_a_moment_of_december_2023() -> None:
    december_2023 = 1_701_400_000.0
    assert 0 < offset_ms(2_516_998_782_481_234_400, begins_ms=0.0, created_at=december_2023) < 31 * 24 * 3_600_000
