"""Phrases in the voice of a speech-to-speech model while a session lasts, and what a synthesizer says in its place."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from actors.agent import Voice
from actors.conversation import UtteranceKind
from actors.errors import ErrorKind
from actors.messages.output import ReplyHeard
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.tts import AudioSynthesized, Synthesis, SynthesisEvent, SynthesisFailed, SynthesisFinished
from actors.runtime.clock import run_virtual
from app.providers.realtime.live_phrases import BEGUN_S, LivePhrases, LivePhraseStream
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import CHUNK_MS, MS_PER_CHAR, FakeRealtime, FakeRealtimeSession
from tests.kit.fakes import FakeSynthesizer
from tests.kit.session_kit import AGENT
from tests.unit.actors.session.realtime.realtime_kit import messages, speaking

GREETING = "Good morning, Mr Smith."
FAILED = reported.ResponseFinished(response_id="", status=reported.ResponseStatus.FAILED, failure=FailureKind.TRANSIENT)


class Noting(FakeSynthesizer):
    """Notes what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        stream: Any = await super().open(voice, rate_hz, report)
        write = stream.write

        def noting(reply: int, text: str) -> None:
            self.texts.append(text)
            write(reply, text)

        stream.write = noting
        return cast(Synthesis, stream)


class Told:
    """What a stream tells, and when."""

    def __init__(self) -> None:
        self.events: list[SynthesisEvent] = []
        self.first_audio_s = 0.0

    def __call__(self, event: SynthesisEvent) -> None:
        if isinstance(event, AudioSynthesized) and not self.first_audio_s:
            self.first_audio_s = asyncio.get_running_loop().time()
        self.events.append(event)

    def audio_ms(self) -> float:
        return sum(len(event.pcm) / 32 for event in self.events if isinstance(event, AudioSynthesized))

    async def over(self) -> None:
        async with asyncio.timeout(30):
            while not self.events or not isinstance(self.events[-1], SynthesisFinished | SynthesisFailed):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def said(stream: LivePhraseStream, told: Told, text: str = GREETING) -> None:
    stream.write(1, text)
    stream.finish(1)
    await told.over()


def test_the_model_says_a_phrase_and_the_synthesizer_nothing() -> None:
    async def main() -> None:
        model, beside, told = FakeRealtime(GREETING), Noting(), Told()
        stream = await LivePhrases(model, beside).open(Voice(name="marin"), 16_000, told)
        await said(stream, told)
        assert told.audio_ms() == pytest.approx(len(GREETING) * MS_PER_CHAR, abs=CHUNK_MS)
        assert model.sessions[0].options.voice.name == "marin"
        assert beside.texts == []
        await stream.close()

    run_virtual(main())


class Announced(FakeRealtime):
    """Tells that all words are told, long before their audio; or that it speaks texts as they are."""

    speaks_text = False

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities(speaks_text=self.speaks_text)

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        def reporting(event: reported.RealtimeEvent) -> None:
            report(event)
            if isinstance(event, reported.ResponseTranscript):
                report(reported.ResponseTranscriptFinished(event.response_id, event.item_id, event.text))

        return await super().open(options, reporting)


@pytest.mark.parametrize("speaks_text", [False, True])
def test_what_is_known_to_be_the_phrase_is_heard_while_it_is_made(speaks_text: bool) -> None:
    async def main() -> None:
        model, told = Announced(GREETING * 3), Told()
        model.speaks_text = speaks_text
        stream = await LivePhrases(model, Noting()).open(Voice(), 16_000, told)
        await said(stream, told, GREETING * 3)
        assert told.first_audio_s < asyncio.get_running_loop().time() - 0.3
        assert told.audio_ms() == pytest.approx(len(GREETING * 3) * MS_PER_CHAR, abs=CHUNK_MS)
        await stream.close()

    run_virtual(main())


@pytest.mark.parametrize(
    "happens",
    [
        lambda model: model.replies.append("Hello! Good morning, Mr Smith."),
        lambda model: model.replies.append(FAILED),
        lambda model: model.refusals.append(ErrorKind.UNAVAILABLE),
        lambda model: asyncio.get_running_loop().call_later(0.1, lambda: model.sessions[0].stall()),
    ],
    ids=["other words", "failed", "refused", "stalled"],
)
def test_what_the_model_does_not_say_the_synthesizer_says(happens: Callable[[FakeRealtime], object]) -> None:
    async def main() -> None:
        model, beside, told = FakeRealtime(), Noting(), Told()
        happens(model)
        stream = await LivePhrases(model, beside).open(Voice(), 16_000, told)
        began = asyncio.get_running_loop().time()
        await said(stream, told)
        assert beside.texts == [GREETING]
        assert isinstance(told.events[-1], SynthesisFinished)
        assert told.first_audio_s - began < BEGUN_S + 0.5
        # Nobody waits for the model a second time.
        stream.write(2, "Bye.")
        stream.finish(2)
        assert beside.texts == [GREETING, "Bye."]
        await stream.close()

    run_virtual(main())


def test_a_phrase_that_breaks_off_is_told_and_not_begun_again_in_another_voice() -> None:
    async def main() -> None:
        model, beside, told = Announced(GREETING * 3), Noting(), Told()
        stream = await LivePhrases(model, beside).open(Voice(), 16_000, told)
        asyncio.get_running_loop().call_later(0.5, lambda: model.sessions[0].drop())
        await said(stream, told, GREETING * 3)
        assert told.audio_ms() > 0
        assert isinstance(told.events[-1], SynthesisFailed)
        assert beside.texts == []
        await stream.close()

    run_virtual(main())


def test_what_is_written_piece_by_piece_is_the_synthesizers() -> None:
    async def main() -> None:
        model, beside, told = FakeRealtime(), Noting(), Told()
        stream = await LivePhrases(model, beside).open(Voice(), 16_000, told)
        stream.write(1, "It is open. ")
        await asyncio.sleep(0.2)
        stream.write(1, "Until six.")
        stream.finish(1)
        await told.over()
        assert beside.texts == ["It is open. ", "Until six."]
        assert model.sessions == []
        await stream.close()

    run_virtual(main())


def test_what_is_cancelled_is_not_heard_and_leaves_nothing() -> None:
    async def main() -> None:
        model, told = FakeRealtime(GREETING, GREETING), Told()
        stream = await LivePhrases(model, Noting()).open(Voice(), 16_000, told)
        for reply in (1, 2):
            stream.write(reply, GREETING)
            stream.finish(reply)
        stream.write(3, "It is ")
        await asyncio.sleep(0.01)
        stream.cancel(1)
        await stream.close()
        await asyncio.sleep(10)
        assert told.events == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())


def test_a_greeting_that_was_not_kept_is_the_models() -> None:
    async def main() -> None:
        model, beside = FakeRealtime(GREETING, "It is open."), Noting()
        greeting = msgspec.structs.replace(AGENT, greeting=GREETING)
        phrases = LivePhrases(model, beside)
        async with speaking(model, greeting, synthesizer=beside, phrases=phrases) as on:
            await on.ear.until_count(ReplyHeard, 1)
            await on.talk(600)
            await on.ear.until_count(ReplyHeard, 2)
            assert [(reply.kind, reply.text) for reply in on.ear.of(ReplyHeard)] == [
                (UtteranceKind.GREETING, GREETING),
                (UtteranceKind.REPLY, "It is open."),
            ]
            assert beside.texts == []
            assert len(messages(on)) == 3

    run_virtual(main())
