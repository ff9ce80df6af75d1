"""The page at / for everybody: by keyboard, by ear, small and large, light and dark."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.accessibility import no_violations_in_any_colours
from tests.browser.visit import DESKTOP, LONG, PHONE, agent_is_heard, log, type_in, visit
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that speaks no faster than people do: what is looked at while it is heard is looked at for long."""
    with serving(EARSHOT, **FAKES) as started:
        yield started


pytestmark = pytest.mark.asyncio(loop_scope="session")


async def too_wide(page: Page) -> list[str]:
    """What reaches beyond the window, or beyond what scrolls up and down."""
    found: list[str] = await page.evaluate("""
        ["html", "#scroll", "#details"]
            .map((name) => document.querySelector(name))
            .filter((part) => part.scrollWidth > part.clientWidth)
            .flatMap((part) => [...part.querySelectorAll("*")]
                .filter((inner) => inner.getBoundingClientRect().right > part.getBoundingClientRect().right)
                .map((inner) => `${inner.localName}#${inner.id}.${inner.getAttribute("class")} in ${part.localName}`)
                .concat(`${part.scrollWidth} > ${part.clientWidth}`))
    """)
    return found


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_keeps_anybody_out(browser: Browser, server: Server, size: dict[str, Any]) -> None:
    # With motion, what is still fading in has a contrast that nobody reads.
    async with visit(browser, server, reduced_motion="reduce", **size) as page:
        await no_violations_in_any_colours(page)
        await type_in(page, LONG)
        await agent_is_heard(page)
        await no_violations_in_any_colours(page)
        await page.keyboard.press("Escape")
        await expect(log(page)).to_contain_text("interrupted")
        toggle = page.get_by_role("button", name="Timing and settings")
        if await toggle.is_visible():
            await toggle.click()
        await expect(page.get_by_role("heading", name="Timing")).to_be_visible()
        await no_violations_in_any_colours(page)
        await page.evaluate("document.getElementById('talk').click()")
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await no_violations_in_any_colours(page)


SMALL = ((320, 568), (640, 400), (320, 256))


async def nothing_is_too_wide(page: Page) -> None:
    """In no small window."""
    for width, height in SMALL:
        await page.set_viewport_size({"width": width, "height": height})
        assert await too_wide(page) == [], (width, height)


