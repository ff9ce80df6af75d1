"""Whatever serves Earshot speaks to callers correctly: each is greeted, answered, and obeyed when it interrupts.

They mostly wait, so all servers are called at the same time. What goes wrong there is tried again by itself.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.load.runs import Row, run, run_again
from tests.load.servers import KINDS, running

NAMES = [name for name in KINDS if name not in ("floor", "earshot")]
CALLS, SECONDS = 2, 4.0
ATTEMPTS = 3
"""Callers that a busy machine stops for a third of a second misjudge what they hear."""
START_S = 90.0
"""All servers have started by then, or those that have are not called at the same time."""


def faults(row: Row) -> list[str]:
    """What is wrong with a run of two calls, in words."""
    found = [f"{count} {what}" for what, count in row.failed.items()]
    if row.bytes_after_stop:
        found.append("audio after StopAudio")
    if not (row.frames and row.barge_in_ms.max and row.first_audio_ms.max):
        found.append("nobody was answered, or nobody interrupted")
    return found


def beside_others(name: str, started: Barrier) -> list[str]:
    """The faults of a server that is called when all have `started`: a start takes the time that callers need."""
    try:
        with running(KINDS[name]) as server:
            started.wait(START_S)
            run_again(server, KINDS[name], 1, 0.2, first=90_000)
            return faults(run_again(server, KINDS[name], CALLS, SECONDS, first=0))
    except RuntimeError as error:
        started.abort()
        return [str(error) or repr(error)]


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """By server, the faults of it when all are called at the same time."""
    started = Barrier(len(NAMES))
    with ThreadPoolExecutor(len(NAMES)) as threads:
        return dict(zip(NAMES, threads.map(lambda name: beside_others(name, started), NAMES), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_calls_go_as_they_have_to(name: str, found: dict[str, list[str]]) -> None:
    attempts = [found[name]]
    while attempts[-1] and len(attempts) < ATTEMPTS:
        attempts.append(faults(run(KINDS[name], CALLS, SECONDS, warm_s=0.5)))
    assert attempts[-1] == [], attempts
