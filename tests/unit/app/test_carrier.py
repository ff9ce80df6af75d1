"""Which carrier a worker has, as its settings say."""

import pytest

from app.carrier import carrier_of
from config.errors import SettingsError
from config.settings import Settings

KEY = "endpoint=https://acs.example;accesskey=c2VjcmV0"


def test_without_a_network_calls_of_load_clients_come_and_none_is_placed() -> None:
    carrier = carrier_of(Settings.read({}))
    assert carrier.control is None
    assert (carrier.source_number, carrier.transcribes, carrier.default_mode) == ("", False, "media")
    assert carrier.network_variables == "ACS_CONNECTION_STRING or ACS_ENDPOINT"


async def test_a_network_that_is_configured_takes_orders() -> None:
    settings = Settings.read(
        {
            "ACS_CONNECTION_STRING": KEY,
            "ACS_SOURCE_PHONE_NUMBER": "+15550111",
            "ACS_STREAMING_MODE": "transcription",
            "COGNITIVE_SERVICES_ENDPOINT": "https://words.example",
        }
    )
    carrier = carrier_of(settings)
    assert carrier.control is not None
    await carrier.control.close()
    assert (carrier.source_number, carrier.default_mode) == ("+15550111", "transcription")
    assert carrier.rate_hz == settings.telephony.sample_rate


async def test_workers_that_share_no_calls_cannot_take_the_networks() -> None:
    several = {"ACS_CONNECTION_STRING": KEY, "WEB_CONCURRENCY": "2"}
    with pytest.raises(SettingsError, match="WEB_CONCURRENCY must be 1") as refused:
        carrier_of(Settings.read(several))
    assert "c2VjcmV0" not in str(refused.value)
    shared = carrier_of(Settings.read({**several, "REDIS_URL": "redis://127.0.0.1:6379"}))
    assert shared.control is not None
    await shared.control.close()
    assert carrier_of(Settings.read({"WEB_CONCURRENCY": "2"})).control is None
