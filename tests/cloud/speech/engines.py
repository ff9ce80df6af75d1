"""What recognizes: a script, an echo for measuring, or an engine that a test supplies."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Protocol

import msgspec

from tests.cloud.speech.energy import Edge, Segments
from tests.cloud.speech.records import Recognition

SEGMENTATION_MS = 500.0
"""Silence that ends an utterance, unless the client asks for another."""


class Heard(msgspec.Struct, frozen=True):
    """What an engine makes out. Positions are those in the turn's audio."""

    kind: Literal["start", "partial", "final"]
    text: str = ""
    offset_ms: float = 0.0
    duration_ms: float = 0.0
    confidence: float = 0.9
    language: str = ""
    speaker: str = ""
    status: str = "Success"


class Listener(Protocol):
    """The turn that an engine listens in."""

    @property
    def recognition(self) -> Recognition:
        """What was asked for."""
        ...

    def tell(self, heard: Heard, *, delay_ms: float = 0.0, told: Callable[[], None] | None = None) -> None:
        """Send it to the client; `told` is called once it goes out."""
        ...

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside; the turn does not end before it."""
        ...


class Ear(Protocol):
    """One engine in one turn."""

    def hear(self, pcm: bytes) -> None:
        """Take more audio."""
        ...

    def finish(self) -> None:
        """There is no more."""
        ...


class RecognitionEngine(Protocol):
    """Whatever recognizes."""

    def listen(self, turn: Listener) -> Ear:
        """Begin a turn. The audio's rate is known."""
        ...


class Partial(msgspec.Struct, frozen=True):
    """A partial result, `after_ms` of audio after the utterance's start."""

    text: str
    after_ms: float


class Utterance(msgspec.Struct, frozen=True):
    """What is recognized once somebody speaks.

    `partials` as texts come every 200 ms of audio; None: one word more each time. `at_ms` (with `duration_ms`): at that
    place in the audio, whatever it holds, counted from the beginning of the first turn. `status` may be NoMatch,
    InitialSilenceTimeout, Error, ... `final_delay_ms` is real time on top of the silence that ends an utterance.
    """

    text: str
    partials: tuple[str | Partial, ...] | None = None
    at_ms: float | None = None
    duration_ms: float = 1000.0
    confidence: float = 0.9
    language: str = ""
    speaker: str = ""
    status: str = "Success"
    final_delay_ms: float = 0.0


class Scripted:
    """Recognizes the utterances in order, one for each stretch of speech; NoMatch after the last.

    The script goes on over turns and connections: an utterance whose final was not sent comes again. With
    `each_connection` every connection begins at the first.
    """

    def __init__(
        self, *utterances: Utterance | str, partial_every_ms: float = 200.0, each_connection: bool = False
    ) -> None:
        self.utterances = tuple(Utterance(u) if isinstance(u, str) else u for u in utterances)
        self.partial_every_ms = partial_every_ms
        self.each_connection = each_connection
        self._scripts: dict[int, _Script] = {}

    def listen(self, turn: Listener) -> Ear:
        """See `RecognitionEngine`."""
        number = turn.recognition.connection if self.each_connection else 0
        script = self._scripts.setdefault(number, _Script())
        return _ScriptedEar(self, script, turn)

    @property
    def left(self) -> tuple[Utterance, ...]:
        """Utterances whose final was not sent, over all connections."""
        told = {index for script in self._scripts.values() for index in script.told}
        return tuple(u for index, u in enumerate(self.utterances) if index not in told)


class _Script:
    """How far one conversation is."""

    def __init__(self) -> None:
        self.told: set[int] = set()
        self.until_ms = 0.0
        """End of the last final, in the audio of the whole conversation: the SDK repeats what lies behind it."""


class _Speaking:
    """An utterance that goes on."""

    def __init__(self, utterance: Utterance, index: int, start_ms: float, every_ms: float) -> None:
        self.utterance = utterance
        self.index = index
        self.start_ms = start_ms
        self.due = [Partial(p.text, start_ms + p.after_ms) for p in partials(utterance, every_ms)]


