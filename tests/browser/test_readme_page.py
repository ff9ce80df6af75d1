"""The lines of the README that put a voice button on somebody's page, as they stand there."""

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.async_api import expect

from tests.app.serving import EARSHOT, ROOT, serving
from tests.browser.chromium import open_page

README_ADDRESS = "localhost:8000"
RECORDED = re.compile(r"```html\n(.*?)```", re.DOTALL)


@contextmanager
def somebodys_site(html: str) -> Iterator[str]:
    """A site of somebody else's with that one page; its address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


async def test_the_button_of_the_readme_talks() -> None:
    (html,) = RECORDED.findall((ROOT / "README.md").read_text())
    with somebodys_site(html) as site, serving(EARSHOT, ALLOWED_ORIGINS=site) as server:
        here = server.url.removeprefix("http://")
        arguments = (
            f"--host-resolver-rules=MAP {README_ADDRESS} {here}",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
        )
        async with open_page(*arguments) as page:
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            await page.goto(site)
            button = page.get_by_role("button")
            await expect(button).to_have_text("Talk")
            await button.click()
            await expect(button).to_have_text("Hang up")
            async with page.expect_console_message(
                lambda message: "Maple Street Dental" in message.text, timeout=20_000
            ):
                pass
            await button.click()
            await expect(button).to_have_text("Talk")
    assert len(html.splitlines()) <= 10
    assert said
