"""Which orders may be given again."""

import pytest

from app.telephony.errors import CallControlError, Trouble


@pytest.mark.parametrize("trouble", Trouble)
def test_only_what_time_may_mend_is_asked_again(trouble: Trouble) -> None:
    error = CallControlError(trouble, "answer: status 0")
    assert error.retryable is (trouble in (Trouble.THROTTLED, Trouble.UNAVAILABLE))


def test_the_text_names_the_trouble_before_the_detail() -> None:
    assert str(CallControlError(Trouble.CONFLICT, "hold: status 409", status=409)) == "conflict: hold: status 409"
