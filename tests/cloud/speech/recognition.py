"""Speech to text on a connection: one turn after the other, as the SDK asks for them."""

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from tests.cloud.background import Background
from tests.cloud.speech.engines import Ear, Heard, RecognitionEngine
from tests.cloud.speech.faults import Faults
from tests.cloud.speech.link import Link
from tests.cloud.speech.records import Block, Recognition
from tests.cloud.speech.wire import Frame, WireError, ticks, wave_header

BAD_REQUEST = 1007
UNKNOWN_SPEAKER = "Unknown"


class RecognitionSocket:
    """The lane of one connection. `begun` is told of each turn; `turn_per_utterance`: the service ends it.

    `service_tags` are those of all turns of the service so far: after a reconnection the SDK names the turn that it
    continues.
    """

    def __init__(
        self,
        link: Link,
        engine: Callable[[], RecognitionEngine],
        faults: Faults,
        background: Background,
        begun: Callable[[Recognition], None],
        service_tags: set[str],
        *,
        keep_audio: bool,
        turn_per_utterance: bool,
    ) -> None:
        self._link = link
        self._engine = engine
        self._faults = faults
        self._background = background
        self._begun = begun
        self._keep_audio = keep_audio
        self._turn_per_utterance = turn_per_utterance
        self._turn: Turn | None = None
        self._rate_hz = 0
        self._service_tags = service_tags

    def take(self, frame: Frame) -> None:
        """A frame of the client.

        Raises:
            WireError: the service would not take it.
        """
        match frame.path:
            case "speech.context":
                self._begin(frame)
            case "audio":
                self._hear(frame)
            case _:  # speech.config, telemetry, and what else the SDK tells
                pass

    def close(self) -> None:
        """The connection is over."""
        if self._turn is not None:
            self._turn.close()

    def _begin(self, frame: Frame) -> None:
        context = frame.json()
        continued = context.get("continuation", {}).get("previousServiceTag")
        if continued is not None and continued not in self._service_tags:
            raise WireError("speech.context continues a turn that there never was")
        if self._turn is not None:
            self._turn.close()
        recognition = read_context(context, self._link.connection.number, frame.request_id)
        if not recognition.languages and (language := self._link.connection.query.get("language")):
            recognition.languages = (language,)
        self._begun(recognition)
        service_tag = uuid.uuid4().hex
        self._service_tags.add(service_tag)
        self._turn = Turn(
            self._link,
            recognition,
            self._faults,
            self._background,
            service_tag=service_tag,
            ends_itself=self._turn_per_utterance,
        )

    def _hear(self, frame: Frame) -> None:
        turn = self._turn
        assert isinstance(frame.body, bytes)
        pcm = frame.body
        if turn is None or frame.request_id != turn.recognition.request_id:
            return  # what was on the way when the turn ended
        if pcm.startswith(b"RIFF"):
            self._rate_hz, header_bytes = wave_header(pcm)
            pcm = pcm[header_bytes:]
            if not pcm:
                return
        if not self._rate_hz:
            raise WireError("audio without a RIFF header before it")
        recognition = turn.recognition
        recognition.rate_hz = self._rate_hz
        if pcm:
            recognition.audio_ms += len(pcm) * 500 / self._rate_hz
            if self._keep_audio:
                recognition.audio += pcm
                recognition.blocks.append(Block(time.monotonic(), len(pcm)))
        turn.hear(self._engine(), pcm)


