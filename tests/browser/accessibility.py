"""What axe-core, which knows the rules of WCAG, finds wrong with a page."""

from axe_playwright_python.base import AXE_SCRIPT, AxeResults  # type: ignore[import-untyped]
from playwright.async_api import Page

THERE = "window.axe !== undefined"
FOUND = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return { violations };
}"""
"""Only what is wrong leaves the page: what is right is a hundred times as much."""


async def no_violations(page: Page) -> None:
    """Assert that axe-core finds nothing wrong with the page as it is."""
    # Half a megabyte, which a document needs once.
    if not await page.evaluate(THERE):
        await page.evaluate(AXE_SCRIPT)
    found = AxeResults(await page.evaluate(FOUND))
    assert found.violations_count == 0, found.generate_report()
