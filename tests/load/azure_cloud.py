"""Azure Speech and a chat model, emulated: as quick as the fake providers, for a server with the real SDKs.

`python -m tests.load.azure_cloud` prints one line of NAME=value, the environment of such a server, and serves until it
is killed. A final comes `RECOGNITION_MS` after the service saw the end of speech, an answer `ANSWER_MS` after its
question, audio `SYNTHESIS_MS` after its text, each on the clock of this process.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Reply
from tests.cloud.speech.emulator import (
    Delivery,
    Ear,
    Heard,
    LatencyEcho,
    Recognition,
    Span,
    SpeechEmulator,
    Voiced,
    Word,
)
from tests.cloud.speech.engines import Listener
from tests.load.script import ANSWER_MS, END_SILENCE_MS, RECOGNITION_MS, REPLY_MS, SYNTHESIS_MS, tone

ANSWER = "The answer to your question is that we are open from nine to five."
"""One sentence without a clause: one piece, one request, one `REPLY_MS`."""
DELIVERY = Delivery(first_byte_ms=SYNTHESIS_MS, speed=4.0, chunk_ms=200.0)


class LateEcho:
    """Recognizes as soon as speech is over, and says so `RECOGNITION_MS` later."""

    def __init__(self) -> None:
        self._echo = LatencyEcho(final_after_ms=END_SILENCE_MS)

    def listen(self, turn: Listener) -> Ear:
        """See `RecognitionEngine`."""
        return self._echo.listen(_LateFinals(turn))


class _LateFinals:
    """A turn whose finals go out late."""

    def __init__(self, turn: Listener) -> None:
        self._turn = turn

    @property
    def recognition(self) -> Recognition:
        """See `Listener`."""
        return self._turn.recognition

    def tell(self, heard: Heard, *, delay_ms: float = 0.0, told: Callable[[], None] | None = None) -> None:
        """See `Listener`."""
        self._turn.tell(heard, delay_ms=RECOGNITION_MS if heard.kind == "final" else delay_ms, told=told)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """See `Listener`."""
        self._turn.start(work)


def voice(span: Span, rate_hz: int) -> Voiced:
    """Any text takes `REPLY_MS`, its words evenly spread."""
    words = span.text.split()
    each_ms = REPLY_MS / max(1, len(words))
    return Voiced(_tone(rate_hz), tuple(Word(word, n * each_ms, each_ms) for n, word in enumerate(words)))


@cache
def _tone(rate_hz: int) -> bytes:
    return tone(REPLY_MS, 300, 6_000, rate_hz)


async def main() -> None:
    """Serve until killed."""
    async with (
        SpeechEmulator(recognition=LateEcho(), voice=voice, delivery=DELIVERY, keep_audio=False) as speech,
        ChatEmulator() as chat,
    ):
        chat.default = Reply(ANSWER, first_token_s=ANSWER_MS / 1000)
        environment = {
            "AZURE_SPEECH_ENDPOINT": speech.endpoint,
            "AZURE_SPEECH_KEY": speech.key,
            **chat.environment(),
        }
        print(" ".join(f"{name}={value}" for name, value in environment.items()), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
