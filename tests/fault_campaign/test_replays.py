"""Conversations in which things go wrong replay to the decisions that were made in them, masked and not."""

from pathlib import Path

import pytest

from actors.session.modes.media import MEDIA
from actors.session.recorded_turn_taking import TurnTakingResumed, TurnTakingStep
from actors.session.sessions import SessionEntry, Sessions
from app.replay.recording import read
from app.replay.replaying import replayed
from tests.fault_campaign.conversation import converse
from tests.fault_campaign.kinds import KINDS, drawn
from tests.kit.recorded_sessions import session_file

SEEDS = [seed for seed in range(0, len(KINDS), 4) if drawn(seed).mode == MEDIA]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[TurnTakingStep]]:
    """The steps of the sessions that are opened from now on, by their mode."""
    steps: dict[str, list[TurnTakingStep]] = {}
    open_session = Sessions.open

    def opened(self: Sessions, *arguments: object, **more: object) -> SessionEntry:
        entry = open_session(self, *arguments, **more)  # type: ignore[arg-type]  # as they came
        taken = steps.setdefault(entry.plan.mode, [])
        entry.change_plan(record_step=taken.append)
        return entry

    monkeypatch.setattr(Sessions, "open", opened)
    return steps


def test_each_of_them_replays(tmp_path: Path, recorded: dict[str, list[TurnTakingStep]]) -> None:
    path = tmp_path / "session.jsonl"
    replays = resumed = 0
    for seed in SEEDS:
        recorded.clear()
        converse(drawn(seed))
        if not (steps := recorded.get(MEDIA, [])):
            continue
        resumed += any(isinstance(step, TurnTakingResumed) for step in steps)
        for content in (True, False):
            path.write_bytes(session_file(steps, content=content))
            found = replayed(read(path))
            assert found.difference is None, (seed, drawn(seed).kinds, content)
            replays += 1
    assert replays > len(SEEDS) / 2
    assert resumed > 2