async def test_nothing_needs_scrolling_sideways(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await nothing_is_too_wide(page)
        await type_in(page, "supercalifragilistic" * 40)
        await expect(log(page)).to_contain_text("You said supercali")
        await nothing_is_too_wide(page)
        await agent_is_heard(page)
        await page.keyboard.press("Escape")
        toggle = page.get_by_role("button", name="Timing and settings")
        for width, height in SMALL:
            await page.set_viewport_size({"width": width, "height": height})
            await toggle.click()
            await expect(page.get_by_role("img", name=re.compile("Times of"))).to_be_visible()
            assert await too_wide(page) == [], (width, height)
            await page.keyboard.press("Escape")
            await expect(toggle).to_have_attribute("aria-expanded", "false")


OVERLAPS = """
(() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((part) => part.checkVisibility());
  const name = (part) => part.id || part.className;
  const box = (part) => part.getBoundingClientRect();
  const meet = (one, other) =>
    Math.min(box(one).right, box(other).right) - Math.max(box(one).left, box(other).left) > 1 &&
    Math.min(box(one).bottom, box(other).bottom) - Math.max(box(one).top, box(other).top) > 1;
  const met = (one, others) => others.filter((other) => meet(one, other)).map((other) => [name(one), name(other)]);
  const apart = shown(".brand, .who, .choice, .tools, .floor, .meters, #scroll, .notice, .control, #text, #send");
  // What is opened may lie over the conversation, not over what one says and does.
  const spared = shown("header, .notice, .control, #text, #send");
  return [
    ...apart.flatMap((one, at) => met(one, apart.slice(at + 1))),
    ...shown("#details").flatMap((details) => met(details, spared)),
    ...shown(".connection, .floor-word, .floor-hint, .notice, .word")
      .filter((part) => part.scrollWidth > part.clientWidth)
      .map((part) => ["cut off", name(part)]),
  ];
})()
"""
"""What lies over something else, or is cut off."""


async def as_wide_as(page: Page) -> AsyncIterator[int]:
    """Have the window as wide as on phones, tablets and desks, one after the other."""
    for width in (320, 390, 768, 1024, 1280, 1920):
        await page.set_viewport_size({"width": width, "height": 720})
        yield width


async def test_nothing_lies_over_anything_else(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        async for width in as_wide_as(page):
            assert await page.evaluate(OVERLAPS) == [], width
        await page.get_by_role("button", name="Talk").click()
        await expect(page.get_by_role("status")).to_contain_text("No microphone was found.")
        await expect(page.get_by_role("button", name="Interrupt")).to_be_visible()
        toggle = page.get_by_role("button", name="Timing and settings")
        async for width in as_wide_as(page):
            assert await page.evaluate(OVERLAPS) == [], width
            if is_folded := await toggle.is_visible():
                await toggle.click()
            await expect(page.get_by_role("heading", name="Timing")).to_be_visible()
            assert await page.evaluate(OVERLAPS) == [], width
            if is_folded:
                await toggle.click()


SHRINKS = """
(() => {
  const scroll = document.getElementById("scroll");
  document.getElementById("state-notice").style.cssText = "display: block !important; height: 140px";
  // As of a scrolling that was under way.
  scroll.dispatchEvent(new Event("scroll"));
})()
"""
LEFT = """
new Promise((told) => requestAnimationFrame(() => setTimeout(() => {
  const scroll = document.getElementById("scroll");
  told(scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight);
}, 50)))
"""
"""Pixels between what is seen of the transcript and its end, once the page was painted."""


async def test_who_reads_the_end_of_the_transcript_still_does_when_a_notice_takes_room(
    browser: Browser, server: Server
) -> None:
    async with visit(browser, server, **PHONE) as page:
        await type_in(page, LONG)
        await expect(log(page)).to_contain_text("the river")
        await page.keyboard.press("Escape")
        await page.evaluate(SHRINKS)
        assert await page.evaluate(LEFT) < 2
        # Who has scrolled up is left there.
        await page.evaluate("document.getElementById('scroll').scrollTop = 0")
        await page.evaluate(LEFT)
        await page.evaluate("document.getElementById('state-notice').style.height = '10px'")
        assert await page.evaluate(LEFT) > 100


async def test_the_buttons_are_big_enough_for_a_thumb(browser: Browser, server: Server) -> None:
    too_small = """[...document.querySelectorAll("button, select, input")]
        .filter((control) => control.checkVisibility())
        .map((control) => [control.id, Math.min(control.offsetWidth, control.offsetHeight)])
        .filter(([, size]) => size < 44)"""
    async with visit(browser, server, **PHONE) as page:
        assert await page.evaluate(too_small) == []
        await type_in(page, "hello")
        await expect(page.get_by_role("button", name="Interrupt")).to_be_visible()
        assert await page.evaluate(too_small) == []


async def test_the_colours_can_be_chosen_and_are_kept(browser: Browser, server: Server) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    async with visit(browser, server, color_scheme="light") as page:
        switch = page.get_by_role("button", name="Dark colours")
        await expect(switch).to_have_attribute("aria-pressed", "false")
        light = await page.evaluate(background)
        await switch.click()
        await expect(switch).to_have_attribute("aria-pressed", "true")
        dark = await page.evaluate(background)
        await page.reload()
        await expect(switch).to_have_attribute("aria-pressed", "true")
        assert await page.evaluate(background) == dark
        await switch.click()
        assert await page.evaluate(background) == light != dark


async def test_every_control_is_reached_in_the_order_in_which_it_is_read(browser: Browser, server: Server) -> None:
    async with visit(browser, server, **PHONE) as page:
        names = []
        for _ in range(12):
            await page.keyboard.press("Tab")
            names.append(await page.evaluate("document.activeElement.id"))
            if names[-1] == "send":
                break
    assert names == ["", "agent", "mode", "scheme", "details-toggle", "scroll", "talk", "text", "send"]


ASKED = """() => new Promise((resolve) => {
  let asked = 0;
  const ask = window.requestAnimationFrame;
  window.requestAnimationFrame = (draw) => { asked += 1; return ask(draw); };
  setTimeout(() => resolve(asked), 2_000);
})"""
"""How many frames a page asks for within two seconds."""


async def test_where_motion_is_unwanted_meters_ask_for_a_frame_four_times_a_second(
    browser: Browser, server: Server
) -> None:
    async with visit(browser, server, reduced_motion="reduce") as page:
        await type_in(page, LONG)
        await agent_is_heard(page)
        assert 0 < await page.evaluate(ASKED) < 20
