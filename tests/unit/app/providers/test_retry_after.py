"""When a service wants to be asked again."""

import email.utils
import time

import pytest

from app.providers.retry_after import retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9.0),
        ({"Retry-After": "9"}, 9.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Mon, 01 Jan 99999999999999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_when_to_ask_again(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_service_may_say_it_in_milliseconds_under_names_of_its_own() -> None:
    names = ("retry-after-ms", "x-ms-retry-after-ms")
    assert retry_after_s({"x-ms-retry-after-ms": "1500", "Retry-After": "9"}, names) == 1.5
    assert retry_after_s({"x-ms-retry-after-ms": "soon", "Retry-After": "2.5"}, names) == 2.5
    assert retry_after_s({"x-ms-retry-after-ms": "1500"}) is None


def test_when_to_ask_again_may_be_a_time_of_day_and_is_never_in_the_past() -> None:
    later = retry_after_s({"Retry-After": email.utils.formatdate(time.time() + 3_600, usegmt=True)})
    assert later is not None
    assert 3_500 < later <= 3_600
    assert retry_after_s({"Retry-After": email.utils.formatdate(0, usegmt=True)}) == 0.0
