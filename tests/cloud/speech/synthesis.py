"""Text to speech on a connection: SSML whole, or text piece by piece."""

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec

from tests.cloud.background import Background
from tests.cloud.speech.faults import Faults
from tests.cloud.speech.link import Link
from tests.cloud.speech.records import Block, Synthesis
from tests.cloud.speech.ssml import Manner, Span, Spoken, SsmlError, parse_ssml
from tests.cloud.speech.voices import Voice, Voiced, Word
from tests.cloud.speech.wire import Frame, WireError, ticks

FORMAT = re.compile(r"raw-(8|16|22050|24|44100|48)(?:khz|hz)-16bit-mono-pcm")
STREAMING_PATH = "/tts/cognitiveservices/websocket/v2"
SPEAKABLE = re.compile(r".*?(?:[.?!…;:]+(?=\s|$)|[。\uff1f\uff01\n]+)\s*", re.DOTALL)
"""Of a text stream, what is said before the rest is known."""


class Delivery(msgspec.Struct, frozen=True):
    """How audio is sent: the first of it when, in blocks of what length, how many times as fast as it plays.

    `speed` 0: as fast as the connection takes it.
    """

    first_byte_ms: float = 0.0
    speed: float = 0.0
    chunk_ms: float = 100.0


class SynthesisSocket:
    """The lane of one connection. `begun` is told of each request; the rest are callables, since tests change them."""

    def __init__(
        self,
        link: Link,
        voice: Callable[[], Voice],
        delivery: Callable[[], Delivery],
        faults: Faults,
        background: Background,
        begun: Callable[[Synthesis], None],
        *,
        keep_audio: bool,
    ) -> None:
        self._link = link
        self._voice = voice
        self._delivery = delivery
        self._faults = faults
        self._background = background
        self._begun = begun
        self._keep_audio = keep_audio
        self._requests: dict[str, _Request] = {}

    def take(self, frame: Frame) -> None:
        """A frame of the client.

        Raises:
            WireError, SsmlError: the service would not take it.
        """
        match frame.path:
            case "synthesis.context":
                self._begin(frame)
            case "ssml":
                self._asked(frame).speak(str(frame.body))
            case "text.piece":
                self._asked(frame).add(str(frame.body))
            case "text.end":
                self._asked(frame).add(None)
            case _:  # speech.config, telemetry, and what else the SDK tells
                pass

    def close(self) -> None:
        """The connection is over."""
        for request in self._requests.values():
            request.abandon()

    def _begin(self, frame: Frame) -> None:
        context = frame.json()
        asked = context.get("synthesis", {})
        output_format = asked.get("audio", {}).get("outputFormat", "")
        rate_hz = _rate_hz(output_format)
        streaming = bool(asked.get("input", {}).get("bidirectionalStreamingMode"))
        connection = self._link.connection
        if streaming and connection.path != STREAMING_PATH:
            raise WireError(f"text streams are taken at {STREAMING_PATH} only")
        synthesis = Synthesis(
            connection.number, -1, frame.request_id, time.monotonic(), output_format, rate_hz, context, streaming
        )
        self._begun(synthesis)
        request = _Request(self._link, synthesis, self._voice(), self._delivery(), self._faults, self._keep_audio)
        self._requests[frame.request_id] = request
        if streaming:
            manner = Manner(voice=asked["input"].get("voiceName", ""), language=asked["input"].get("language", ""))
            request.stream(manner)
        request.task = self._background.start(request.run())
        request.task.add_done_callback(lambda _: self._requests.pop(frame.request_id, None))

    def _asked(self, frame: Frame) -> "_Request":
        request = self._requests.get(frame.request_id)
        if request is None:
            raise WireError(f"{frame.path} without a synthesis.context before it")
        return request