class _ScriptedEar:
    def __init__(self, engine: Scripted, script: _Script, turn: Listener) -> None:
        self._every_ms = engine.partial_every_ms
        self._script = script
        self._turn = turn
        self._from_ms = script.until_ms
        left = [(i, u) for i, u in enumerate(engine.utterances) if i not in script.told]
        self._spoken = [entry for entry in left if entry[1].at_ms is None]
        self._timed = sorted((entry for entry in left if entry[1].at_ms is not None), key=lambda e: e[1].at_ms or 0)
        self._by_energy = bool(self._spoken) or not self._timed
        self._segments = segments(turn)
        self._now: _Speaking | None = None

    def hear(self, pcm: bytes) -> None:
        """See `Ear`."""
        edges = self._segments.feed(pcm)
        if self._timed:
            self._follow_clock(self._segments.position_ms)
        if self._by_energy:
            self._follow(edges)
        self._tell_partials(self._segments.position_ms)

    def finish(self) -> None:
        """See `Ear`."""
        self._follow(self._segments.finish() if self._by_energy else [])
        if self._now is not None:
            self._end(self._segments.position_ms)

    def _follow(self, edges: list[Edge]) -> None:
        for edge in edges:
            if edge.kind == "start" and self._now is None:
                index, utterance = self._spoken.pop(0) if self._spoken else (-1, Utterance("", (), status="NoMatch"))
                self._begin(utterance, index, edge.at_ms)
            elif edge.kind == "end" and self._now is not None and self._now.utterance.at_ms is None:
                self._tell_partials(edge.at_ms)
                self._end(edge.at_ms)

    def _follow_clock(self, position_ms: float) -> None:
        if (now := self._now) is not None and now.utterance.at_ms is not None:
            ends_ms = now.start_ms + now.utterance.duration_ms
            if position_ms >= ends_ms:
                self._tell_partials(ends_ms)
                self._end(ends_ms)
        if self._now is None and self._timed:
            index, utterance = self._timed[0]
            starts_ms = max(0.0, (utterance.at_ms or 0.0) - self._from_ms)
            if position_ms >= starts_ms:
                del self._timed[0]
                self._begin(utterance, index, starts_ms)

    def _begin(self, utterance: Utterance, index: int, start_ms: float) -> None:
        self._now = _Speaking(utterance, index, start_ms, self._every_ms)
        self._turn.tell(Heard("start", offset_ms=start_ms))

    def _tell_partials(self, position_ms: float) -> None:
        while (now := self._now) is not None and now.due and now.due[0].after_ms <= position_ms:
            partial = now.due.pop(0)
            self._turn.tell(self._heard("partial", partial.text, now, partial.after_ms))

    def _end(self, end_ms: float) -> None:
        now, self._now = self._now, None
        assert now is not None

        def told() -> None:
            self._script.told.add(now.index)
            self._script.until_ms = self._from_ms + end_ms

        final = self._heard("final", now.utterance.text, now, end_ms)
        self._turn.tell(final, delay_ms=now.utterance.final_delay_ms, told=told)

    def _heard(self, kind: Literal["partial", "final"], text: str, now: _Speaking, until_ms: float) -> Heard:
        said = now.utterance
        offset_ms, duration_ms = now.start_ms, until_ms - now.start_ms
        return Heard(kind, text, offset_ms, duration_ms, said.confidence, said.language, said.speaker, said.status)


class LatencyEcho:
    """For measuring: says how much speech it heard, as soon as it is told to, and costs next to nothing.

    A final comes when `final_after_ms` of silence followed speech, so that long after its end if audio is sent in real
    time; partials every `partial_every_ms` of speech. Texts are counters: "number 2 part 3", "Number 2." The journal
    `SpeechEmulator.messages` has the time when each was sent.
    """

    def __init__(self, *, final_after_ms: float = 300.0, partial_every_ms: float = 200.0) -> None:
        self.final_after_ms = final_after_ms
        self.partial_every_ms = partial_every_ms

    def listen(self, turn: Listener) -> Ear:
        """See `RecognitionEngine`."""
        return _EchoEar(self, turn)


class _EchoEar:
    def __init__(self, engine: LatencyEcho, turn: Listener) -> None:
        self._engine = engine
        self._turn = turn
        self._segments = Segments(turn.recognition.rate_hz, engine.final_after_ms)
        self._number = 0
        self._parts = 0
        self._start_ms = 0.0

    def hear(self, pcm: bytes) -> None:
        """See `Ear`."""
        self._follow(self._segments.feed(pcm))
        if self._segments.start_ms is None:
            return
        spoken_ms = self._segments.voiced_until_ms - self._segments.start_ms
        while spoken_ms >= (self._parts + 1) * self._engine.partial_every_ms:
            self._parts += 1
            duration_ms = self._parts * self._engine.partial_every_ms
            text = f"number {self._number} part {self._parts}"
            self._turn.tell(Heard("partial", text, self._start_ms, duration_ms))

    def finish(self) -> None:
        """See `Ear`."""
        self._follow(self._segments.finish())

    def _follow(self, edges: list[Edge]) -> None:
        for edge in edges:
            if edge.kind == "start":
                self._number, self._parts, self._start_ms = self._number + 1, 0, edge.at_ms
                self._turn.tell(Heard("start", offset_ms=edge.at_ms))
            else:
                duration_ms = edge.at_ms - self._start_ms
                self._turn.tell(Heard("final", f"Number {self._number}.", self._start_ms, duration_ms))


