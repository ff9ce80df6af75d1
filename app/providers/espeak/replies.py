"""What the synthesis process has to speak: streams, their replies in order, and which of them is due next."""

from collections import deque
from collections.abc import Callable

from app.providers.espeak.engine import Tuning, WordStart
from app.providers.espeak.sound import Sound
from app.providers.espeak.text import Segment, Word, has_speech, segments, spoken, words
from app.providers.espeak.wire import AudioMade, OpenStream, PieceMade, ReplyMade, Told, WordMade

WORDS_PER_MINUTE = 165
PITCH = 50
PITCH_RANGE = 60
AHEAD_MAX_MS = 30_000
"""A reply is made this far ahead of being heard, taking it that it is heard from its first audio on; then as it goes.
More would only fill the server's memory."""

Tell = Callable[[Told], None]


DEFAULT_TUNING = Tuning("", "en-US", WORDS_PER_MINUTE, PITCH, PITCH_RANGE)


def tuning(order: OpenStream) -> Tuning:
    """The engine's settings for a voice."""
    return Tuning(
        order.name,
        order.language,
        round(WORDS_PER_MINUTE * order.rate),
        min(99, round(PITCH * order.pitch)),
        PITCH_RANGE,
    )


class Piece:
    """What one write brought: some of it may have been spoken."""

    def __init__(self, text: str, start: int) -> None:
        self.start = start
        self.end = start + len(text)
        self._spoken = spoken(text)
        self._segments = deque(segment for segment in segments(self._spoken) if self._has_speech(segment))

    @property
    def done(self) -> bool:
        """True when nothing is left to synthesise."""
        return not self._segments

    def next(self) -> tuple[Segment, str]:
        """Take the next segment, and what is spoken there."""
        segment = self._segments.popleft()
        return segment, self._spoken[segment.start : segment.end]

    def _has_speech(self, segment: Segment) -> bool:
        return has_speech(self._spoken[segment.start : segment.end])


class Reply:
    """One reply on its way from text to audio."""

    def __init__(self, stream: int, number: int, rate_hz: int) -> None:
        self.stream = stream
        self.number = number
        self.rate_hz = rate_hz
        self.finished = False
        self._pieces: deque[Piece] = deque()
        self._text_chars = 0
        self._samples = 0
        self._pause_ms = 0
        self._began_ms: float | None = None

    @property
    def audio_ms(self) -> float:
        """How much audio of the reply was sent to the server, in ms."""
        return self._samples * 1000 / self.rate_hz

    @property
    def has_work(self) -> bool:
        """True when `Speaking` would do something."""
        return bool(self._pieces)

    def ahead_ms(self, now_ms: float) -> float:
        """How much of what was told cannot have been heard yet; less than nothing when playout waits."""
        return 0.0 if self._began_ms is None else self._began_ms + self.audio_ms - now_ms

    def write(self, text: str) -> None:
        """Add text to the reply, to be spoken after what it has so far."""
        self._pieces.append(Piece(text, self._text_chars))
        self._text_chars += len(text)

    def next_segment(self) -> "tuple[Piece, Segment, str] | None":
        """The next thing to synthesise; None when the piece in front has nothing (more) to say."""
        piece = self._pieces[0]
        return None if piece.done else (piece, *piece.next())

    def end_piece(self, tell: Tell) -> None:
        """Tell the end of the piece in front, if it has ended."""
        if self._pieces and self._pieces[0].done:
            piece = self._pieces.popleft()
            tell(PieceMade(self.stream, self.number, piece.end, self.audio_ms))

    def told(self, pcm: bytes, now_ms: float) -> AudioMade:
        """Count audio of the reply that is sent to the server."""
        if self._began_ms is None:
            self._began_ms = now_ms
        self._samples += len(pcm) // 2
        return AudioMade(self.stream, self.number, pcm)

    def due_pause(self, after_ms: int) -> bytes:
        """The silence due before the segment that is about to be told; `after_ms` is due after it."""
        pause_ms, self._pause_ms = self._pause_ms, after_ms
        return bytes(pause_ms * self.rate_hz // 1000 * 2)


class Speaking:
    """One segment of a reply while the engine makes it."""

    def __init__(self, reply: Reply, sound: Sound, engine_hz: int, offset: int, text: str) -> None:
        self._reply = reply
        self._sound = sound
        self._engine_hz = engine_hz
        self._offset = offset
        self._words: deque[Word] = deque(words(text))
        self._base_ms = reply.audio_ms
        self._last_ms = self._base_ms
        self._starts: list[WordStart] = []
        sound.begin()

    def take(self, pcm: bytes, starts: list[WordStart], tell: Tell, now_ms: float) -> None:
        """Report the audio and word times that the engine made of the segment in hand."""
        self._starts += starts
        self._told(self._sound.push(pcm), tell, now_ms)

    def end(self, tell: Tell, now_ms: float) -> None:
        """The engine is done with the segment."""
        self._told(self._sound.end(), tell, now_ms)
        self._tell_words(len(self._words), self._reply.audio_ms, tell)

    def _told(self, pcm: bytes, tell: Tell, now_ms: float) -> None:
        if not pcm:
            return
        for start in self._starts:
            begun = sum(1 for word in self._words if word.start <= start.position)
            at_ms = self._base_ms + max(0, start.sample - self._sound.cut_samples) * 1000 / self._engine_hz
            self._tell_words(begun, at_ms, tell)
        self._starts.clear()
        tell(self._reply.told(pcm, now_ms))

    def _tell_words(self, count: int, last_ms: float, tell: Tell) -> None:
        """Tell the next `count` words, the last of them at `last_ms`.

        The engine runs some together (`of the`) and tells one start: the others are spread evenly before it.
        """
        since_ms = self._last_ms
        for index in range(1, count + 1):
            word = self._words.popleft()
            self._last_ms = since_ms + (last_ms - since_ms) * index / count
            start, end = self._offset + word.start, self._offset + word.end
            tell(WordMade(self._reply.stream, self._reply.number, start, end, self._last_ms))


class Stream:
    """One session's voice: its replies, spoken one after the other."""

    def __init__(self, order: OpenStream) -> None:
        self.number = order.stream
        self.rate_hz = order.rate_hz
        self.tuning = tuning(order)
        self._replies: dict[int, Reply] = {}

    @property
    def front(self) -> Reply | None:
        """The reply of this stream that is being spoken; None if there is none."""
        return next(iter(self._replies.values()), None)

    def write(self, number: int, text: str) -> None:
        """Add text to a reply, which is begun with its first text."""
        self._reply(number).write(text)

    def finish(self, number: int) -> None:
        """Note that a reply has all its text."""
        self._reply(number).finished = True

    def cancel(self, number: int) -> None:
        """Drop a reply; nothing more of it is spoken."""
        self._replies.pop(number, None)

    def settle(self, tell: Tell) -> None:
        """Tell the ends of replies that have nothing left to say."""
        while (reply := self.front) is not None and reply.finished and not reply.has_work:
            del self._replies[reply.number]
            tell(ReplyMade(self.number, reply.number))

    def _reply(self, number: int) -> Reply:
        if number not in self._replies:
            self._replies[number] = Reply(self.number, number, self.rate_hz)
        return self._replies[number]
