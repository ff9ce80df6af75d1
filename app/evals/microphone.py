"""A caller who speaks: their lines as sound, with noise, pushed into a session as a connection would.

The voice is that of the configured synthesizer, and noise is white, of an even level for the whole conversation, the
same in every run. Frames come in real time, in silence too.
"""

import asyncio
import random
from array import array
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import SpeechSynthesizer
from actors.rules.audio import samples_of
from app.agents.prompt_cache import render

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 500
VOICE_DB = -20.0
"""About how loud a synthesized voice is, in dB below full scale."""
ATTEMPTS = 5
"""How often the synthesizer is asked for one line, if that takes too long."""
_NOISE_S = 2
_SEED = 1


class Audio(msgspec.Struct, frozen=True, kw_only=True):
    """How callers are heard who speak, and with what around them."""

    noise_db: float | None = None
    """By how many dB the caller's voice is above the noise; None for no noise."""
    by_telephone: bool = False
    """Whether the audio passes the band of a telephone and the server's media socket, by which the agent is
    heard too."""


class Hears(Protocol):
    """What a caller speaks into: a session, or a telephone line to one."""

    def push_audio(self, pcm: bytes) -> None:
        """Hear the next 20 ms, PCM16LE mono at 16 kHz."""
        ...


class Microphone:
    """The caller's end of one session's audio.

    Args:
        heard_by: hears it.
        synthesizer: speaks the caller's lines.
        audio: how they are heard.
        lines: those that are spoken already, by their text.
    """

    def __init__(
        self,
        heard_by: Hears,
        synthesizer: SpeechSynthesizer,
        audio: Audio,
        lines: Mapping[str, bytes] | None = None,
    ) -> None:
        self._lines = dict(lines or {})
        self._heard_by = heard_by
        self._synthesizer = synthesizer
        self._noise = noise_of(audio)
        self._at = 0
        self._queued = bytearray()
        self._said = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="eval.microphone")

    async def say(self, text: str) -> None:
        """Say a line; returns when it is said.

        Raises:
            SynthesizerError: it cannot be spoken.
        """
        if text not in self._lines:
            self._lines |= await spoken_lines(self._synthesizer, (text,))
        self._said.clear()
        self._queued += self._lines[text]
        await self._said.wait()

    async def close(self) -> None:
        """Let the caller be heard no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            frame = bytes(self._queued[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
            del self._queued[:FRAME_BYTES]
            self._heard_by.push_audio(self._with_noise(frame))
            if not self._queued:
                self._said.set()
            due += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _with_noise(self, frame: bytes) -> bytes:
        if not self._noise:
            return frame
        at, self._at = self._at, (self._at + FRAME_BYTES) % len(self._noise)
        return mixed(frame, self._noise[at : at + FRAME_BYTES])


async def spoken_lines(synthesizer: SpeechSynthesizer, texts: Sequence[str]) -> dict[str, bytes]:
    """Lines as sound, by their text. An engine that is loading yet is given time.

    Raises:
        SynthesizerError: one cannot be spoken.
    """
    lines: dict[str, bytes] = {}
    attempts = iter(range(ATTEMPTS))
    for text in texts:
        while text not in lines:
            try:
                lines[text] = (await render(synthesizer, text, Voice(), RATE_HZ)).pcm
            except SynthesizerError as error:
                if error.kind is not ErrorKind.TIMEOUT or next(attempts, None) is None:
                    raise
    return lines


def noise_of(audio: Audio) -> bytes:
    """Two seconds of the noise, which are repeated; nothing for none."""
    if audio.noise_db is None:
        return b""
    # The mean square of even noise between -a and a is a third of the square of a.
    peak = 32_767 * 10 ** ((VOICE_DB - audio.noise_db) / 20) * 3**0.5
    chance = random.Random(_SEED)
    return array("h", (round(chance.uniform(-peak, peak)) for _ in range(_NOISE_S * RATE_HZ))).tobytes()


def mixed(one: bytes, other: bytes) -> bytes:
    """Two frames of the same length, heard together."""
    pairs = zip(samples_of(one), samples_of(other), strict=True)
    return array("h", (max(-32_768, min(32_767, a + b)) for a, b in pairs)).tobytes()
