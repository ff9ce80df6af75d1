"""What of a cut reply is to be forgotten."""

import pytest

from actors.rules.realtime.spoken_items import SpokenItem, Unheard, unheard


@pytest.mark.parametrize(
    ("heard_ms", "forgotten"),
    [
        (0.0, [Unheard("a", 0.0), Unheard("b", 0.0)]),
        (400.0, [Unheard("a", 400.0), Unheard("b", 0.0)]),
        (1_000.0, [Unheard("b", 0.0)]),
        (1_250.0, [Unheard("b", 250.0)]),
        (9_000.0, [Unheard("b", 500.0)]),
    ],
)
def test_what_was_not_heard_is_forgotten_item_by_item(heard_ms: float, forgotten: list[Unheard]) -> None:
    items = [
        SpokenItem(item_id="a", reply=1, audio_ms=1_000, is_complete=True),
        SpokenItem(item_id="b", reply=1, audio_ms=500),
    ]
    assert list(unheard(items, heard_ms)) == forgotten
