"""What a rate that cannot be converted means to a call."""

import sys

import pytest

from app.telephony.errors import UnsupportedRateError
from app.telephony.media.resampling import HEARD_HZ, converter, to_16_khz


@pytest.mark.parametrize("package", ["numpy", "soxr"])
def test_without_the_extra_another_rate_is_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert to_16_khz(HEARD_HZ) is None
    with pytest.raises(UnsupportedRateError, match=f"24000 Hz needs {package}, of the extra local"):
        to_16_khz(24_000)


@pytest.mark.parametrize("from_hz", [16_000, 24_000])
@pytest.mark.parametrize("to_hz", [8_000, 16_000, 24_000, 48_000])
def test_next_to_nothing_of_what_is_said_is_held_back(from_hz: int, to_hz: int) -> None:
    resampling = converter(from_hz, to_hz)
    sent = 0
    for frames in range(1, 101):
        pcm = bytes(from_hz // 25)
        sent += len(pcm if resampling is None else resampling.push(pcm))
        assert sent / 2 / to_hz == pytest.approx(frames * 0.02, abs=0.001)
