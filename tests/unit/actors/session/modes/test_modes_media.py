"""The mode in which an agent converses: its children, what they are told from outside, and when they start anew."""

from typing import get_args

from actors.messages.caller import (
    CallerAudio,
    InputMessage,
    PlaybackMarked,
    TextEntered,
)
from actors.messages.lifecycle import SessionFailed
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.session.modes.media import MEDIA_MODE
from tests.kit.session_kit import plan_of

PLAN = plan_of()
CHILDREN = {spec.name: spec for spec in MEDIA_MODE.children}


def test_three_children_hold_a_conversation_and_two_of_them_are_heard() -> None:
    assert list(CHILDREN) == ["recognizer", "synthesizer", "orchestrator"]
    assert {name for name, spec in CHILDREN.items() if spec.speaks} == {"synthesizer", "orchestrator"}
    assert MEDIA_MODE.speaks


def test_whatever_a_connection_tells_is_for_somebody_but_a_transcript_of_the_networks() -> None:
    received = {kind for kinds in MEDIA_MODE.receives.values() for kind in kinds}
    told = set(get_args(InputMessage)) | {CallerAudio, SessionFailed}
    assert told - received == {InterimTranscript, FinalTranscript}
    assert MEDIA_MODE.receives["recognizer"] == (CallerAudio,)
    assert TextEntered in MEDIA_MODE.receives["orchestrator"]
    assert PlaybackMarked in MEDIA_MODE.receives["synthesizer"]


def test_another_agent_has_an_orchestrator_of_its_own_and_the_voice_stays() -> None:
    anew = {name for name, spec in CHILDREN.items() if spec.follows_agent(PLAN, PLAN)}
    assert anew == {"orchestrator"}


def test_only_what_makes_audio_depends_on_the_rate_of_the_connection() -> None:
    assert {name for name, spec in CHILDREN.items() if spec.follows_connection} == {"synthesizer"}
