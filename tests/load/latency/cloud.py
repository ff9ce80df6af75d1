"""The cloud of the latency benchmark in a process of its own: Azure Speech and Azure OpenAI, emulated.

`python -m tests.load.latency.cloud` prints a line of JSON, the variables by which a server uses it. For each line that
it is then sent it prints one, the `Notes` since the last; it ends with its input. Times are `time.monotonic()`, one
clock for all processes of a machine.
"""

import asyncio
import gc
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.journal import Journal, T
from tests.cloud.speech.emulator import Delivery, Ear, Heard, LatencyEcho, Recognition, SpeechEmulator
from tests.cloud.speech.engines import Listener
from tests.load.latency.script import CONNECT_MS, PITCHES, SPEED, answer, caller_of, question
from tests.load.script import RECOGNITION_MS, SYNTHESIS_MS

SEGMENTATION_MS = 500
"""Of silence, which end an utterance: the default of the product and of the service."""
KNOWN_BY_MS = 200
QUESTION = re.compile(r"Caller (\d+) turn (\d+)")
ANSWER = re.compile(r"Caller (\d+) asks")


class Recognized(msgspec.Struct, frozen=True):
    """An utterance: when the silence that ends it was there, and when its final text went out."""

    caller: int
    turn: int
    ended_at: float
    told_at: float


class Answered(msgspec.Struct, frozen=True):
    """A reply of the model: when it was asked for, and when each of its tokens went out."""

    caller: int
    turn: int
    asked_at: float
    tokens_at: list[float]


class Spoken(msgspec.Struct, frozen=True):
    """A first clause: when its text came, and when its first sound went out."""

    caller: int
    asked_at: float
    sounded_at: float


class Notes(msgspec.Struct):
    """What the cloud did."""

    recognized: list[Recognized] = []
    answered: list[Answered] = []
    spoken: list[Spoken] = []


class Echo:
    """A recognizer that knows who speaks, and takes `RECOGNITION_MS` for every final."""

    def __init__(self) -> None:
        self.recognized: list[Recognized] = []
        self.turns: Counter[int] = Counter()
        self._echo = LatencyEcho(final_after_ms=SEGMENTATION_MS)

    def listen(self, turn: Listener) -> Ear:
        """See `engines.RecognitionEngine`."""
        listening = _Listening(self, turn)
        listening.ear = self._echo.listen(listening)
        return listening


class _Listening:
    """The ear of one caller, and the listener of the echo in it."""

    ear: Ear

    def __init__(self, engine: Echo, turn: Listener) -> None:
        self._engine = engine
        self._turn = turn
        self._voice: bytearray | None = None

    def hear(self, pcm: bytes) -> None:
        """See `engines.Ear`."""
        self.ear.hear(pcm)
        if self._voice is not None and len(self._voice) < KNOWN_BY_MS * self.recognition.rate_hz // 500:
            self._voice += pcm

    def finish(self) -> None:
        """See `engines.Ear`."""
        self.ear.finish()

    @property
    def recognition(self) -> Recognition:
        """See `engines.Listener`."""
        return self._turn.recognition

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """See `engines.Listener`."""
        self._turn.start(work)

    def tell(self, heard: Heard, *, delay_ms: float = 0.0, told: Callable[[], None] | None = None) -> None:
        """See `engines.Listener`."""
        if heard.kind == "start":
            self._voice = bytearray()
        if heard.kind != "final":
            self._turn.tell(heard, delay_ms=delay_ms, told=told)
            return
        ended_at, engine = time.monotonic(), self._engine
        caller = caller_of(bytes(self._voice or b"\0\0"))
        engine.turns[caller] += 1
        turn = engine.turns[caller]

        def note() -> None:
            engine.recognized.append(Recognized(caller, turn, ended_at, time.monotonic()))

        final = msgspec.structs.replace(heard, text=question(caller, turn))
        self._turn.tell(final, delay_ms=RECOGNITION_MS, told=note)


class Noting:
    """Makes `Notes` of what the emulators have noted since the last time."""

    def __init__(self, echo: Echo, speech: SpeechEmulator, chat: ChatEmulator) -> None:
        self._echo = echo
        self._speech = speech
        self._chat = chat
        self._seen: dict[int, int] = {}

    def take(self) -> Notes:
        """What is new."""
        recognized, self._echo.recognized = self._echo.recognized, []
        return Notes(recognized, self._answered(), self._spoken())

    def _answered(self) -> list[Answered]:
        tokens: dict[int, list[float]] = {}
        for piece in self._new(self._chat.pieces):
            tokens.setdefault(piece.number, []).append(piece.at)
        return [
            Answered(int(asked[1]), int(asked[2]), request.at, tokens.get(request.number, []))
            for request in self._new(self._chat.requests)
            if (asked := QUESTION.search(str(request.messages[-1].get("content"))))
        ]

    def _spoken(self) -> list[Spoken]:
        asked_at = {m.request_id: m.at_s for m in self._new(self._speech.messages) if m.path == "ssml"}
        return [
            Spoken(int(said[1]), asked_at[synthesis.request_id], synthesis.blocks[0].at_s)
            for synthesis in self._new(self._speech.syntheses)
            if (said := ANSWER.match(synthesis.text)) and synthesis.blocks and synthesis.request_id in asked_at
        ]

    def _new(self, journal: Journal[T]) -> list[T]:
        begin, self._seen[id(journal)] = self._seen.get(id(journal), 0), len(journal)
        return [journal[index] for index in range(begin, len(journal))]


async def main() -> None:
    """Serve until the input ends."""
    echo = Echo()
    delivery = Delivery(first_byte_ms=SYNTHESIS_MS, speed=SPEED)
    async with SpeechEmulator(recognition=echo, delivery=delivery, keep_audio=False) as speech, ChatEmulator() as chat:
        speech.faults.slow_connect("synthesis", CONNECT_MS / 1000)
        for caller in range(PITCHES):
            chat.answer(rf"Caller {caller} turn", answer(caller))
        environment = {"AZURE_SPEECH_ENDPOINT": speech.endpoint, "AZURE_SPEECH_KEY": speech.key, **chat.environment()}
        print(msgspec.json.encode(environment).decode(), flush=True)
        noting = Noting(echo, speech, chat)
        gc.freeze()
        while await asyncio.to_thread(sys.stdin.readline):
            print(msgspec.json.encode(noting.take()).decode(), flush=True)
            gc.collect()


if __name__ == "__main__":
    asyncio.run(main())
