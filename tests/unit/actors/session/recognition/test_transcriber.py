"""A session that only listens: nothing that is said is lost, whatever fails or does not come."""

import asyncio
import random
from typing import Any

import msgspec
import pytest

from actors.conversation import ChatMessage, Ending, Role, SessionRecord
from actors.messages.caller import ConnectionAttached, EndSession, HoldEnded, HoldStarted
from actors.messages.output import SessionEnded
from actors.messages.transcript import FinalTranscript
from actors.rules.speakers import CALLER
from actors.runtime.clock import run_virtual
from actors.runtime.restart_budget import RestartPolicy
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.recognition.transcriber import Transcriber
from tests.kit.fakes import FakeRecognition, FakeStore
from tests.kit.session_kit import AGENT, FRAME, RATE_HZ, SILENCE, Ear, Stage, stage


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def stored(on: Stage) -> list[tuple[int, str]]:
    """The transcript as it is stored."""
    store = on.engines.store
    assert isinstance(store, FakeStore)
    return [(m.turn, m.text) for m in store.saved[-1].messages]


async def say(on: Stage) -> None:
    """One utterance, and what is recognised of it."""
    before = len(on.ear.of(FinalTranscript))
    await on.talk(800)
    await on.ear.until_count(FinalTranscript, before + 1)
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("victim", ["transcriber", "recognizer", "session"])
def test_the_stored_transcript_outlives_a_crash_of_each_actor(victim: str) -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["one", "two", "three"]) as on:
            await asyncio.sleep(0.5)
            await say(on)
            await say(on)
            on.entry.addresses[victim].tell(Poison())
            await asyncio.sleep(0.5)
            await say(on)
            assert stored(on) == [(1, "one"), (2, "two"), (3, "three")]
            assert [(m.turn, m.text) for m in on.ear.of(FinalTranscript)] == [(1, "one"), (2, "two"), (3, "three")]

    run_virtual(main())


@pytest.mark.parametrize("seed", range(8))
def test_no_word_is_lost_whoever_fails_and_whenever(seed: int) -> None:
    chance = random.Random(seed)
    said = [f"utterance {number}" for number in range(8)]

    async def main() -> None:
        patience = RestartPolicy(max_restarts=100)
        async with stage(mode=TRANSCRIPTION, utterances=said, restarts=patience) as on:
            await asyncio.sleep(0.5)
            for _ in said:
                victim = on.entry.addresses[chance.choice(("transcriber", "recognizer"))]
                asyncio.get_running_loop().call_later(chance.uniform(0.0, 1.6), victim.tell, Poison())
                await say(on)
                await asyncio.sleep(chance.uniform(0.0, 1.0))
            await asyncio.sleep(1)
            assert stored(on) == list(enumerate(said, 1))
            assert [m.text for m in on.ear.of(FinalTranscript)] == said

    run_virtual(main())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_final_transcript_at_which_the_transcriber_fails_is_kept_once(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, failures = Transcriber.on_receive, [moment]

    def on_receive(self: Transcriber, message: Any) -> None:
        due = failures.pop() if failures and isinstance(message, FinalTranscript) else ""
        if due == "before":
            raise ZeroDivisionError
        genuine(self, message)
        if due == "after":
            raise ZeroDivisionError

    monkeypatch.setattr(Transcriber, "on_receive", on_receive)

    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["one", "two"]) as on:
            await asyncio.sleep(0.5)
            await say(on)
            await asyncio.sleep(0.5)
            assert on.actor("transcriber").restarts == 1
            await say(on)
            assert stored(on) == [(1, "one"), (2, "two")]
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["one", "two"]

    run_virtual(main())


def test_words_after_a_resume_are_added_to_those_before() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["four"]) as on:
            ear = Ear()
            messages = tuple(ChatMessage(role=Role.USER, text=text, turn=n) for n, text in enumerate("abc", 1))
            record = SessionRecord(
                session_id="other",
                mode=TRANSCRIPTION,
                agent="tester",
                state="connected",
                created_at=1.0,
                updated_at=2.0,
                turn=3,
                messages=messages,
            )
            plan = msgspec.structs.replace(on.entry.plan, session_id="other")
            attached = ConnectionAttached(connection_id="connection-2", lead=on.lead, rate_hz=RATE_HZ)
            entry = on.sessions.restore(plan, ear, attached, record)
            former, on.entry = on.entry, entry
            await asyncio.sleep(0.5)
            on.ear = ear
            await say(on)
            assert stored(on) == [(1, "a"), (2, "b"), (3, "c"), (4, "four")]
            assert [(m.turn, m.text) for m in ear.of(FinalTranscript)] == [(4, "four")]
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            on.entry = former

    run_virtual(main())


