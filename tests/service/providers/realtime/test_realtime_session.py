"""Our client in conversation with the emulated service, in both dialects."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolSchema
from app.providers.realtime.resource import RealtimeResource
from app.providers.realtime.session import told_ahead_s
from protocol.realtime.failure_kinds import FailureKind
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Call, Heard, Reply
from tests.service.providers.realtime.conversing import conversing, ga, voice_live

Make = Callable[[RealtimeEmulator], RealtimeResource]
BOTH = pytest.mark.parametrize("resource", [ga, voice_live], ids=["ga", "voice live"])


@pytest.fixture
async def service() -> AsyncIterator[RealtimeEmulator]:
    async with RealtimeEmulator() as emulator:
        yield emulator


@BOTH
async def test_a_turn_from_the_callers_audio_to_the_end_of_the_answer(
    service: RealtimeEmulator, resource: Make
) -> None:
    service.plan.replies.append(Reply(text="Good morning, how can I help?"))
    service.plan.heard.append(Heard(text="Hello there."))
    async with conversing(service, resource(service)) as both:
        both.speak(600)
        both.client.commit()
        number = both.client.respond(port.ResponseRequest())
        committed = await both.told(reported.CallerCommitted)
        started = await both.told(reported.ResponseStarted)
        finished = await both.told(reported.ResponseFinished)
        words = await both.told(reported.CallerTranscribed, lambda each: isinstance(each.transcript, FinalTranscript))
        said = await both.told(reported.ResponseTranscriptFinished)
        interim = [each.transcript for each in both.reports if isinstance(each, reported.CallerTranscribed)]
    assert committed.start_ms == 0.0
    assert committed.end_ms == pytest.approx(600, abs=1)
    assert started == reported.ResponseStarted(finished.response_id, number)
    assert (finished.status, finished.completion_tokens) == (reported.ResponseStatus.COMPLETED, 12)
    assert words.item_id == committed.item_id
    assert isinstance(interim[0], InterimTranscript)
    assert words.transcript == FinalTranscript(text="Hello there.", start_ms=0.0, end_ms=committed.end_ms)
    assert said.text == "Good morning, how can I help?"
    # Six words of 300 ms, at the rate of the session whatever that of the service is.
    assert len(both.audio(said.item_id)) == pytest.approx(6 * 300 * 32, rel=0.01)
    heard_bytes = len(both.far.buffer.turns[0])
    assert heard_bytes == pytest.approx(600 * both.far.settings.input_hz * 2 / 1_000, rel=0.05)


@BOTH
async def test_appends_are_put_together(service: RealtimeEmulator, resource: Make) -> None:
    async with conversing(service, resource(service)) as both:
        both.speak(2_000)
        both.client.commit()
        await both.told(reported.CallerCommitted)
        sizes = [len(each["audio"]) for each in both.far.received if each["type"] == "input_audio_buffer.append"]
        # What is resampled comes in blocks of its own.
        assert 2_000 / 65 <= len(sizes) <= 2_000 / 40 + 1


async def test_voice_live_hears_and_speaks_at_the_rate_of_the_call(service: RealtimeEmulator) -> None:
    async with conversing(service, voice_live(service)) as both:
        both.speak(200)
        both.client.commit()
        await both.told(reported.CallerCommitted)
        assert (both.far.settings.input_hz, both.far.settings.output_hz) == (16_000, 16_000)
        assert len(both.far.buffer.turns[0]) == 200 * 32


@BOTH
async def test_a_call_at_24_khz_passes_as_it_is(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text="Yes."))
    async with conversing(service, resource(service), rate_hz=24_000) as both:
        both.speak(200, 24_000)
        both.client.commit()
        both.client.respond(port.ResponseRequest())
        await both.told(reported.ResponseFinished)
        assert len(both.far.buffer.turns[0]) == 200 * 48
        assert len(both.audio()) == 300 * 48


@BOTH
async def test_audio_that_is_not_to_be_heard_soon_is_told_in_fewer_pieces(
    service: RealtimeEmulator, resource: Make
) -> None:
    service.plan.replies.append(Reply(text=" ".join(["word"] * 20)))
    async with conversing(service, resource(service), rate_hz=24_000 if resource is ga else 16_000) as both:
        both.client.respond(port.ResponseRequest())
        await both.told(reported.ResponseFinished)
        kinds = [type(report) for report in both.reports]
        pieces = [report for report in both.reports if isinstance(report, reported.ResponseAudio)]
        sent = [message for message in both.far.sent if message["type"] == both.far.dialect.audio + ".delta"]
    assert len(sent) == 60
    assert [len(piece.pcm) for piece in pieces[:2]] == [len(base64.b64decode(each["delta"])) for each in sent[:2]]
    assert b"".join(piece.pcm for piece in pieces) == b"".join(base64.b64decode(each["delta"]) for each in sent)
    assert len(pieces) <= 40
    last_audio = max(at for at, kind in enumerate(kinds) if kind is reported.ResponseAudio)
    assert last_audio < kinds.index(reported.ResponseAudioFinished), "what ends it comes behind all of it"


@BOTH
async def test_a_barge_in_keeps_what_was_heard_and_no_more(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text="one two three four five six seven eight nine ten"))
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        first = await both.told(reported.ResponseAudio)
        await asyncio.sleep(0.1)
        both.client.cancel(first.response_id)
        both.client.truncate(first.item_id, 137.9)
        before = len([each for each in both.reports if isinstance(each, reported.ResponseAudio)])
        finished = await both.told(reported.ResponseFinished)
        pieces = [each for each in both.reports if isinstance(each, reported.ResponseAudio)]
        truncated = await both.far.sent.until(lambda event: event["type"] == "conversation.item.truncated")
        assert finished.status is reported.ResponseStatus.CANCELLED
        assert truncated["audio_end_ms"] == 137
        assert len(pieces) > before, "audio goes on coming after a cancel, until the response is done"
        assert not any(isinstance(each, reported.RealtimeFailed) for each in both.reports)


@BOTH
async def test_more_cannot_be_heard_than_has_come(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text="one two"))
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        item = (await both.told(reported.ResponseAudio)).item_id
        await both.told(reported.ResponseFinished)
        both.client.truncate(item, 10_000.0)
        message = await both.received("conversation.item.truncate")
        assert message["audio_end_ms"] == 600
        both.client.truncate(item, 0.4)
        assert (await both.received("conversation.item.delete"))["item_id"] == item
        await both.far.sent.until(lambda event: event["type"] == "conversation.item.deleted")
        assert not any(isinstance(each, reported.RealtimeFailed) for each in both.reports)


@BOTH
async def test_a_tool_is_called_and_its_result_answered(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies += [Reply(calls=(Call("book", {"day": "friday"}),)), Reply(text="It is booked.")]
    tools = (ToolSchema("book", "Book a table.", {"type": "object", "properties": {}}),)
    async with conversing(service, resource(service), tools=tools) as both:
        both.client.respond(port.ResponseRequest())
        called = await both.told(reported.ResponseToolCalled)
        await both.told(reported.ResponseFinished)
        assert (called.call.name, called.call.arguments) == ("book", '{"day": "friday"}')
        both.client.add(ChatMessage(role=Role.TOOL, call_id=called.call.call_id, text='"done"'))
        second = both.client.respond(port.ResponseRequest())
        started = await both.told(reported.ResponseStarted, lambda each: each.request == second)
        await both.told(reported.ResponseFinished, lambda each: each.response_id == started.response_id)
        output = [each for each in both.far.conversation.items.values() if each["type"] == "function_call_output"]
        assert [each["call_id"] for each in output] == [called.call.call_id]


@BOTH
async def test_a_new_session_knows_what_was_said_before(service: RealtimeEmulator, resource: Make) -> None:
    history = (
        ChatMessage(role=Role.ASSISTANT, text="Good morning."),
        ChatMessage(role=Role.USER, text="A table for two."),
        ChatMessage(role=Role.ASSISTANT, tool_requests=(ToolRequest("call_1", "book", "{}"),)),
        ChatMessage(role=Role.TOOL, call_id="call_1", text='"done"'),
        ChatMessage(role=Role.ASSISTANT, text="It is boo", interrupted=True),
        ChatMessage(role=Role.NOTE, text="The caller is on hold."),
    )
    async with conversing(service, resource(service), history=history) as both:
        both.client.delete("none")  # its answer comes after those to the history
        await both.told(reported.RealtimeFailed)
        kinds = [(each["type"], each.get("role", "")) for each in both.far.conversation.items.values()]
        failed = [each for each in both.reports if isinstance(each, reported.RealtimeFailed)]
    assert kinds == [
        ("message", "assistant"),
        ("message", "user"),
        ("function_call", ""),
        ("function_call_output", ""),
        ("message", "assistant"),
        ("message", "system"),
    ]
    assert [(each.kind, each.operation) for each in failed] == [(FailureKind.REFUSED, reported.Operation.DELETE)]


@BOTH
async def test_the_service_finds_turns_and_decides_nothing(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.speech = [(400, 900)]
    service.plan.heard.append(Heard(text=None))
    async with conversing(service, resource(service), detect_turns=True, silence_ms=500) as both:
        both.speak(1_600)
        started = await both.told(SpeechStarted)
        stopped = await both.told(SpeechStopped)
        committed = await both.told(reported.CallerCommitted)
        await asyncio.sleep(0.1)
        assert started.onset_ms == 100, "what it hears before speech is taken off"
        assert (stopped.end_ms, stopped.silence_ms) == (900, 500)
        assert (committed.start_ms, committed.end_ms) == (100, 900)
        assert not any(isinstance(each, reported.ResponseStarted) for each in both.reports)
        both.client.delete(committed.item_id)
        await both.far.sent.until(lambda event: event["type"] == "conversation.item.deleted")


@BOTH
async def test_noise_is_cleared_and_the_next_turn_begins_behind_it(service: RealtimeEmulator, resource: Make) -> None:
    async with conversing(service, resource(service)) as both:
        both.speak(300)
        both.client.clear()
        both.speak(500)
        both.client.commit()
        committed = await both.told(reported.CallerCommitted)
        assert committed.start_ms == pytest.approx(300, abs=1)
        assert committed.end_ms == pytest.approx(800, abs=1)
        assert len(both.far.buffer.turns) == 1


@BOTH
async def test_a_turn_of_which_no_words_come(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.heard.append(Heard(fails=True))
    async with conversing(service, resource(service)) as both:
        both.speak(300)
        both.client.commit()
        words = await both.told(reported.CallerTranscribed)
        assert isinstance(words.transcript, NoSpeechRecognized)


async def test_voice_live_speaks_a_text_word_for_word_and_times_its_words(service: RealtimeEmulator) -> None:
    async with conversing(service, voice_live(service)) as both:
        both.client.respond(port.ResponseRequest(text="Good morning to you."))
        await both.told(reported.ResponseFinished)
        said = await both.told(reported.ResponseTranscriptFinished)
        words = [(each.text, each.audio_ms) for each in both.reports if isinstance(each, reported.ResponseWord)]
    assert said.text == "Good morning to you."
    assert words == [("Good", 0), ("morning", 300), ("to", 600), ("you.", 900)]


async def test_who_cannot_speak_word_for_word_refuses_it(service: RealtimeEmulator) -> None:
    async with conversing(service, ga(service)) as both:
        number = both.client.respond(port.ResponseRequest(text="Good morning."))
        failed = await both.told(reported.RealtimeFailed)
        assert (failed.kind, failed.request) == (FailureKind.REFUSED, number)
        assert "word for word" in failed.detail


@BOTH
async def test_instructions_and_tools_can_be_changed(service: RealtimeEmulator, resource: Make) -> None:
    async with conversing(service, resource(service)) as both:
        both.client.update(port.SessionChanges(instructions="Be brief.", tools=()))
        await both.far.sent.until(
            lambda event: event["type"] == "session.updated" and event["session"]["instructions"] == "Be brief."
        )
        assert not any(isinstance(each, reported.RealtimeFailed) for each in both.reports)


@BOTH
async def test_nothing_is_reported_after_the_session_is_closed(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text="one two three four five"))
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        await both.told(reported.ResponseAudio)
        await asyncio.wait_for(both.client.close(), 30)
        count = len(both.reports)
        await both.far.closed.until(lambda _: True)
        both.client.append(bytes(640))
        both.client.commit()
        await asyncio.sleep(0.1)
        assert len(both.reports) == count


@pytest.mark.parametrize(("lives_s", "ahead_s"), [(3_600, 300), (1_200, 300), (60, 15), (0, 0)])
def test_the_end_of_an_hour_is_told_five_minutes_ahead_and_that_of_less_in_its_last_quarter(
    lives_s: float, ahead_s: float
) -> None:
    assert told_ahead_s(lives_s) == ahead_s
