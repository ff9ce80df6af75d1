"""A page that is talked with: what it sends to the loudspeaker may be recorded, and its microphone spoken to."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy
from numpy.typing import NDArray
from playwright.async_api import Page

from tests.browser.chromium import LOOKS_MS

SCRIPT = Path(__file__).with_name("sound.js")

Samples = NDArray[numpy.int16]


class Recording(msgspec.Struct, frozen=True):
    """What left the page for the loudspeaker. `at_s` is the audio context's time of its first sample."""

    at_s: float
    rate_hz: int
    samples: Samples

    def between(self, from_s: float, to_s: float) -> Samples:
        """The samples of a stretch of the context's time."""
        first = max(0, round((from_s - self.at_s) * self.rate_hz))
        return self.samples[first : max(first, round((to_s - self.at_s) * self.rate_hz))]

    def last_sound_s(self, before_s: float = float("inf")) -> float:
        """When, before `before_s`, the last sample sounded."""
        sounding = numpy.flatnonzero(numpy.abs(self.samples.astype(int)) > 30)
        times = self.at_s + sounding / self.rate_hz
        return float(times[times < before_s][-1])

    def silences(self, longer_than_s: float) -> list[tuple[float, float]]:
        """Stretches of digital silence between sounds, in the context's time."""
        sounding = numpy.flatnonzero(self.samples)
        ends = numpy.flatnonzero(numpy.diff(sounding) > longer_than_s * self.rate_hz)
        return [
            (self.at_s + sounding[end] / self.rate_hz, self.at_s + sounding[end + 1] / self.rate_hz) for end in ends
        ]


class SoundingPage:
    """Our page, or one that uses earshot.js, with its conversation."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def prepare(cls, page: Page, *, controlled_microphone: bool = False, records: bool = False) -> "SoundingPage":
        """Before the page is opened. What is heard is recorded if `records`: a recorder takes time that sound needs."""
        if controlled_microphone:
            await page.add_init_script("window.controlledMicrophone = true")
        if records:
            await page.add_init_script("window.recordsSound = true")
        await page.add_init_script(path=SCRIPT)
        return cls(page)

    async def told(self, *names: str, after: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """What the conversation told its page since event number `after`, of these names or all."""
        events = await self.page.evaluate("after => sound.told.slice(after)", after)
        return [(name, detail) for name, detail in events if not names or name in names]

    async def events(self) -> int:
        """How many there have been."""
        return int(await self.page.evaluate("sound.told.length"))

    async def until(self, expression: str, timeout_s: float = 30.0) -> None:
        """Wait for a JavaScript expression, in which `call` is the conversation, to hold.

        Raises:
            TimeoutError: it does not in time.
        """
        await self.page.wait_for_function(
            f"() => {{ const {{ call, told }} = sound; return call && ({expression}); }}",
            timeout=timeout_s * 1000,
            polling=LOOKS_MS,
        )

    async def reply(self, after: int, timeout_s: float = 30.0) -> str:
        """What was heard of the agent since event number `after`, once nobody speaks any more.

        Where the user was understood meanwhile, a reply of an earlier turn is none to that.
        """
        turns = f"told.slice({after}).filter(([name]) => name === of).map(([, {{ turn }}]) => turn)"
        replied = f"(last => last('heard', -1) >= last('user', 0))((of, none) => Math.max(none, ...{turns}))"
        await self.until(f"call.state === 'ended' || (call.floor === 'nobody' && {replied})", timeout_s)
        return " ".join(detail["text"] for _, detail in await self.told("heard", after=after))

    async def until_heard(self, text: str, timeout_s: float = 30.0) -> None:
        """Wait for a reply with `text` to be over.

        Raises:
            TimeoutError: there was none in time.
        """
        heard = f"told.some(([name, detail]) => name === 'heard' && detail.text.includes({json.dumps(text)}))"
        await self.until(heard, timeout_s)

    async def say(self, pcm: bytes) -> None:
        """Speak PCM16LE at 16 kHz into the controlled microphone; returns when it has been said."""
        await self.page.evaluate("pcm => sound.say(pcm)", base64.b64encode(pcm).decode())

    async def say_when(self, playout: str, after_ms: int, pcm: bytes) -> None:
        """The same, `after_ms` after the page's player is `playing`, `paused` or `empty`: timed in the page itself."""
        await self.page.evaluate(
            "([playout, after, pcm]) => sound.sayWhen(playout, after, pcm)",
            [playout, after_ms, base64.b64encode(pcm).decode()],
        )

    async def now_s(self) -> float:
        """The audio context's time."""
        return float(await self.page.evaluate("sound.context.currentTime"))

    async def orders(self, action: str) -> list[float]:
        """When, in the context's time, the server's control messages of this kind came."""
        return [at for name, at in await self.page.evaluate("sound.orders") if name == action]

    async def sent_loud(self) -> list[float]:
        """When, in seconds of the page's clock, it has sent those frames of its microphone that are not silent."""
        return [at for at, peak in await self.page.evaluate("sound.sent") if peak > 1_000]

    async def playouts(self) -> list[tuple[str, float]]:
        """What the page's player did, each with the context's time."""
        return [(state, at) for state, at in await self.page.evaluate("sound.playouts")]

    async def recorded(self, since_s: float = 0.0) -> Recording:
        """What left for the loudspeaker since `since_s`, once the recorder, which there has to be, has caught up."""
        got = await self.page.evaluate("since => sound.recorded(since)", since_s)
        samples = numpy.frombuffer(base64.b64decode(got["pcm"]), numpy.int16)
        return Recording(got["at"], int(got["rate"]), samples)
