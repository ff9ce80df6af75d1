"""Greetings of an agent into which somebody coughs, and whether a sample of one was lost by that."""

from collections.abc import Sequence

import numpy
from playwright.async_api import Browser

from tests.browser.sounding_page import Recording, Samples
from tests.browser.talking import came_late, talking
from tests.kit.serving import Server
from tests.kit.speech import FLITE_ALSO, say

Coughed = tuple[Recording, tuple[float, float], str]
"""What was heard of a greeting with a cough in it, its pause, and what was said."""


async def greetings_around_a_cough(browser: Browser, server: Server) -> tuple[Recording, Coughed, Recording] | None:
    """The greeting as it is, with a cough, and as it is; None if one of them ran dry."""
    # At some moment greetings begin to come from audio that was made and kept in the background; until then they are
    # spoken sentence by sentence. So one of the two sounds as that with the cough would have.
    before = await greeting_of(browser, server.url)
    coughed = await greeting_of_one_who_coughs(browser, server)
    after = await greeting_of(browser, server.url)
    return None if before is None or coughed is None or after is None else (before, coughed, after)


async def greeting_of(browser: Browser, url: str) -> Recording | None:
    """What was heard of it; None if it ran dry on the way."""
    async with talking(url, browser=browser, records=True) as person:
        await person.reply(0)
        names = [state for state, _ in await person.playouts()]
        recording = await person.recorded()
    return None if "empty" in names[:-1] else recording


async def greeting_of_one_who_coughs(browser: Browser, server: Server) -> Coughed | None:
    """What was heard of it; None if it ran dry near its pause, or that lies far from where it was ordered, or if the
    cough came all at once, so that the pause was over before it began.
    """
    async with talking(server.url, browser=browser, records=True) as person:
        await person.say_when("playing", 1_500, cough())
        said = await person.reply(0)
        states = await person.playouts()
        assert await person.orders("tts_cancelled") == []
        recording = await person.recorded()
        coughed_s = await person.sent_loud()
    names = [state for state, _ in states]
    if "paused" not in names and await came_late(coughed_s, COUGH_MS, server):
        return None
    assert names.count("paused") == 1
    paused_s = states[names.index("paused")][1]
    pause = min(recording.silences(longer_than_s=0.1), key=lambda silence: abs(silence[0] - paused_s))
    dry = any(state == "empty" and pause[0] - STRETCH_S < at < pause[1] + STRETCH_S + FADES_S for state, at in states)
    return None if dry or abs(pause[0] - paused_s) >= 0.3 else (recording, pause, said)


COUGH_MS = 200


def cough() -> bytes:
    """A voice of 200 ms: enough to be noticed, too little to take the floor."""
    sound = say("ah", FLITE_ALSO)
    begins = int(numpy.argmax(numpy.abs(numpy.frombuffer(sound, numpy.int16).astype(int)) > 1_000))
    return sound[2 * begins : 2 * begins + COUGH_MS * 32]


STRETCH_S = 0.4
"""So much on either side of a pause is looked at."""

FADES_S = 0.015
"""More than the fade of 5 ms on either side of a pause."""


def assert_nothing_is_lost(wholes: Sequence[Recording], paused: Recording, pause: tuple[float, float]) -> None:
    """What was heard before the pause and what was heard after it lie side by side in an undisturbed greeting."""
    begins, ends = pause
    before = paused.between(begins - FADES_S - STRETCH_S, begins - FADES_S)
    after = paused.between(ends + FADES_S, ends + FADES_S + STRETCH_S)
    whole = min(wholes, key=lambda one: max(found_in(one.samples, part)[1] for part in (before, after)))
    (before_at, misfit_before), (after_at, misfit_after) = (found_in(whole.samples, part) for part in (before, after))
    assert max(misfit_before, misfit_after) <= 40
    between = whole.samples[before_at + len(before) : after_at]
    # Silence of its own that the greeting may have just there is no sound lost.
    sounding_s = numpy.count_nonzero(between) / whole.rate_hz
    assert sounding_s <= 2 * FADES_S + 0.002
    assert len(between) / whole.rate_hz >= 2 * FADES_S - 0.002


def found_in(whole: Samples, part: Samples) -> tuple[int, int]:
    """Where `part` lies in `whole`, to the sample, and by how much a sample differs there at most."""
    size = len(whole) + len(part)
    spectrum = numpy.fft.rfft(whole.astype(float), size) * numpy.conj(numpy.fft.rfft(part.astype(float), size))
    alike = numpy.fft.irfft(spectrum, size)[: len(whole) - len(part) + 1]
    # The least squares of the differences: what is alike only for being loud is no place for a part that is quiet.
    power = numpy.concatenate(([0.0], numpy.cumsum(whole.astype(float) ** 2)))
    at = int(numpy.argmin(power[len(part) :] - power[: -len(part)] - 2 * alike))
    return at, int(numpy.abs(whole[at : at + len(part)].astype(int) - part).max())
