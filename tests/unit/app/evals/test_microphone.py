"""A caller of an evaluation who speaks: frames in real time, the voice above the noise as far as it is to be."""

import asyncio
import math
from array import array
from itertools import pairwise
from typing import Any, cast

import pytest

from actors.runtime.clock import run_virtual
from app.evals.microphone import FRAME_BYTES, RATE_HZ, Audio, Microphone, mixed, noise_of
from tests.kit.fakes import FakeSynthesizer


class Session:
    """Hears, with the times."""

    def __init__(self) -> None:
        self.frames: list[tuple[float, bytes]] = []

    def push_audio(self, pcm: bytes) -> None:
        self.frames.append((asyncio.get_running_loop().time(), pcm))


def test_a_line_is_heard_in_real_time_between_silences() -> None:
    async def main() -> None:
        session, loop = Session(), asyncio.get_running_loop()
        microphone = Microphone(cast(Any, session), FakeSynthesizer(), Audio())
        await asyncio.sleep(1)
        began = loop.time()
        await microphone.say("hello there")
        took_s = loop.time() - began
        await asyncio.sleep(1)
        await microphone.close()
        times = [at for at, _ in session.frames]
        assert {len(pcm) for _, pcm in session.frames} == {FRAME_BYTES}
        assert all(abs(later - sooner - 0.02) < 1e-6 for sooner, later in pairwise(times))
        voiced = [at for at, pcm in session.frames if any(pcm)]
        # As long as its text is, at fifty milliseconds a character.
        assert len(voiced) * 0.02 == pytest.approx(11 * 0.05, abs=0.03)
        assert took_s >= len(voiced) * 0.02
        assert not any(session.frames[0][1])
        assert not any(session.frames[-1][1])
        count = len(session.frames)
        await asyncio.sleep(1)
        assert len(session.frames) == count

    run_virtual(main())


@pytest.mark.parametrize("noise_db", [0.0, 10.0, 40.0])
def test_noise_is_even_the_same_in_every_run_and_as_far_below_the_voice_as_asked(noise_db: float) -> None:
    noise = noise_of(Audio(noise_db=noise_db))
    assert noise == noise_of(Audio(noise_db=noise_db))
    assert len(noise) == 2 * RATE_HZ * 2
    samples = array("h", noise)
    level = math.hypot(*samples) / math.sqrt(len(samples)) / 32_768
    assert 20 * math.log10(level) == pytest.approx(-20.0 - noise_db, abs=0.5)
    assert noise_of(Audio()) == b""


def test_what_is_too_loud_together_is_cut() -> None:
    loud, more = (array("h", [value] * 4).tobytes() for value in (30_000, 10_000))
    assert array("h", mixed(loud, more)) == array("h", [32_767] * 4)
    assert array("h", mixed(more, more)) == array("h", [20_000] * 4)


def test_noise_is_heard_in_silence_too() -> None:
    async def main() -> None:
        session = Session()
        microphone = Microphone(cast(Any, session), FakeSynthesizer(), Audio(noise_db=10))
        await asyncio.sleep(3)
        await microphone.close()
        assert all(any(pcm) for _, pcm in session.frames)

    run_virtual(main())
