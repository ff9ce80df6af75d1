"""Modes are lists of children: a new one is a file and a line."""

import asyncio

import msgspec
import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession, KeyPressed, TextEntered
from actors.messages.output import AudioFrame, ReplyText
from actors.messages.transcript import FinalTranscript
from actors.runtime.clock import run_virtual
from actors.session.modes.registry import MODES, mode_named, register
from tests.kit.session_kit import stage
from tests.unit.actors.session.modes.parrot_mode import PARROT_MODE


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def test_a_mode_is_found_in_any_case_and_another_is_refused_with_those_there_are() -> None:
    assert mode_named("MEDIA").name == "media"
    with pytest.raises(ValueError, match="one of media, voice_live, transcription"):
        mode_named("parrot")


def test_a_registered_mode_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODES, "parrot", PARROT_MODE)
    register(PARROT_MODE)
    assert mode_named("parrot") is PARROT_MODE
    assert PARROT_MODE.speaks
    assert not mode_named("transcription").speaks


def test_a_new_mode_lives_like_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODES, "parrot", PARROT_MODE)

    async def main() -> None:
        async with stage(mode="parrot", utterances=["hello there", "good bye", "again"]) as on:
            await asyncio.sleep(0.5)
            await on.talk(800)
            await on.ear.until_count(ReplyText, 1)
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["hello there"]
            assert [m.text for m in on.ear.of(ReplyText)] == ["hello there"]
            assert on.ear.of(AudioFrame)
            # What no child of the mode is there for is dropped.
            on.entry.deliver(TextEntered("not heard"))
            on.entry.deliver(KeyPressed("1"))
            await asyncio.sleep(2)
            on.entry.addresses["parrot"].tell(Poison())
            on.entry.addresses["synthesizer"].tell(Poison())
            await asyncio.sleep(0.5)
            await on.talk(800)
            await asyncio.sleep(3)
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["hello there", "good bye"]
            assert {state.name for state in on.session.tree()[1:]} == {"recognizer", "parrot", "synthesizer"}
            on.detach()
            await asyncio.sleep(1)
            on.attach("connection-2")
            await asyncio.sleep(1)
            # Nobody of this mode says goodbye, so that it ends at once.
            on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
            await asyncio.sleep(1)
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())
