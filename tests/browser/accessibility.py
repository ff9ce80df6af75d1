"""What axe-core, which knows the rules of WCAG, finds wrong with a page."""

from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

THERE = "window.axe !== undefined"
FOUND = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return { violations };
}"""
"""Only what is wrong leaves the page: what is right is a hundred times as much."""

INKS: dict[str, Literal["light", "dark"]] = {"rgb(236, 234, 229)": "dark", "rgb(27, 29, 33)": "light"}
"""The colours of text, `--ink` of base.css, each with the scheme that has it."""


async def no_violations(page: Page) -> None:
    """Assert that axe-core finds nothing wrong with the page as it is."""
    # Half a megabyte, which a document needs once.
    if not await page.evaluate(THERE):
        await page.evaluate(AXE_SCRIPT)
    found = AxeResults(await page.evaluate(FOUND))
    assert found.violations_count == 0, found.generate_report()


async def no_violations_in_any_colours(page: Page) -> None:
    """Assert the same of the page in its dark colours, and then in its light ones, which it keeps."""
    for ink, scheme in INKS.items():
        await page.emulate_media(color_scheme=scheme)
        await expect(page.locator("body")).to_have_css("color", ink)
        await no_violations(page)
