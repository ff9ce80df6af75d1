"""What a rate that cannot be converted means to a call."""

import sys

import pytest

from app.telephony.errors import UnsupportedRateError
from app.telephony.media.resampling import HEARD_HZ, to_16_khz


@pytest.mark.parametrize("package", ["numpy", "soxr"])
def test_without_the_extra_another_rate_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert to_16_khz(HEARD_HZ) is None
    with pytest.raises(UnsupportedRateError, match=f"24000 Hz needs {package}, of the extra local"):
        to_16_khz(24_000)
