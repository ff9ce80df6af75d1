"""Where the telephone network reaches this server about a call."""

import pytest

from app.telephony.acs.media_addresses import MediaAddresses
from app.telephony.errors import NotConfiguredError
from config.settings import Settings


def addresses(**variables: str) -> MediaAddresses:
    return MediaAddresses(Settings.read(variables))


@pytest.mark.parametrize(
    ("base_url", "callback", "media"),
    [
        ("https://example.com", "https://example.com/api/v1/calls/callbacks/secret", "wss://example.com/api/v1/media/"),
        (
            "https://example.com/",
            "https://example.com/api/v1/calls/callbacks/secret",
            "wss://example.com/api/v1/media/",
        ),
        ("http://127.0.0.1:80", "http://127.0.0.1:80/api/v1/calls/callbacks/secret", "ws://127.0.0.1:80/api/v1/media/"),
    ],
)
def test_both_addresses_carry_the_calls_secret(base_url: str, callback: str, media: str) -> None:
    found = addresses(BASE_URL=base_url)
    found.require()
    assert found.callback("secret") == callback
    assert found.media("secret").url == f"{media}stream/secret"


def test_a_server_that_cannot_be_reached_says_what_to_set() -> None:
    assert not addresses().known
    with pytest.raises(NotConfiguredError, match="set BASE_URL"):
        addresses().require()


@pytest.mark.parametrize(("rate", "rate_hz"), [("16000", 16_000), ("24000", 24_000)])
def test_audio_comes_as_it_is_set(rate: str, rate_hz: int) -> None:
    media = addresses(BASE_URL="https://example.com", ACS_SAMPLE_RATE=rate, ACS_MIXED_AUDIO="on").media("secret")
    assert (media.rate_hz, media.mixed) == (rate_hz, True)
