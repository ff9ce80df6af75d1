"""The console beside thirty live calls in which things go wrong: each is seen without a click and without scrolling."""

import json
import os
import re
import signal
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from websockets.asyncio.client import ClientConnection, connect

from tests.browser.ailing_engines import BROKEN, FULL, STUCK
from tests.browser.chromium import LOOKS_MS, SERVER_GONE, page_in
from tests.browser.visit import DESKTOP, PHONE
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.identifiers import phone
from tests.kit.redis_server import redis_server
from tests.service.telephony.processes import Processes, processes

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "an-operator-token-of-this-test"
CALLS = 30
AILING = {
    "OPERATOR_TOKEN": TOKEN,
    "WEB_CONCURRENCY": "2",
    "LANGUAGE_MODEL": "tests.browser.ailing_engines:model",
    "LANGUAGE_MODEL_FALLBACK": "tests.kit.fakes:model",
    "MAX_CONCURRENT_SESSIONS": "60",
}
EXPECTED = (*SERVER_GONE, r"status of (401|404)")
LOOKED_AT = os.environ.get("SCREENSHOTS", "")
"""A directory for pictures of what is tested here, for somebody to look at."""


async def live_calls(acs: AcsEmulator, url: str) -> list[Caller]:
    """Callers whose calls are up."""
    callers = [Caller(phone(f"+155505{number:04}"), keep_sound=False) for number in range(CALLS)]
    for caller in callers:
        await acs.dial(f"{url}/api/v1/calls/answer", caller=caller)
        await caller.connected()
    return callers


async def until_seen(page: Page, socket: ClientConnection, text: str, trouble: re.Pattern[str]) -> None:
    """Type what makes something go wrong, again if need be, until the console shows it."""
    line = page.locator("#wrong li").filter(has_text=trouble).first
    for _ in range(30):
        await socket.send(json.dumps({"type": "text", "text": text}))
        with suppress(AssertionError):
            await expect(line).to_be_visible(timeout=3_000)
            break
    await expect(line).to_be_in_viewport()


async def open_console(page: Page, url: str) -> None:
    await page.goto(f"{url}/console")
    await page.get_by_label("Operator token").fill(TOKEN)
    await page.keyboard.press("Enter")


async def seen_at_once(page: Page, text: str | re.Pattern[str]) -> None:
    """It is among what is wrong, and on the screen as it opens."""
    line = page.locator("#wrong li").filter(has_text=text).first
    await expect(line).to_be_visible()
    await expect(line).to_be_in_viewport()


ALL_OF = """words => {
  const lines = [...document.querySelectorAll("#wrong li")].map((line) => line.innerText);
  return words.every((word) => lines.some((line) => line.includes(word))) && lines;
}"""


async def worst_first(page: Page) -> None:
    """What is worse stands above what is less so, whether it is of a worker or of a session.

    It is looked at when all of it is there: a mailbox that is full is that of an actor that is stuck, by the clock,
    while its worker is given no time.
    """
    words = ["is stuck", "is gone", "circuit breaker", "is full"]
    lines = await (await page.wait_for_function(ALL_OF, arg=words, polling=LOOKS_MS)).json_value()
    places = [next(place for place, line in enumerate(lines) if word in line) for word in words]
    assert places == sorted(places), lines


async def picture(page: Page, name: str) -> None:
    if LOOKED_AT:
        await page.screenshot(path=Path(LOOKED_AT) / f"{name}.png")


async def worker_of(page: Page, server: Processes) -> int:
    """The worker that is in no trouble."""
    told = await page.locator("#wrong").inner_text()
    (other,) = [pid for pid in server.workers() if f"Worker {pid}" not in told]
    return other


TROUBLES = (
    (STUCK, re.compile(r"recognizer is stuck: \d+ messages wait")),
    (FULL, re.compile(r"the mailbox of recognizer is full: \d+ messages wait")),
    (BROKEN, re.compile(r"language_model .*: circuit breaker open")),
)
TALKER = "/api/v1/realtime/conversation?session_id=talker"


async def test_each_kind_of_trouble_is_seen_at_first_glance_among_thirty_calls(
    browser: Browser, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path))
        acs, server = await stack.enter_async_context(processes(tmp_path))
        await server.start(**AILING, REDIS_URL=redis.url)
        callers = await live_calls(acs, server.url)
        page = await stack.enter_async_context(page_in(browser, expected=EXPECTED, **DESKTOP))
        await open_console(page, server.url)
        await expect(page.locator("#wrong li.fine")).to_have_text("Nothing.")
        # Whose worker the rest happens in, by what is typed; it reads nothing.
        address = server.url.replace("http", "ws", 1) + TALKER
        talker = await stack.enter_async_context(
            connect(address, proxy=None, open_timeout=60, max_size=None, max_queue=None)
        )
        await expect(page.locator("#session-count")).to_have_text(str(CALLS + 1))
        assert all(caller.is_connected for caller in callers)
        for text, trouble in TROUBLES:
            await until_seen(page, talker, text, trouble)
        gone = await worker_of(page, server)
        os.kill(gone, signal.SIGKILL)
        await seen_at_once(
            page,
            re.compile(
                rf"Worker {gone} is gone: signal 9 ended it \d+ (s|min) ago; its \d+ sessions all go on elsewhere"
            ),
        )
        await worst_first(page)
        await picture(page, "all")
        for scheme in ("light", "dark"):
            for name, size in (("wide", DESKTOP), ("phone", PHONE)):
                async with page_in(browser, expected=EXPECTED, color_scheme=scheme, **size) as other:
                    await open_console(other, server.url)
                    for trouble in (*(pattern for _, pattern in TROUBLES), re.compile(rf"Worker {gone} is gone: ")):
                        await seen_at_once(other, trouble)
                    await picture(other, f"{name}-{scheme}")
