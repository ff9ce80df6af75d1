"""An engine is given what is said, and its listener is told of what is written; on virtual time."""

import asyncio

from actors.agent import Pronunciation, Voice
from actors.ports.tts import PieceSynthesized, SynthesisEvent, SynthesisFailed, SynthesisFinished, WordSynthesized
from actors.runtime.clock import run_virtual
from actors.runtime.session_trace import Peer
from actors.session.synthesis.pronounced_synthesis import open_pronounced
from tests.kit.fakes import FakeSynthesis, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan

MS = 10
VOICE = Voice(lexicon=(Pronunciation(word="Nguyen", say="win"), Pronunciation(word="Siobhan", say="shiv awn")))


def spoken(*pieces: str, voice: Voice = VOICE, engine: FakeSynthesizer | None = None) -> list[SynthesisEvent]:
    """What is reported of a reply of these pieces."""
    events: list[SynthesisEvent] = []

    async def main() -> None:
        stream = await open_pronounced(engine or FakeSynthesizer(ms_per_char=MS), voice, 16_000, events.append)
        for piece in pieces:
            stream.write(1, piece)
        stream.finish(1)
        await asyncio.sleep(5)
        await stream.close()

    run_virtual(main())
    return events


def places(events: list[SynthesisEvent]) -> list[tuple[int, int, float]]:
    return [(each.text_start, each.text_end, each.audio_ms) for each in events if isinstance(each, WordSynthesized)]


def test_words_are_told_as_written_at_the_time_at_which_they_are_said() -> None:
    events = spoken("Ask Siobhan ", "Nguyen.")
    assert places(events) == [(0, 3, 0.0), (4, 11, 4 * MS), (12, 19, 13 * MS)]
    ends = [(each.text_end, each.audio_ms) for each in events if isinstance(each, PieceSynthesized)]
    assert ends == [(12, 13 * MS), (19, 17 * MS)]
    assert events[-1] == SynthesisFinished(1)


def test_a_voice_without_a_lexicon_has_the_engines_own_stream() -> None:
    async def main() -> None:
        stream = await open_pronounced(FakeSynthesizer(), Voice(), 16_000, lambda _: None)
        assert isinstance(stream, FakeSynthesis)

    run_virtual(main())


def test_a_failure_is_reported_as_it_is() -> None:
    engine = FakeSynthesizer(faults=Faults(Plan("synthesizer.write", Fault.FAIL)))
    assert [type(event) for event in spoken("Ask Nguyen.", engine=engine)][:1] == [SynthesisFailed]


def test_nothing_is_reported_of_what_was_cancelled_and_the_next_reply_has_its_own_places() -> None:
    events: list[SynthesisEvent] = []

    async def main() -> None:
        stream = await open_pronounced(FakeSynthesizer(ms_per_char=MS), VOICE, 16_000, events.append)
        stream.write(1, "Nguyen and Nguyen.")
        stream.cancel(1)
        stream.write(2, "Siobhan came.")
        stream.finish(2)
        await asyncio.sleep(5)
        await stream.close()

    run_virtual(main())
    assert {event.reply for event in events} == {2}
    assert places(events) == [(0, 7, 0.0), (8, 13, 9 * MS)]


def test_the_service_behind_the_engines_stream_is_named() -> None:
    class Named(FakeSynthesis):
        peer = Peer("some speech service")

    class Engine(FakeSynthesizer):
        async def open(self, voice, rate_hz, report):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return Named(self, rate_hz, report)

    async def main() -> None:
        stream = await open_pronounced(Engine(), VOICE, 16_000, lambda _: None)
        assert getattr(stream, "peer", None) == Named.peer

    run_virtual(main())
