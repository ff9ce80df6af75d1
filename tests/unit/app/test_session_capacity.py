"""How many more sessions a worker takes."""

from unittest.mock import Mock

import pytest

from app.session_capacity import LAG_LIMIT_MS, SessionCapacity


@pytest.mark.parametrize(
    ("admits", "has_failed", "lag_ms", "live", "left"),
    [
        (True, False, 0.0, 0, 3),
        (True, False, LAG_LIMIT_MS, 2, 1),
        (True, False, LAG_LIMIT_MS + 1, 0, 0),
        (True, True, 0.0, 0, 0),
        (False, False, 0.0, 0, 0),
        (True, False, 0.0, 5, 0),
    ],
)
def test_what_is_left(admits: bool, has_failed: bool, lag_ms: float, live: int, left: int) -> None:
    lifecycle = Mock()
    lifecycle.admits.return_value = admits
    watchdog = Mock()
    watchdog.lag.recent_ms = lag_ms
    sessions = Mock(live=dict.fromkeys(range(live)), has_failed=has_failed)
    assert SessionCapacity(lifecycle, sessions, watchdog, 3).left == left
