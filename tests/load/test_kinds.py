"""Whatever serves Earshot speaks to callers correctly: each is greeted, answered, and obeyed when it interrupts."""

import pytest

from tests.load.runs import Row, run
from tests.load.servers import KINDS

ATTEMPTS = 3
"""Callers that a busy machine stops for a third of a second misjudge what they hear."""


def faults(row: Row) -> list[str]:
    """What is wrong with a run of two calls, in words."""
    found = [f"{count} {what}" for what, count in row.failed.items()]
    if row.bytes_after_stop:
        found.append("audio after StopAudio")
    if not (row.frames and row.barge_in_ms.max and row.first_audio_ms.max):
        found.append("nobody was answered, or nobody interrupted")
    return found


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("floor", "earshot")])
def test_calls_go_as_they_have_to(name: str) -> None:
    attempts: list[list[str]] = []
    for _ in range(ATTEMPTS):
        attempts.append(faults(run(KINDS[name], 2, 4.0, warm_s=0.5)))
        if not attempts[-1]:
            return
    raise AssertionError(attempts)