def test_a_final_transcript_that_does_not_come_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine, silent = FakeRecognition.finish_utterance, [True]

    def finish(self: FakeRecognition) -> None:
        if silent:
            silent.pop()
        else:
            genuine(self)

    monkeypatch.setattr(FakeRecognition, "finish_utterance", finish)

    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["one"]) as on:
            await asyncio.sleep(0.5)
            await on.talk(800)
            await asyncio.sleep(2)
            assert on.ear.of(FinalTranscript) == []
            await on.ear.until_count(FinalTranscript, 1, 5)
            await asyncio.sleep(0.1)
            assert stored(on) == [(1, "one")]

    run_virtual(main())


def test_what_the_telephone_network_has_understood_is_kept_as_well() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION) as on:
            await asyncio.sleep(0.5)
            on.entry.deliver(FinalTranscript(text="by telephone", start_ms=0.0, end_ms=300.0, confidence=0.5))
            await asyncio.sleep(0.1)
            assert stored(on) == [(1, "by telephone")]
            assert on.entry.checkpoint.user_at is not None

    run_virtual(main())


def test_audio_that_stops_in_mid_utterance_leaves_no_words_owed() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["one"]) as on:
            await asyncio.sleep(0.5)
            on.talking = True
            await asyncio.sleep(0.8)
            await on.hang_up()
            await on.ear.until_count(FinalTranscript, 1, 3)

    run_virtual(main())


@pytest.mark.parametrize("fails", [False, True])
def test_a_caller_on_hold_is_not_taken_for_one_who_has_gone(fails: bool) -> None:
    limits = msgspec.structs.replace(AGENT.limits, idle_s=10.0, max_hold_s=60.0)

    async def main() -> None:
        agent = msgspec.structs.replace(AGENT, limits=limits)
        async with stage(mode=TRANSCRIPTION, agent=agent, utterances=["one"]) as on:
            await asyncio.sleep(1)
            on.entry.deliver(HoldStarted())
            if fails:
                on.entry.addresses["transcriber"].tell(Poison())
            await asyncio.sleep(40)
            assert on.ear.ended is None
            on.entry.deliver(HoldEnded())
            await asyncio.sleep(8)
            await say(on)
            assert stored(on) == [(1, "one")]
            on.entry.deliver(HoldStarted())
            await on.ear.until_count(SessionEnded, 1, 70)
            assert on.ear.ended is Ending.IDLE_TIMEOUT

    run_virtual(main())


@pytest.mark.parametrize("speaker", ["", CALLER], ids=["a browser, or all voices in one stream", "one of a call"])
def test_a_session_in_which_nobody_speaks_any_more_ends(speaker: str) -> None:
    limits = msgspec.structs.replace(AGENT.limits, idle_s=30.0, max_session_s=3_600)

    async def main() -> None:
        agent = msgspec.structs.replace(AGENT, limits=limits)
        async with stage(mode=TRANSCRIPTION, agent=agent, utterances=["one"], caller=False) as on:
            loop = asyncio.get_running_loop()
            began = loop.time()
            await hear(on, speaker, FRAME, 0.8)
            silent_at = loop.time()
            while on.ear.ended is None and loop.time() < began + 60:
                await hear(on, speaker, SILENCE, 0.1)
            assert on.ear.ended is Ending.IDLE_TIMEOUT
            assert 29.0 <= loop.time() - silent_at <= 31.5, "from the last that was heard, and not from the beginning"
            assert stored(on) == [(1, "one")]
            assert record(on).state == "ended"

    run_virtual(main())


@pytest.mark.parametrize("speaker", ["", CALLER], ids=["a browser, or all voices in one stream", "one of a call"])
def test_a_session_ends_when_it_has_lasted_as_long_as_it_may_and_keeps_what_is_being_said(speaker: str) -> None:
    limits = msgspec.structs.replace(AGENT.limits, idle_s=30.0, max_session_s=60)

    async def main() -> None:
        agent = msgspec.structs.replace(AGENT, limits=limits)
        said = [f"utterance {number}" for number in range(20)]
        async with stage(mode=TRANSCRIPTION, agent=agent, utterances=said, caller=False) as on:
            loop = asyncio.get_running_loop()
            began = loop.time()
            while on.ear.ended is None and loop.time() < began + 90:
                await hear(on, speaker, FRAME, 4.0)
                await hear(on, speaker, SILENCE, 1.0)
            assert on.ear.ended is Ending.NORMAL
            (ended_at,) = on.ear.times(SessionEnded)
            assert ended_at - began == pytest.approx(60, abs=1.0)
            # Eleven were whole; what was known of the twelfth stands.
            assert len(stored(on)) >= 11
            assert [text for _, text in stored(on)][:11] == said[:11]

    run_virtual(main())


async def hear(on: Stage, speaker: str, frame: bytes, seconds: float) -> None:
    """The same frame again and again, at the pace of a call, from this speaker or in one stream."""
    for _ in range(round(seconds / 0.02)):
        if speaker:
            on.entry.push_audio_of(speaker, frame)
        else:
            on.entry.push_audio(frame)
        await asyncio.sleep(0.02)


def record(on: Stage) -> SessionRecord:
    """What is stored of the session."""
    store = on.engines.store
    assert isinstance(store, FakeStore)
    return store.saved[-1]
