"""Somebody talks with the page in a real browser: the whole way from the microphone to the loudspeaker."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
from playwright.async_api import Browser, expect

from tests.browser.chromium import microphone_file, open_page
from tests.browser.coughing import assert_nothing_is_lost, greetings_around_a_cough
from tests.browser.documentation import CONVERSATION, opened
from tests.browser.somebodys_site import somebodys_site
from tests.browser.sounding_page import Samples, SoundingPage
from tests.browser.talking import came_late, in_time, talking
from tests.browser.visit import DESKTOP
from tests.eval.callers import Caller, ToolRun
from tests.kit.serving import EARSHOT, ROOT, Server, serving
from tests.kit.speech import HIBARI, say, silence

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

README_ADDRESS = "localhost:8000"
(README_BUTTON,) = re.findall(r"```html\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
"""The lines that put a voice button on somebody's page, as they stand there."""

BOOKING = 0
"""A seed whose caller books an appointment."""

AUDIBLE = 500.0
"""Root mean square of speech that is surely heard, of 32 768."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Somebody's page with the lines of the README, and nothing else."""
    with somebodys_site(README_BUTTON) as address:
        yield address


@pytest.fixture(scope="module")
def dentist(site: str) -> Iterator[Server]:
    """What `make run` starts, for a site that is let in: its models take seconds to load.

    It is one for all tests here, each of which ends nothing but its own conversation.
    """
    with serving(EARSHOT, ALLOWED_ORIGINS=site) as started:
        yield started


def loudness(samples: Samples) -> float:
    return float(numpy.sqrt((samples.astype(float) ** 2).mean())) if len(samples) else 0.0


async def test_a_question_into_the_microphone_is_answered_aloud(dentist: Server, tmp_path: Path) -> None:
    speech = silence(9_000) + say("what are your opening hours", HIBARI) + silence(20_000)
    async with talking(dentist.url, *microphone_file(tmp_path, speech), records=True) as person:
        await person.until_heard("Maple Street Dental")
        greeted = await person.recorded()
        # Of the answer it is told when it has been heard to its end. Chromium plays the file again and again: of
        # whom is not understood, as when this machine had no time for sound, the question is heard once more.
        await person.until_heard("eight in the morning", timeout_s=3 * len(speech) / 32_000)
        answered = await person.recorded(greeted.last_sound_s())
        shown = await person.page.get_by_role("log").inner_text()
    assert loudness(greeted.samples) > AUDIBLE
    ends_s = answered.last_sound_s()
    assert loudness(answered.between(ends_s - 3, ends_s)) > AUDIBLE
    assert "opening hours" in shown
    assert "eight in the morning" in shown


async def test_an_interruption_silences_the_page(browser: Browser, dentist: Server) -> None:
    heard = await in_time(lambda: interrupted_greeting(browser, dentist))
    assert heard.startswith("Hello, this is Maple")
    assert "What can I do for you" not in heard


HEARD = "told.some(([name]) => name === 'heard')"


async def interrupted_greeting(browser: Browser, server: Server) -> str | None:
    """What was heard of it.

    None if the page's marks came too late for that to be known exactly, or if the question came late or in pieces: of
    one of which nothing is understood the greeting goes on, though it fell silent for the voice.
    """
    question = say("what are your opening hours", HIBARI)  # a greeting is over sooner than the voice is loaded
    async with talking(server.url, browser=browser, records=True) as person:
        await person.say_when("playing", 1_500, question)
        await person.until("told.some(([name]) => name === 'cleared')")
        went_on = f"told.slice({await person.events()}).some(([, {{ kind }}]) => kind === 'greeting')"
        await person.until(f"{HEARD} || {went_on}")
        orders = await person.orders("tts_cancelled")
        heard = [detail for _, detail in await person.told("heard")]
        if not heard or not heard[0]["interrupted"] or len(orders) != 1:
            told = await person.told()
            assert await came_late(await person.sent_loud(), loud_ms(question), server), told
            return None
        await person.until("told.some(([name, { kind }]) => name === 'reply' && kind !== 'greeting')")
        recording = await person.recorded()
        shown = await person.page.get_by_role("log").inner_text()
    (cancelled,) = orders
    assert "What can I do for you" not in shown
    assert recording.last_sound_s(before_s=cancelled + 0.4) < cancelled + 0.1
    return str(heard[0]["text"]) if heard[0]["exactness"] == "exact" else None


def loud_ms(pcm: bytes) -> float:
    """How long speech at 16 kHz lasts from its first loud sample to its last one."""
    loud = numpy.flatnonzero(numpy.abs(numpy.frombuffer(pcm, numpy.int16).astype(int)) > 1_000)
    return float(loud[-1] - loud[0]) / 16


async def test_a_cough_interrupts_nothing_and_nothing_is_lost(browser: Browser, dentist: Server) -> None:
    """One greeting with a cough in it, between two as they are."""
    before, (coughed, pause, said), after = await in_time(lambda: greetings_around_a_cough(browser, dentist))
    assert_nothing_is_lost((before, after), coughed, pause)
    assert "What can I do for you" in said


async def test_a_conversation_by_voice_reaches_its_task(browser: Browser, dentist: Server) -> None:
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with talking(dentist.url, browser=browser) as person:
        line = caller.next_line(await person.reply(0))
        while line is not None:
            before = await person.events()
            await person.say(say(line, HIBARI))
            line = caller.next_line(await person.reply(before))
        tools = await tool_runs(person)
    assert caller.task_reached(tools)


async def tool_runs(person: SoundingPage) -> list[ToolRun]:
    told = [detail for _, detail in await person.told("tool")]
    starts = {tool["callId"]: tool for tool in told if tool["phase"] == "start"}
    ends = [tool for tool in told if tool["phase"] == "end"]
    return [ToolRun(tool["tool"], starts[tool["callId"]]["args"], tool["result"]) for tool in ends]


async def test_the_microphone_is_heard_in_a_socket_of_the_documentation(dentist: Server, tmp_path: Path) -> None:
    speech = silence(2_000) + say("what are your opening hours", HIBARI) + silence(10_000)
    async with open_page(*microphone_file(tmp_path, speech), **DESKTOP) as page:
        await page.goto(f"{dentist.url}/docs")
        console = (await opened(page, CONVERSATION, "WS")).locator("form.try")
        await console.get_by_role("button", name="Open").click()
        await expect(console.get_by_label("Messages")).to_contain_text("Maple Street Dental")
        await console.get_by_role("button", name="Talk").click()
        await expect(console.get_by_role("button", name="Stop talking")).to_be_visible()
        heard = re.compile(r'"message":"[^"]*opening hours', re.IGNORECASE)
        await expect(console.get_by_label("Messages")).to_contain_text(heard, timeout=90_000)


async def test_the_button_of_the_readme_talks(dentist: Server, site: str) -> None:
    here = dentist.url.removeprefix("http://")
    arguments = (
        f"--host-resolver-rules=MAP {README_ADDRESS} {here}",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
    )
    async with open_page(*arguments) as page:
        greeted = asyncio.Event()
        page.on("console", lambda message: greeted.set() if "Maple Street Dental" in message.text else None)
        await page.goto(site)
        button = page.get_by_role("button")
        await expect(button).to_have_text("Talk")
        await button.click()
        await expect(button).to_have_text("Hang up")
        await asyncio.wait_for(greeted.wait(), 30)
        await button.click()
        await expect(button).to_have_text("Talk")
    assert len(README_BUTTON.splitlines()) <= 10
