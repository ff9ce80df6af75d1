"""Which media type a client prefers."""

import pytest

from app.api.content_negotiation import preferred

OFFERED = ("application/json", "text/vtt", "text/plain")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/vtt", "text/vtt"),
        ("TEXT/VTT; charset=utf-8", "text/vtt"),
        ("text/*", "text/vtt"),
        ("text/*, text/vtt;q=0.1", "text/plain"),
        ("text/plain;q=0.5, text/vtt; q=0.9", "text/vtt"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("*/*, application/json;q=0", "text/vtt"),
        ("text/plain;q=nonsense", None),
        ("image/png", None),
        ("nonsense", None),
        (",".join(["image/png"] * 40 + ["text/vtt"]), None),
    ],
)
def test_the_preferred_type(accept: str, expected: str | None) -> None:
    assert preferred(accept, OFFERED) == expected
