"""When a service wants to be asked again."""

import email.utils
import time

import pytest

from app.providers.retry_after import retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "9"}, 9.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Mon, 01 Jan 99999999999999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_when_to_ask_again(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_when_to_ask_again_may_be_a_time_of_day_and_is_never_in_the_past() -> None:
    later = retry_after_s({"retry-after": email.utils.formatdate(time.time() + 3_600, usegmt=True)})
    assert later is not None
    assert 3_500 < later <= 3_600
    assert retry_after_s({"retry-after": email.utils.formatdate(0, usegmt=True)}) == 0.0
