"""The recognizer of a mode: when it is started, and when it is started anew."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from actors.messages.caller import CallerAudio
from actors.session.checkpoint import Checkpoint
from actors.session.modes.listening import recognizer_for
from actors.turn_taking_settings import Endpointing, PreemptiveGeneration
from tests.kit.session_kit import AGENT, plan_of

PLAN = plan_of(phrases_expected=("one",))


def session(*open_tracks: str) -> Any:
    checkpoint = Checkpoint()
    for speaker in open_tracks:
        checkpoint.track(speaker).is_open = True
    return SimpleNamespace(checkpoint=checkpoint)


def test_the_one_for_all_voices_is_told_audio_from_outside_and_others_by_the_session() -> None:
    assert recognizer_for("orchestrator").receives == (CallerAudio,)
    assert recognizer_for("transcriber", "Speaker 1").receives == ()
    names = {recognizer_for("transcriber", speaker).name for speaker in ("", "Speaker 1", "Speaker 2")}
    assert len(names) == 3


def test_one_that_waits_for_audio_is_started_when_some_has_come_for_it() -> None:
    assert recognizer_for("orchestrator").needed(session())
    waits = recognizer_for("transcriber", "Speaker 1", on_first_audio=True)
    assert not waits.needed(session())
    assert not waits.needed(session("", "Speaker 2"))
    assert waits.needed(session("Speaker 1"))


@pytest.mark.parametrize(
    ("changes", "anew"),
    [
        ({"languages": ("de-DE",)}, True),
        ({"endpointing": Endpointing(end_silence_ms=900)}, True),
        ({"preemptive_generation": PreemptiveGeneration(enabled=False)}, True),
        ({"greeting": "Good day.", "instructions": "Be brief."}, False),
    ],
)
def test_it_is_started_anew_for_an_agent_whose_callers_are_heard_otherwise(changes: dict[str, Any], anew: bool) -> None:
    spec = recognizer_for("orchestrator")
    other = msgspec.structs.replace(PLAN, agent=msgspec.structs.replace(AGENT, **changes))
    assert spec.follows_agent(PLAN, other) is anew
    assert spec.follows_language(PLAN, other) is anew


def test_other_words_that_are_expected_are_listened_for_too() -> None:
    other = msgspec.structs.replace(PLAN, phrases_expected=("two",))
    assert recognizer_for("orchestrator").follows_agent(PLAN, other)
    assert not recognizer_for("orchestrator").follows_agent(PLAN, msgspec.structs.replace(PLAN))