class Turn:
    """One turn; see `engines.Listener`."""

    def __init__(
        self,
        link: Link,
        recognition: Recognition,
        faults: Faults,
        background: Background,
        *,
        service_tag: str,
        ends_itself: bool,
    ) -> None:
        self._link = link
        self._recognition = recognition
        self._faults = faults
        self._background = background
        self._ends_itself = ends_itself
        self._ear: Ear | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._partial: dict[str, Any] = {}
        self._over = False
        self._stalled = self._fault("mute_recognition") is not None
        self._say("turn.start", {"context": {"serviceTag": service_tag}})

    @property
    def recognition(self) -> Recognition:
        """What was asked for."""
        return self._recognition

    def hear(self, engine: RecognitionEngine, pcm: bytes) -> None:
        """More audio; empty at its end."""
        if self._over or self._recognition.ended:
            return
        if fault := self._fault("drop_recognition"):
            self._drop(fault.code)
        if self._fault("stall_recognition"):
            self._stalled = True
        if self._ear is None:
            self._ear = engine.listen(self)
        if pcm:
            self._ear.hear(pcm)
        else:
            self._recognition.ended = True
            self._ear.finish()
            self._background.start(self._finish())

    def tell(self, heard: Heard, *, delay_ms: float = 0.0, told: Callable[[], None] | None = None) -> None:
        """See `engines.Listener`."""
        if delay_ms:
            self.start(self._later(delay_ms / 1000, heard, told))
        else:
            self._tell(heard, told)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """See `engines.Listener`."""
        task = self._background.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Nothing more is said, and nothing more worked on."""
        self._over = True
        for task in self._tasks:
            task.cancel()

    async def _later(self, delay_s: float, heard: Heard, told: Callable[[], None] | None) -> None:
        await asyncio.sleep(delay_s)
        self._tell(heard, told, held_back=True)

    async def _finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
        if not self._over:
            place = {"Id": uuid.uuid4().hex, "Offset": ticks(self._recognition.audio_ms), "Duration": 0}
            self._say("speech.phrase", {**place, "RecognitionStatus": "EndOfDictation", "Channel": 0})
            self._say("turn.end", {})
        self._over = True

    def _tell(self, heard: Heard, told: Callable[[], None] | None, *, held_back: bool = False) -> None:
        if self._over or self._stalled:
            return
        match heard.kind:
            case "start":
                self._partial = {}
                self._say("speech.startDetected", {"Offset": ticks(heard.offset_ms)})
            case "partial":
                self._tell_partial(heard)
            case "final":
                self._tell_final(heard, told, held_back)

    def _tell_partial(self, heard: Heard) -> None:
        if self._fault("lose_partial"):
            return
        body = {**self._place(heard), "Text": heard.text}
        self._say("speech.hypothesis", body)
        if self._partial and self._fault("backward_partial"):
            self._say("speech.hypothesis", self._partial)
        self._partial = body
        if fault := self._fault("drop_at_partial"):
            self._drop(fault.code)

    def _tell_final(self, heard: Heard, told: Callable[[], None] | None, held_back: bool) -> None:
        if fault := self._fault("drop_at_final"):
            self._drop(fault.code)
            return
        if self._fault("lose_final"):
            return
        if not held_back and (fault := self._fault("delay_final")):
            self.start(self._later(fault.delay_s, heard, told))
            return
        phrase = {**self._place(heard), "RecognitionStatus": heard.status, "Channel": 0}
        if fault := self._fault("error_phrase"):
            self._say("speech.phrase", {**phrase, "RecognitionStatus": fault.text})
            return
        if heard.status == "Success":
            phrase |= self._wording(heard)
        if self._fault("empty_final"):
            empty = {"DisplayText": "", "Duration": 0, "RecognitionStatus": "Success"}
            self._say("speech.phrase", {**self._place(heard), **empty, "Channel": 0})
        self._say("speech.phrase", phrase)
        if told is not None:
            told()
        if self._fault("duplicate_final"):
            self._say("speech.phrase", phrase)
        if self._ends_itself and not self._recognition.ended:
            self._say("speech.endDetected", {"Offset": ticks(heard.offset_ms + heard.duration_ms)})
            self._say("turn.end", {})
            self.close()

    def _place(self, heard: Heard) -> dict[str, Any]:
        """What partials and finals have in common."""
        asked = self._recognition
        body: dict[str, Any] = {
            "Id": uuid.uuid4().hex,
            "Offset": ticks(heard.offset_ms),
            "Duration": ticks(heard.duration_ms),
        }
        if asked.detects_language:
            language = heard.language or (asked.languages[0] if asked.languages else "en-US")
            body["PrimaryLanguage"] = {"Language": language, "Confidence": "High"}
        if asked.diarization:
            body["SpeakerId"] = heard.speaker or UNKNOWN_SPEAKER
        return body

    def _wording(self, heard: Heard) -> dict[str, Any]:
        asked = self._recognition.context.get("phraseOutput", {})
        if asked.get("format") != "Detailed":
            return {"DisplayText": heard.text}
        timed = {"Words": _words(heard)} if "WordTimings" in asked.get("detailed", {}).get("options", ()) else {}
        plain = {"Lexical": heard.text.lower().rstrip(".?!"), "ITN": heard.text, "MaskedITN": heard.text}
        return {"NBest": [{"Confidence": heard.confidence, **plain, "Display": heard.text, **timed}]}

    def _say(self, path: str, body: dict[str, Any]) -> None:
        if not self._stalled:
            self._link.tell(path, self._recognition.request_id, body)

    def _drop(self, code: int | None) -> None:
        self._link.end(code, "switched off")
        self.close()

    def _fault(self, name: str) -> Any:
        return self._faults.take(name, self._link.connection.number, at_ms=self._recognition.audio_ms)


def read_context(context: dict[str, Any], connection: int, request_id: str) -> Recognition:
    """What a `speech.context` asks for."""
    detection = context.get("phraseDetection", {})
    languages = context.get("languageId", {}).get("languages") or [detection.get("language")]
    groups = context.get("dgi", {}).get("Groups", [])
    return Recognition(
        connection,
        -1,
        request_id,
        context,
        languages=tuple(language for language in languages if language),
        phrases=tuple(item["Text"] for group in groups for item in group.get("Items", [])),
        diarization="speakerDiarization" in detection,
        segmentation_ms=next(_found(detection, "segmentationSilenceTimeoutMs"), None),
    )


def _words(heard: Heard) -> list[dict[str, Any]]:
    """The words of a final, each as long as the others."""
    words = heard.text.lower().rstrip(".?!").split()
    each_ms = heard.duration_ms / max(1, len(words))
    return [
        {"Word": word, "Offset": ticks(heard.offset_ms + number * each_ms), "Duration": ticks(each_ms)}
        for number, word in enumerate(words)
    ]


def _found(tree: dict[str, Any], name: str) -> Iterator[float]:
    for key, value in tree.items():
        if key == name:
            yield float(value)
        elif isinstance(value, dict):
            yield from _found(value, name)
