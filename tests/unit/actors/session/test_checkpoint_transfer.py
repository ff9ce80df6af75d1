"""A session that another process began goes on here, and what times mean there and here."""

import asyncio

import msgspec
import pytest

from actors.conversation import ChatMessage, Ending, Role, SessionRecord
from actors.messages.caller import ConnectionAttached, EndSession, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports.llm import ReplyGenerated, TextGenerated
from actors.rules.speakers import SPEAKERS
from actors.rules.turn_taking.state import Opening
from actors.runtime.clock import LoopClock, run_virtual
from actors.session import checkpoint_transfer
from actors.session.checkpoint import Checkpoint
from actors.session.checkpoint_transfer import CheckpointEncoder, checkpoint_of, decode, encode
from actors.session.recognition.audio_tracks import AudioTracks
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, RATE_HZ, Ear, Stage, stage

ANSWER = "The first sentence is this. The second sentence is that. And the third one ends it."


OTHER_S = 5_000.0


class OtherClock(LoopClock):
    """The clock of another machine: its zero is elsewhere, the time of day is the same."""

    def now(self) -> float:
        return super().now() + OTHER_S


def talker() -> FakeModel:
    return FakeModel(lambda _: [0.2, TextGenerated(ANSWER), ReplyGenerated()])


async def go_on_elsewhere(on: Stage, session_id: str = "elsewhere") -> Ear:
    """Encode the checkpoint of the session, end it, and open another one from the bytes."""
    data = encode(on.entry.checkpoint, on.engines.clock, on.entry.tracks.all_voices.end_bytes)
    on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
    await asyncio.sleep(0.5)
    ear = Ear()
    plan = msgspec.structs.replace(on.entry.plan, session_id=session_id)
    attached = ConnectionAttached(connection_id="connection-2", lead=on.lead, rate_hz=RATE_HZ)
    entry = on.sessions.open(plan, ear, attached, decode(data, on.engines.clock))
    assert entry.tracks.all_voices.end_bytes == on.entry.tracks.all_voices.end_bytes
    return ear


@pytest.mark.parametrize("heard_s", [0.1, 1.6, 2.4])
def test_a_conversation_goes_on_from_decoded_bytes_in_the_middle_of_a_reply(heard_s: float) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            on.entry.deliver(TextEntered("what are your hours"))
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(heard_s)
            ear = await go_on_elsewhere(on)
            await ear.until_count(ReplyHeard, 1)
            heard = ear.of(ReplyHeard)[0]
            assert (heard.text, heard.interrupted, heard.turn) == (ANSWER, False, 1)
            # What was heard to the end of a sentence before is not said again.
            assert len(ear.of(AudioFrame)) * 20 < len(ANSWER) * 50 - heard_s * 1000 + 2_000
            entry = on.sessions.live["elsewhere"]
            assert [(m.role, m.text) for m in entry.checkpoint.messages] == [
                (Role.USER, "what are your hours"),
                (Role.ASSISTANT, ANSWER),
            ]
            entry.deliver(TextEntered("and tomorrow"))
            await ear.until_count(ReplyHeard, 2)
            assert [m.turn for m in ear.of(ReplyHeard)] == [1, 2]
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())


def test_a_question_that_was_not_answered_yet_is_answered_from_decoded_bytes() -> None:
    async def main() -> None:
        slow = FakeModel(lambda _: [1.0, TextGenerated("At nine."), ReplyGenerated()])
        async with stage(agent=QUIET, model=slow, caller=False) as on:
            on.entry.deliver(TextEntered("what are your hours"))
            await asyncio.sleep(0.5)
            ear = await go_on_elsewhere(on)
            await ear.until_count(ReplyHeard, 1)
            assert [m.text for m in ear.of(ReplyHeard)] == ["At nine."]
            on.sessions.live["elsewhere"].deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())


def test_times_move_to_the_clock_of_the_process_that_goes_on() -> None:
    async def main() -> None:
        clock = LoopClock()
        now = clock.now()
        checkpoint = Checkpoint(created_at=clock.wall(), started_at=now - 20, user_at=now - 3)
        checkpoint.connection_lost("connection-1", now + 7)
        data = encode(checkpoint, clock, 640)
        await asyncio.sleep(1)
        decoded = decode(data, OtherClock())
        assert decoded.track().audio_bytes == 640
        assert checkpoint.tracks == {}
        assert decoded.created_at == checkpoint.created_at
        # What passes between two looks at a clock is less than what has passed in between.
        assert decoded.started_at == pytest.approx(OTHER_S + now - 20, abs=0.5)
        assert decoded.user_at == pytest.approx(decoded.started_at + 17)
        assert decoded.lost is not None
        assert decoded.lost.until == pytest.approx(decoded.started_at + 27)

    asyncio.run(main())


