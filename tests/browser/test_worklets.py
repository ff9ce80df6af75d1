"""The worklets on a machine of any rate: what goes in comes out, at the same pitch and as loud, when it is due."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import numpy
import pytest
import pytest_asyncio
from numpy.typing import NDArray
from playwright.async_api import Browser, Page

from tests.browser.chromium import page_in
from tests.kit.serving import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

MACHINE_RATES_HZ = (16_000, 44_100, 48_000, 96_000)

RENDER = """
window.encoded = (samples) => {
  let text = "";
  for (const byte of new Uint8Array(samples.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
};
window.prepared = async (seconds, rate) => {
  const context = new OfflineAudioContext(1, seconds * rate, rate);
  await context.audioWorklet.addModule("/static/earshot-worklets.js");
  return context;
};
// A tone that a machine of this rate records, as the server is sent it.
window.recorded = async (rate, toneHz) => {
  const context = await prepared(1, rate);
  const frames = [];
  const node = new AudioWorkletNode(context, "earshot-microphone", { channelCount: 1, channelCountMode: "explicit" });
  const last = new Promise((resolve) => {
    node.port.onmessage = ({ data }) => {
      frames.push(new Int16Array(data.pcm));
      if (frames.length === 49) resolve();
    };
  });
  const tone = new OscillatorNode(context, { frequency: toneHz });
  tone.connect(new GainNode(context, { gain: 0.5 })).connect(node).connect(context.destination);
  tone.start();
  await context.startRendering();
  await last;
  const all = new Int16Array(frames.length * 320);
  frames.forEach((frame, index) => all.set(frame, index * 320));
  return encoded(all);
};
// A tone of the server, as a machine of this rate plays it.
window.played = async (rate, toneHz, seconds = 1) => {
  const context = await prepared(1, rate);
  const node = new AudioWorkletNode(context, "earshot-player", {
    numberOfInputs: 0,
    outputChannelCount: [1],
    processorOptions: { rateHz: 24000, prefillMs: 80 },
  });
  node.connect(context.destination);
  const step = (2 * Math.PI * toneHz) / 24000;
  const pcm = Int16Array.from({ length: 24000 * seconds }, (_, at) => 16000 * Math.sin(step * at));
  // Rendering outruns messages: it waits until the player has its audio, which ends what there is to clear.
  context.suspend(0).then(async () => {
    const taken = new Promise((resolve) => {
      node.port.onmessage = ({ data }) => data.type === "cleared" && resolve();
    });
    node.port.postMessage({ type: "clear", id: 1 });
    node.port.postMessage({ type: "audio", turn: 1, pcm: pcm.buffer });
    await taken;
    context.resume();
  });
  const buffer = await context.startRendering();
  return encoded(Int16Array.from(buffer.getChannelData(0), (sample) => Math.round(sample * 32767)));
};
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser, server: Server) -> AsyncIterator[Page]:
    """One for all tests: each renders in an audio context of its own."""
    async with page_in(browser) as opened:
        await opened.add_init_script(RENDER)
        await opened.goto(server.url)
        yield opened


async def samples_of(page: Page, what: str, rate_hz: int, tone_hz: int, *more: float) -> NDArray[Any]:
    encoded = await page.evaluate(f"asked => {what}(...asked)", [rate_hz, tone_hz, *more])
    return numpy.frombuffer(base64.b64decode(encoded), numpy.int16).astype(float)


def off_tone(samples: NDArray[Any], rate_hz: int, tone_hz: float) -> tuple[float, float]:
    """The amplitude of the tone that fits best, and what is left besides it as a share of that."""
    time = numpy.arange(len(samples)) / rate_hz
    wave = numpy.stack([numpy.sin(2 * numpy.pi * tone_hz * time), numpy.cos(2 * numpy.pi * tone_hz * time)])
    fit, *_ = numpy.linalg.lstsq(wave.T, samples, rcond=None)
    amplitude = float(numpy.hypot(*fit))
    rest = samples - wave.T @ fit
    return amplitude, float(numpy.sqrt(2 * (rest**2).mean())) / amplitude


@pytest.mark.parametrize("tone_hz", [300, 3_000])
@pytest.mark.parametrize("rate_hz", MACHINE_RATES_HZ)
async def test_what_is_recorded_keeps_its_pitch(page: Page, rate_hz: int, tone_hz: int) -> None:
    samples = await samples_of(page, "recorded", rate_hz, tone_hz)
    amplitude, rest = off_tone(samples[1_600:-320], 16_000, tone_hz)
    assert amplitude == pytest.approx(0.5 * 32_767, rel=0.01)
    assert rest < 0.01


@pytest.mark.parametrize("rate_hz", MACHINE_RATES_HZ)
async def test_what_is_played_keeps_its_pitch(page: Page, rate_hz: int) -> None:
    samples = await samples_of(page, "played", rate_hz, 1_000)
    amplitude, rest = off_tone(samples[int(0.2 * rate_hz) : int(0.9 * rate_hz)], rate_hz, 1_000)
    assert amplitude == pytest.approx(16_000, rel=0.01)
    assert rest < 0.01


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
async def test_what_nobody_could_tell_from_a_lower_tone_is_not_recorded(page: Page, rate_hz: int) -> None:
    samples = await samples_of(page, "recorded", rate_hz, 11_000)
    assert numpy.abs(samples[1_600:]).max() < 0.01 * 0.5 * 32_767


@pytest.mark.parametrize("length_ms", [40, 70, 200])
async def test_the_player_waits_for_enough_but_not_for_ever(page: Page, length_ms: int) -> None:
    samples = await samples_of(page, "played", 48_000, 1_000, length_ms / 1000)
    sounding = numpy.flatnonzero(samples) / 48
    begins_ms, ends_ms = float(sounding[0]), float(sounding[-1])
    assert begins_ms < 5 if length_ms >= 80 else 75 < begins_ms < 90
    assert ends_ms - begins_ms == pytest.approx(length_ms, abs=3)
