"""Where in a call ACS says that something was said. Its ticks are 100 ns; what they count from it does not document.

Small ones count from the beginning of the transcription. The documentation's own example is a moment of .NET's calendar
instead, which begins with the year 1, and counts down from that calendar's last moment: both kinds are understood.
"""

TICKS_PER_MS = 10_000
LAST_TICK = 3_155_378_975_999_999_999
"""The end of the year 9999 in .NET ticks of 100 ns."""
EPOCH_TICKS = 621_355_968_000_000_000
"""The beginning of 1970 in .NET ticks of 100 ns."""
MOST_RELATIVE_TICKS = 365 * 24 * 3_600_000 * TICKS_PER_MS
"""The largest offset, one year in ticks of 100 ns, that counts from the beginning of the call; larger ones are points
in time."""


def offset_ms(ticks: int, *, begins_ms: float, created_at: float) -> float:
    """The position in ms from the beginning of the session; never before it.

    Args:
        ticks: as ACS sends them.
        begins_ms: how far the session was when the transcription began, in ms.
        created_at: when the session began, in seconds since the epoch.
    """
    if ticks <= MOST_RELATIVE_TICKS:
        return max(0.0, begins_ms + ticks / TICKS_PER_MS)
    moment = LAST_TICK - ticks if ticks > LAST_TICK // 2 else ticks
    return max(0.0, (moment - EPOCH_TICKS) / TICKS_PER_MS - created_at * 1_000)
