"""How many more sessions a worker takes."""

from unittest.mock import Mock

import pytest

from app.sessions.session_capacity import SessionCapacity
from config.groups.limits import Limits


@pytest.mark.parametrize(
    ("admits", "has_failed", "lag_ms", "live", "left"),
    [
        (True, False, 0.0, 0, 3),
        (True, False, 250.0, 2, 1),
        (True, False, 251.0, 0, 0),
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
    limits = Limits(max_concurrent_sessions=3, max_loop_lag_s=0.25)
    sessions = Mock(live=dict.fromkeys(range(live)), has_failed=has_failed)
    assert SessionCapacity(lifecycle, sessions, watchdog, limits).left == left
