"""The page in a real Chromium that complains: whatever goes wrong in the browser fails the test."""

import os
import re
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, Request, async_playwright, expect

from tests.kit.source import ROOT

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_MS = 30_000
"""What is sure to come, comes late on a busy machine. What has to be quick is measured, in the page itself."""

LOOKS_MS = 50
"""How often it is looked in a page whether something holds. By default it is drawn sixty times a second for that."""

expect.set_options(timeout=PATIENCE_MS)

SERVER_GONE = (
    r"net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)",
    r"WebSocket connection to",
    r"failed: .*/realtime/token",
)
"""What a browser says of a server that a test ends."""

LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "::1"}

NAMED_HERE = ".test"
"""Names that nobody can have; `--host-resolver-rules` makes them loopback."""

TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`content security policy: ${violatedDirective} forbids ${blockedURI}`));
"""


class Complaints:
    """What went wrong in the browser. What matches one of `expected`, in a test that breaks something, is none."""

    def __init__(self, expected: tuple[str, ...] = ()) -> None:
        self._expected = expected
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to everything a page may complain of."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self._note(f"failed: {request.url} {request.failure}"))
        page.on("request", self._request)
        page.on("websocket", lambda socket: self._address(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.type}: {message.text} at {message.location.get('url')}")

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _address(self, url: str) -> None:
        parts = urlsplit(url)
        named_here = (parts.hostname or "").endswith(NAMED_HERE)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOOPBACK and not named_here:
            self._note(f"off loopback: {url}")

    def _note(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self._expected):
            self.found.append(text)


COMPILED = "NODE_COMPILE_CACHE", str(ROOT / ".pytest_cache/node")
"""Where the driver, which is a program of Node.js, keeps its code compiled: a fifth of what it takes to start."""

PROGRAMS = ("chromium-headless-shell", "chromium")
"""Both are Debian's Chromium. The first has no windows, whose making takes longer than that of most pages in them."""


DRIVERS: list[Playwright] = []
"""The one that all browsers of this process are started by, while there is one."""


@asynccontextmanager
async def one_driver() -> AsyncIterator[None]:
    """Start Playwright's driver, for all browsers that are started meanwhile: it takes as long to start as they do."""
    os.environ.setdefault(*COMPILED)  # which the driver inherits
    async with async_playwright() as playwright:
        DRIVERS.append(playwright)
        yield
        DRIVERS.remove(playwright)


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """Debian's Chromium, with an empty profile that is gone afterwards; within `one_driver`."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert path is not None, f"the browser tests need one of {PROGRAMS} on PATH"
    browser = await DRIVERS[-1].chromium.launch(
        executable_path=path, headless=True, args=[*ARGUMENTS, *arguments], chromium_sandbox=False
    )
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def page_in(browser: Browser, *, expected: tuple[str, ...] = (), **options: Any) -> AsyncIterator[Page]:
    """A page in a context of its own, made with Playwright's `options`.

    Nothing moves in it unless they say so: without a graphics card, moving pictures take a third of what a page takes.

    Raises:
        AssertionError: on leaving, if the browser complained of anything but what is `expected`.
    """
    complaints = Complaints(expected)
    context = await browser.new_context(**{"reduced_motion": "reduce", **options})
    try:
        await context.add_init_script(TELL_VIOLATIONS)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        complaints.watch(page)
        yield page
        # Whatever is under way when the page is left fails, and is no complaint.
        found = tuple(complaints.found)
    finally:
        await context.close()
    assert not found, found


@asynccontextmanager
async def open_page(*arguments: str, expected: tuple[str, ...] = (), **options: Any) -> AsyncIterator[Page]:
    """A page in a Chromium of its own, started with `arguments` besides the usual ones."""
    async with chromium(*arguments) as browser, page_in(browser, expected=expected, **options) as page:
        yield page


async def stop_clock(page: Page) -> None:
    """Have no time pass in a page that is not opened yet, but for what a test lets pass: no timer is due by itself."""
    await page.clock.install(time=0)
    await page.clock.pause_at(1)


def microphone_file(directory: Path, pcm: bytes, rate_hz: int = 16_000) -> tuple[str, ...]:
    """Arguments for a microphone that is allowed and hears `pcm` (16 bit, mono) once, from when it is opened."""
    path = directory / "microphone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(pcm)
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    )