class Embedded:
    """Recognizes by `decode(pcm, rate_hz) -> text`, called in a thread with each stretch of speech, one at a time.

    `partial_every_ms`: also with what there is of it so far, so often.
    """

    before_ms = 200.0
    """Audio before the start that belongs to it."""

    def __init__(self, decode: Callable[[bytes, int], str], *, partial_every_ms: float | None = None) -> None:
        self.decode = decode
        self.partial_every_ms = partial_every_ms

    def listen(self, turn: Listener) -> Ear:
        """See `RecognitionEngine`."""
        return _EmbeddedEar(self, turn)


class _EmbeddedEar:
    def __init__(self, engine: Embedded, turn: Listener) -> None:
        self._engine = engine
        self._turn = turn
        self._segments = segments(turn)
        self._bytes_per_ms = turn.recognition.rate_hz * 2 // 1000
        self._audio = bytearray()
        self._audio_from_ms = 0.0
        self._start_ms = 0.0
        self._parts = 0
        self._one_at_a_time = asyncio.Lock()

    def hear(self, pcm: bytes) -> None:
        """See `Ear`."""
        self._audio += pcm
        self._follow(self._segments.feed(pcm))
        every_ms = self._engine.partial_every_ms
        if self._segments.start_ms is None:
            self._forget(self._segments.position_ms - self._engine.before_ms)
        elif every_ms and self._segments.position_ms - self._start_ms >= (self._parts + 1) * every_ms:
            self._parts += 1
            self._decode("partial", self._segments.position_ms)

    def finish(self) -> None:
        """See `Ear`."""
        self._follow(self._segments.finish())

    def _follow(self, edges: list[Edge]) -> None:
        for edge in edges:
            if edge.kind == "start":
                self._start_ms, self._parts = edge.at_ms, 0
                self._forget(edge.at_ms - self._engine.before_ms)
                self._turn.tell(Heard("start", offset_ms=edge.at_ms))
            else:
                self._decode("final", edge.at_ms)

    def _forget(self, before_ms: float) -> None:
        excess_ms = int(before_ms - self._audio_from_ms)
        if excess_ms > 0:
            del self._audio[: excess_ms * self._bytes_per_ms]
            self._audio_from_ms += excess_ms

    def _decode(self, kind: Literal["partial", "final"], until_ms: float) -> None:
        pcm = bytes(self._audio[: int(until_ms + self._engine.before_ms - self._audio_from_ms) * self._bytes_per_ms])
        self._turn.start(self._decoded(kind, pcm, self._start_ms, until_ms - self._start_ms))

    async def _decoded(self, kind: Literal["partial", "final"], pcm: bytes, start_ms: float, length_ms: float) -> None:
        async with self._one_at_a_time:
            text = await asyncio.to_thread(self._engine.decode, pcm, self._turn.recognition.rate_hz)
            status = "Success" if text or kind == "partial" else "NoMatch"
            self._turn.tell(Heard(kind, text, start_ms, length_ms, status=status))


def segments(turn: Listener) -> Segments:
    """As the client wants speech to be cut."""
    asked_ms = turn.recognition.segmentation_ms
    return Segments(turn.recognition.rate_hz, SEGMENTATION_MS if asked_ms is None else asked_ms)


def partials(utterance: Utterance, every_ms: float) -> Sequence[Partial]:
    """Of an utterance, by audio time after its start."""
    given = utterance.partials
    if given is None:
        words = lexical(utterance.text).split()
        given = tuple(" ".join(words[: count + 1]) for count in range(len(words)))
    return [p if isinstance(p, Partial) else Partial(p, (n + 1) * every_ms) for n, p in enumerate(given)]


def lexical(text: str) -> str:
    """As partials are: no capitals, no punctuation."""
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter in " '-")
