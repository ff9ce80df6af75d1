"""Finals that come late: counted, logged once a minute, and told for a time."""

from collections.abc import Callable

import pytest

from app.providers.moonshine import lateness as module
from app.providers.moonshine.lateness import LATE_MS, Lateness


def test_late_finals_are_counted_and_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    count: Callable[[int], None] = counted.append
    monkeypatch.setattr(module._late, "add", count)
    now = 0.0
    lateness = Lateness(lambda: now)
    for took_s in (LATE_MS / 1000, 1.5, 2.0):
        asked_at = now
        now += took_s
        lateness.final_told(asked_at)
    assert counted == [1, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "a transcript came 1500 ms after the end of its utterance: this machine is too slow"
    ]
    assert lateness.recent(60.0) == 2
    now += 59.0
    assert lateness.recent(60.0) == 1
    lateness.final_told(now - 1.5)
    assert len(caplog.records) == 2
