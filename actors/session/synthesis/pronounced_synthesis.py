"""Text to speech of a voice with a lexicon: the engine is given what is said, and what it tells is of what is written.

So every engine can have names said right, those too that take plain text and nothing else, and whoever listens knows of
the written words only. SSML has an element for it (`sub`), behind which Azure tells no places of words.
"""

from collections.abc import Callable

from actors.agent import Pronunciation, Voice
from actors.ports.tts import (
    SYNTHESIS_EVENTS,
    PieceSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from actors.rules.text.pronunciation import PronouncedReply
from actors.rules.well_typed import violation
from actors.runtime.session_trace import Peer, peer_of
from actors.session.engine_violations import required_stream

Report = Callable[[SynthesisEvent], None]


async def open_pronounced(engine: SpeechSynthesizer, voice: Voice, rate_hz: int, report: Report) -> Synthesis:
    """A stream of `engine` in which the words of the voice's lexicon are said as it has them.

    Raises:
        SynthesizerError: the engine cannot start one.
    """
    if not voice.lexicon:
        return await engine.open(voice, rate_hz, report)
    pronounced = _PronouncedSynthesis(voice.lexicon, report)
    pronounced.stream = required_stream(await engine.open(voice, rate_hz, pronounced.on_event))
    return pronounced


class _PronouncedSynthesis:
    """See `actors.ports.tts.Synthesis`."""

    stream: Synthesis
    """The engine's own stream, which is given the words in their spoken spelling."""

    def __init__(self, lexicon: tuple[Pronunciation, ...], report: Report) -> None:
        self._lexicon = lexicon
        self._report = report
        self._replies: dict[int, PronouncedReply] = {}

    @property
    def peer(self) -> Peer | None:
        """The service behind the engine's stream."""
        return peer_of(self.stream)

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if reply not in self._replies:
            self._replies[reply] = PronouncedReply(self._lexicon)
        self.stream.write(reply, self._replies[reply].write(text))

    def finish(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        self.stream.finish(reply)

    def cancel(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        self._replies.pop(reply, None)
        self.stream.cancel(reply)

    async def close(self) -> None:
        """See `actors.ports.tts.Synthesis`."""
        await self.stream.close()
        self._replies.clear()

    def on_event(self, event: SynthesisEvent) -> None:
        """Report what the engine tells, in places of the written text. What is no event is reported as it is."""
        if violation(event, SYNTHESIS_EVENTS):
            self._report(event)
            return
        pronounced = self._replies.get(event.reply)
        match event:
            case WordSynthesized(reply=reply, text_start=start, text_end=end, audio_ms=audio_ms) if pronounced:
                if (place := pronounced.word(start, end)) is None:
                    return
                event = WordSynthesized(reply=reply, text_start=place[0], text_end=place[1], audio_ms=audio_ms)
            case PieceSynthesized(reply, text_end, audio_ms) if pronounced:
                event = PieceSynthesized(reply, pronounced.end(text_end), audio_ms)
            case SynthesisFinished(reply) | SynthesisFailed(reply):
                self._replies.pop(reply, None)
            case _:
                pass
        self._report(event)
