"""What becomes of the caller's voice when who asks the speech-to-speech model fails, or is another process."""

import asyncio
import itertools
import random
from functools import partial
from typing import Any

import msgspec
import pytest

from actors.conversation import Role, UtteranceKind
from actors.messages.output import ReplyHeard
from actors.messages.playback import PlaybackFinished
from actors.messages.transcript import SpeechStarted, SpeechStopped
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.restart_budget import RestartPolicy
from actors.session.checkpoint_transfer import decode, encode
from actors.session.engine_events import RealtimeReported
from actors.session.realtime.realtime_agent import RealtimeAgent
from tests.kit.fake_realtime import SOUND, FakeRealtime
from tests.kit.session_kit import Ear, Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import heard, messages, speaking

PATIENT = RestartPolicy(max_restarts=100)


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def answers(count: int) -> list[str]:
    return [f"This is answer number {number}, which takes a while." for number in range(count)]


def replies(on: Stage) -> list[str]:
    return [reply.text for reply in on.ear.of(ReplyHeard) if reply.kind is UtteranceKind.REPLY]


def has_replies(on: Stage, count: int, _ear: Ear) -> bool:
    return len(replies(on)) >= count


def unheard(model: FakeRealtime) -> list[list[str]]:
    """What a session was told that was to answer a caller whom it had not heard."""
    asked = itertools.chain.from_iterable(session.asked for session in model.sessions)
    return [told for told in asked if [role for role in told if role in (SOUND, Role.USER)][-1:] != [SOUND]]


@pytest.mark.parametrize("victim", ["recognizer", "orchestrator", "synthesizer", "session"])
@pytest.mark.parametrize("seed", range(3))
def test_every_turn_is_answered_by_a_model_that_has_heard_it_whoever_fails_and_whenever(seed: int, victim: str) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        model = FakeRealtime(*answers(20))
        async with speaking(model, restarts=PATIENT) as on:
            for turn in range(3):
                if victim != "session" or turn == 1:  # a session is rebuilt once
                    poisoned = on.entry.addresses[victim]
                    asyncio.get_running_loop().call_later(chance.uniform(0.0, 1.3), poisoned.tell, Poison())
                await on.talk(800)
                await asyncio.sleep(6)
            assert len(replies(on)) == 3
            assert unheard(model) == []

    run_virtual(main())


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", [SpeechStarted, SpeechStopped, PlaybackFinished, "ResponseStarted", "CallerCommitted"])
def test_the_model_hears_the_caller_whatever_the_orchestrator_fails_at(
    kind: type | str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, failures = RealtimeAgent.on_receive, [moment]

    def on_receive(self: RealtimeAgent, message: Any) -> None:
        told = message.event if isinstance(message, RealtimeReported) else message
        is_meant = type(told).__name__ == kind if isinstance(kind, str) else isinstance(told, kind)
        due = failures.pop() if failures and is_meant else ""
        if due == "before":
            raise ZeroDivisionError
        genuine(self, message)
        if due == "after":
            raise ZeroDivisionError

    monkeypatch.setattr(RealtimeAgent, "on_receive", on_receive)

    async def main() -> None:
        model = FakeRealtime(*answers(9))
        async with speaking(model, restarts=PATIENT) as on:
            for turn in range(2):
                await on.talk(800)
                await on.ear.until(partial(has_replies, on, turn + 1))
                await asyncio.sleep(1)
            assert unheard(model) == []
            assert on.actor("orchestrator").restarts == 1

    run_virtual(main())


@on_virtual_time
async def test_what_was_answered_is_not_heard_again_by_a_successors_session() -> None:
    model = FakeRealtime(*answers(3), words="tell me more")
    async with speaking(model, restarts=PATIENT) as on:
        await on.talk(800)
        await heard(on)
        on.entry.addresses["orchestrator"].tell(Poison())
        await on.talk(800)
        await heard(on, 2)
        assert model.sessions[1].asked == [[Role.USER, Role.ASSISTANT, SOUND]]
        assert messages(on)[2] == (Role.USER, "tell me more")


@pytest.mark.parametrize("words", ["", "are you open"])
@on_virtual_time
async def test_in_another_process_what_no_words_are_known_of_is_asked_for_again(words: str) -> None:
    model = FakeRealtime(*answers(1), words=words)
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until(lambda _: model.sessions[0].asked)
        model.sessions[0].respond = lambda request: 1  # type: ignore[method-assign]
        await asyncio.sleep(0.05)
        model.sessions[0]._running.cancel()  # type: ignore[union-attr]
        await asyncio.sleep(0.6)
        moved = encode(on.entry.checkpoint, LoopClock(), on.entry.tracks.all_voices.end_bytes)
    checkpoint = decode(moved, LoopClock())
    checkpoint.caller_audio_lost(greets_idle=False)
    there = FakeRealtime("It is open.")
    async with speaking(there, checkpoint=checkpoint) as on:
        (first,) = await heard(on)
        if words:
            assert (first.kind, first.text) == (UtteranceKind.REPLY, "It is open.")
            assert words in [message.text for message in there.sessions[0].options.history]
        else:
            assert first.kind is UtteranceKind.APOLOGY
            assert there.sessions[0].asked == []
            await on.talk(600)
            await heard(on, 2)
            assert on.ear.of(ReplyHeard)[-1].text == "It is open."