def test_what_is_not_a_checkpoint_is_refused() -> None:
    async def main() -> None:
        for data in (b"", b"{}", b"[1]", b'{"checkpoint":{"turn":3},"at":0,"wall":0}'):
            with pytest.raises(msgspec.DecodeError):
                decode(data, LoopClock())

    asyncio.run(main())


def test_a_session_that_is_restored_from_its_record_goes_on_behind_it() -> None:
    said = ChatMessage(role=Role.USER, text="hello", turn=2, at=5.0)
    record = SessionRecord(
        session_id="s", mode="media", agent="clinic", state="ended", created_at=3.0, updated_at=6.0, turn=2,
        messages=(said,), memory={"a": 1},
    )  # fmt: skip
    checkpoint = checkpoint_of(record, 100.0, greets=True, audio_bytes=640)
    assert (checkpoint.turn_number, checkpoint.agent, checkpoint.created_at) == (2, "clinic", 3.0)
    assert (checkpoint.messages, checkpoint.memory, checkpoint.memory_before) == ((said,), {"a": 1}, {"a": 1})
    assert (checkpoint.started_at, checkpoint.user_at, checkpoint.track().settled_bytes) == (100.0, 100.0, 640)
    assert checkpoint.turn is not None
    assert checkpoint.turn.opening is Opening.GREETING
    assert checkpoint.ending is None


@pytest.mark.parametrize("speaker", ["", *SPEAKERS])
def test_whoever_is_heard_goes_on_behind_what_the_record_has_of_the_conversation(speaker: str) -> None:
    record = SessionRecord(
        session_id="s", mode="transcription", agent="tester", state="live", created_at=0.0, updated_at=9.0
    )
    checkpoint = checkpoint_of(record, 0.0, greets=False, audio_bytes=32_000)
    tracks = AudioTracks(checkpoint, rate_hz=RATE_HZ, keep_ms=1_000)
    heard = tracks.append(speaker, bytes(640)) if speaker else tracks.all_voices.append(bytes(640))
    assert heard.offset_bytes == 32_000


def test_a_message_is_encoded_once_for_all_checkpoints_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    plain = checkpoint_transfer._encode

    def counting(value: object) -> bytes:
        encoded.append(value)
        return plain(value)

    monkeypatch.setattr(checkpoint_transfer, "_encode", counting)

    def said(text: str) -> ChatMessage:
        return ChatMessage(role=Role.USER, text=text)

    def new_messages() -> list[str]:
        texts = [each.text for each in encoded if isinstance(each, ChatMessage)]
        encoded.clear()
        return texts

    async def main() -> None:
        encoder, checkpoint, clock = CheckpointEncoder(), Checkpoint(), LoopClock()
        one, two, other = said("one"), said("two"), said("two, or other")
        for messages, new in (
            ((one,), ["one"]),
            ((one, two), ["two"]),
            ((one, two), []),
            ((one, other), ["two, or other"]),
            ((one, other, two, one), ["two", "one"]),
            ((one,), []),
            ((), []),
            ((one, two), ["one", "two"]),
        ):
            checkpoint.messages = messages
            data = encoder.encode(checkpoint, clock, 640)
            assert new_messages() == new
            assert data == encode(checkpoint, clock, 640), "what is written is the same"
            assert decode(data, clock).messages == messages
            encoded.clear()

    run_virtual(main())


def test_a_message_that_cannot_be_encoded_leaves_nothing_that_was_not_encoded() -> None:
    async def main() -> None:
        encoder, checkpoint, clock = CheckpointEncoder(), Checkpoint(), LoopClock()
        fine = ChatMessage(role=Role.USER, text="fine")
        checkpoint.messages = (fine, ChatMessage(role=Role.USER, text="half an emoji: \ud83d"))
        with pytest.raises(UnicodeEncodeError):
            encoder.encode(checkpoint, clock, 0)
        checkpoint.messages = (fine,)
        assert decode(encoder.encode(checkpoint, clock, 0), clock).messages == (fine,)

    run_virtual(main())