class _Request:
    """One request, from its context to its last audio."""

    def __init__(
        self, link: Link, synthesis: Synthesis, voice: Voice, delivery: Delivery, faults: Faults, keep_audio: bool
    ) -> None:
        self._link = link
        self._synthesis = synthesis
        self._voice = voice
        self._delivery = delivery
        self._faults = faults
        self._keep_audio = keep_audio
        self._stream_id = uuid.uuid4().hex.upper()
        self._spans: asyncio.Queue[Span | None] = asyncio.Queue()
        self._manner = Manner()
        self._unsaid = ""
        self._began_s = 0.0
        self._made_ms = 0.0
        self._sent_ms = 0.0
        self._odd = False
        self._tells_words = True
        self.task: asyncio.Task[None] | None = None

    def speak(self, document: str) -> None:
        """Say an SSML document."""
        self._synthesis.ssml = document
        try:
            self._synthesis.spoken = parse_ssml(document)
        except SsmlError:
            self._synthesis.outcome = "refused"
            raise
        for span in self._synthesis.spoken.spans:
            self._spans.put_nowait(span)
        self._spans.put_nowait(None)

    def stream(self, manner: Manner) -> None:
        """Expect text piece by piece."""
        self._manner = manner

    def add(self, text: str | None) -> None:
        """A piece of a text stream; None after the last."""
        self._unsaid += text or ""
        if text is not None:
            self._synthesis.pieces.append((time.monotonic(), text))
            said = Spoken((*self._synthesis.spoken.spans, Span(text, self._manner)))
            self._synthesis.spoken = said
            while found := SPEAKABLE.match(self._unsaid):
                self._unsaid = self._unsaid[found.end() :]
                self._spans.put_nowait(Span(found[0], self._manner))
        else:
            if self._unsaid.strip():
                self._spans.put_nowait(Span(self._unsaid, self._manner))
            self._spans.put_nowait(None)

    def abandon(self) -> None:
        """Nobody listens any more."""
        if self.task is not None:
            self.task.cancel()
        self._end("abandoned")

    async def run(self) -> None:
        """Say it all."""
        first = await self._spans.get()
        if self._fault("mute_synthesis"):
            self._end("stalled")
            return
        request_id = self._synthesis.request_id
        self._link.tell("turn.start", request_id, {"context": {"serviceTag": uuid.uuid4().hex}})
        audio = {"type": "inline", "streamId": self._stream_id}
        self._link.tell("response", request_id, {"context": {"serviceTag": ""}, "audio": audio})
        late = self._fault("slow_first_byte")
        await asyncio.sleep(self._delivery.first_byte_ms / 1000 + (late.delay_s if late else 0))
        self._odd = self._fault("odd_chunks") is not None
        self._tells_words = self._words_asked() and not self._fault("no_words")
        silent = self._fault("no_audio") is not None
        self._began_s = time.monotonic()
        span = first
        while span is not None:
            if not silent and not await self._say(span):
                return
            span = await self._spans.get()
        self._link.tell("audio.metadata", request_id, _metadata("SessionEnd", {"Offset": ticks(self._made_ms)}))
        self._link.audio(request_id, self._stream_id, b"")
        self._link.tell("turn.end", request_id, {})
        self._end("completed")

    async def _say(self, span: Span) -> bool:
        """False if that was the end."""
        if span.bookmark:
            mark = _metadata("Bookmark", {"Offset": ticks(self._made_ms), "Bookmark": span.bookmark})
            self._link.tell("audio.metadata", self._synthesis.request_id, mark)
        rate_hz = self._synthesis.rate_hz
        if span.text:
            voiced = await asyncio.to_thread(self._voice, span, rate_hz)
        else:
            voiced = Voiced(bytes(round(span.pause_ms) * rate_hz // 1000 * 2))
        base_ms = self._made_ms
        self._made_ms += len(voiced.pcm) * 500 / rate_hz
        words = [msgspec.structs.replace(word, start_ms=word.start_ms + base_ms) for word in voiced.words]
        size = max(2, round(self._delivery.chunk_ms * rate_hz / 1000) * 2) - self._odd
        for start in range(0, len(voiced.pcm), size):
            chunk = voiced.pcm[start : start + size]
            until_ms = base_ms + (start + len(chunk)) * 500 / rate_hz
            await self._due()
            if not await self._survives():
                return False
            while words and words[0].start_ms < until_ms:
                self._tell_word(words.pop(0))
            self._send(chunk)
        for word in words:
            self._tell_word(word)
        return True

    async def _due(self) -> None:
        """Wait until the next chunk may go; without pace, let others at the loop."""
        speed = self._delivery.speed
        if not speed:
            await asyncio.sleep(0)
            return
        # After a pause in a text stream the pace begins anew: what was not there cannot be late.
        self._began_s = max(self._began_s, time.monotonic() - self._sent_ms / 1000 / speed - 0.1)
        await asyncio.sleep(max(0.0, self._began_s + self._sent_ms / 1000 / speed - time.monotonic()))

    async def _survives(self) -> bool:
        if fault := self._fault("drop_synthesis"):
            self._end("broken")
            self._link.end(fault.code, "switched off")
            return False
        if self._fault("stall_synthesis"):
            self._end("stalled")
            return False
        if fault := self._fault("pause_synthesis"):
            await asyncio.sleep(fault.delay_s)
        return not self._link.ending

    def _send(self, chunk: bytes) -> None:
        self._sent_ms += len(chunk) * 500 / self._synthesis.rate_hz
        self._link.audio(self._synthesis.request_id, self._stream_id, chunk)
        self._synthesis.blocks.append(Block(time.monotonic(), len(chunk)))
        if self._keep_audio:
            self._synthesis.audio += chunk

    def _tell_word(self, word: Word) -> None:
        self._synthesis.words.append(word)
        if not self._tells_words:
            return
        kind = "PunctuationBoundary" if word.punctuation else "WordBoundary"
        text = {"Text": word.text, "Length": len(word.text), "BoundaryType": kind}
        place = {"Offset": ticks(word.start_ms), "Duration": ticks(word.duration_ms)}
        self._link.tell(
            "audio.metadata", self._synthesis.request_id, _metadata("WordBoundary", {**place, "text": text})
        )

    def _words_asked(self) -> bool:
        options = self._synthesis.context.get("synthesis", {}).get("audio", {}).get("metadataOptions", {})
        return bool(options.get("wordBoundaryEnabled"))

    def _end(self, outcome: str) -> None:
        if not self._synthesis.outcome:
            self._synthesis.outcome = outcome  # type: ignore[assignment]

    def _fault(self, name: str) -> Any:
        return self._faults.take(name, self._synthesis.connection, at_ms=self._sent_ms)


def _metadata(kind: str, place: dict[str, Any]) -> dict[str, Any]:
    return {"Metadata": [{"Type": kind, "Data": place}]}


def _rate_hz(output_format: str) -> int:
    found = FORMAT.fullmatch(output_format)
    if found is None:
        raise WireError(f"output format {output_format!r}: only raw-*-16bit-mono-pcm is made here")
    number = int(found[1])
    return number if number > 1000 else number * 1000
