"""Requests to Azure Speech as the session is told of them: audio no further than its words, and where pieces begin."""

import asyncio
from collections import deque
from typing import Protocol

import msgspec

from actors.ports.tts import AudioSynthesized, PieceSynthesized, SynthesisEvent, WordSynthesized
from app.providers.azure.failures import Failure
from app.providers.azure.tts.prosody import Prosody
from app.providers.azure.tts.word_gate import AHEAD_MS, WordGate
from app.providers.azure.tts.word_places import WordPlaces

QUIET_S = 0.15
"""Seconds without an event after which a text counts as spoken if the service has told all of its words."""
WORDS_WAIT_S = 0.06
"""Seconds for which audio waits for the words in it, which the SDK reports in another thread."""


class ReplyText(msgspec.Struct):
    """What was written of a reply and not spoken yet."""

    number: int
    pieces: deque[str]
    finished: bool = False
    text_end: int = 0
    audio_bytes: int = 0


class RequestStream(Protocol):
    """The stream of one session's replies, as its requests see it."""

    rate_hz: int
    words_come: bool
    """Whether the last request got its words in time; if not, the next one does not wait for them."""

    def tell(self, event: SynthesisEvent) -> None:
        """Report, unless the stream is closed."""
        ...

    def ms(self, audio_bytes: int) -> float:
        """The duration in ms of `audio_bytes` bytes of PCM16 mono at the rate of the stream."""
        ...


class PieceRequest:
    """One piece of text, spoken by one synthesizer of the pool; what is told of it is told on the loop."""

    def __init__(
        self, stream: RequestStream, reply: ReplyText, text: str, spoken: str, ahead_ms: float = AHEAD_MS
    ) -> None:
        self.ssml = spoken
        self.heard = False
        self._stream = stream
        self._reply = reply
        self._places = WordPlaces(text)
        self._gate = WordGate(stream.rate_hz, ahead_ms)
        self._text_start = reply.text_end
        self._start_ms = stream.ms(reply.audio_bytes)
        self._loop = asyncio.get_running_loop()
        self._impatient: asyncio.TimerHandle | None = None
        self._over = False
        self.done: asyncio.Future[Failure | None] = self._loop.create_future()
        if not stream.words_come:
            self._gate.open()

    @property
    def prosody(self) -> Prosody:
        """See `pooled_synthesizer.Request`."""
        raise AssertionError("it is in the SSML")

    @property
    def owed(self) -> bool:
        """See `pooled_synthesizer.Request`."""
        return True

    def audio(self, pcm: bytes) -> None:
        """See `pooled_synthesizer.Request`."""
        self._hear(self._gate.audio(pcm))
        if self._gate.waits and self._impatient is None:
            self._impatient = self._loop.call_later(WORDS_WAIT_S, self._go_on)

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """See `pooled_synthesizer.Request`."""
        self._wait_no_more()
        place = self._places.find(word)
        if place is not None and not self.done.done():
            start, end = (self._text_start + at for at in place)
            self._stream.words_come = True
            self._stream.tell(
                WordSynthesized(
                    reply=self._reply.number, text_start=start, text_end=end, audio_ms=self._start_ms + start_ms
                )
            )
        # The audio before the word, a pause perhaps, may be heard as well.
        self._hear(self._gate.word(end_ms) if self._places.more else self._gate.open())
        if self._over:
            self._conclude()
        elif self._gate.waits:
            self._impatient = self._loop.call_later(WORDS_WAIT_S, self._go_on)

    def ended(self, why: Failure | None) -> None:
        """See `pooled_synthesizer.Request`."""
        if why is None and self._gate.waits:
            self._over = True
            self._conclude()
        elif not self.done.done():
            self._wait_no_more()
            self.done.set_result(why)

    def give_up(self) -> None:
        """Stop the request: nobody waits for its audio any more."""
        self._wait_no_more()
        if not self.done.done():
            self.done.set_result(None)

    def _go_on(self) -> None:
        """No word came in time: some voices have none."""
        self._impatient = None
        self._stream.words_come = False
        self._hear(self._gate.open())
        if self._over:
            self._conclude()

    def _conclude(self) -> None:
        if not self._gate.waits and not self.done.done():
            self.done.set_result(None)

    def _hear(self, pcm: bytes) -> None:
        if pcm and not self.done.done():
            self.heard = True
            self._reply.audio_bytes += len(pcm)
            self._stream.tell(AudioSynthesized(self._reply.number, pcm))

    def _wait_no_more(self) -> None:
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None


class ReplyRequest(PieceRequest):
    """All of a reply, written piece by piece to one synthesizer of the pool."""

    def __init__(self, stream: RequestStream, reply: ReplyText, sound: Prosody) -> None:
        # Audio goes no further than its words, so that a piece can be told where the next one begins.
        super().__init__(stream, reply, "", "", ahead_ms=0.0)
        self.sound = sound
        self._ends: deque[int] = deque()
        self._marks: deque[tuple[int, float]] = deque()
        """The ends of pieces whose place in the audio is known and was not reached yet: in characters, and in ms."""
        self._quiet: asyncio.TimerHandle | None = None
        self._complete = False
        self._unanswered = False

    @property
    def prosody(self) -> Prosody:
        """See `pooled_synthesizer.Request`."""
        return self.sound

    @property
    def owed(self) -> bool:
        """See `pooled_synthesizer.Request`. Between two pieces nothing has to come."""
        return self._unanswered or self._complete

    def write(self, text: str) -> None:
        """Note that more of the text of the reply was sent, so that audio for it is due."""
        self._unanswered = True
        if self._stream.words_come:
            self._gate.shut()
        self._places.extend(text)
        self._reply.text_end += len(text)
        self._ends.append(self._reply.text_end)

    def complete(self) -> None:
        """Note that all text of the reply has been sent."""
        self._complete = True

    def audio(self, pcm: bytes) -> None:
        """See `pooled_synthesizer.Request`."""
        self._unanswered = False
        super().audio(pcm)
        self._wait_for_quiet()

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """See `pooled_synthesizer.Request`."""
        at = self._places.next(word)
        while at is not None and self._ends and self._text_start + at >= self._ends[0]:
            self._marks.append((self._ends.popleft(), self._start_ms + start_ms))
        super().word(word, start_ms, end_ms)
        self._wait_for_quiet()

    def ended(self, why: Failure | None) -> None:
        """See `pooled_synthesizer.Request`."""
        super().ended(why)
        if self._quiet is not None:
            self._quiet.cancel()

    def pieces_over(self) -> None:
        """Report all pieces that were not reported yet: the audio of the whole reply is here."""
        for end in (*(end for end, _ in self._marks), *self._ends):
            self._tell_piece(end)
        self._marks.clear()
        self._ends.clear()

    def _hear(self, pcm: bytes) -> None:
        while pcm and self._marks:
            end, at_ms = self._marks[0]
            before = max(0, round(at_ms * self._stream.rate_hz / 1000) * 2 - self._reply.audio_bytes)
            if before > len(pcm):
                break
            super()._hear(pcm[:before])
            pcm = pcm[before:]
            self._marks.popleft()
            self._tell_piece(end)
        super()._hear(pcm)

    def _tell_piece(self, end: int) -> None:
        self._stream.tell(PieceSynthesized(self._reply.number, end, self._stream.ms(self._reply.audio_bytes)))

    def _wait_for_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = self._loop.call_later(QUIET_S, self._be_quiet)

    def _be_quiet(self) -> None:
        """Nothing came for a while, and all words were told: what was written was spoken."""
        if not self._places.more and not self._gate.waits and not self.done.done():
            self.pieces_over()
