"""Both sides lie on one axis of time as they were heard: with gaps, cuts and holds, whatever their rates."""

import array
from collections.abc import Sequence

import pytest

from app.replay.audio_lanes import (
    GAP_S,
    MOST_AHEAD_S,
    RATE_HZ,
    AgentDiscarded,
    AgentHeld,
    AgentPiece,
    AgentReleased,
    AudioLanes,
    CallerPiece,
    Piece,
)

BEGAN = 100.0
FRAME_S = 0.02


def tone(level: int, rate_hz: int = RATE_HZ, duration_s: float = FRAME_S) -> bytes:
    return array.array("h", [level] * round(rate_hz * duration_s)).tobytes()


def caller(at: float, level: int, speaker: str = "", rate_hz: int = RATE_HZ) -> CallerPiece:
    return CallerPiece(at, speaker, rate_hz, tone(level, rate_hz))


def agent(at: float, level: int, duration_s: float = FRAME_S, rate_hz: int = RATE_HZ) -> AgentPiece:
    return AgentPiece(at, rate_hz, tone(level, rate_hz, duration_s))


def laid_down(pieces: Sequence[Piece], *, ends_at: float) -> tuple[list[int], list[int]]:
    """The samples of the caller and of the agent; what is settled is taken after each piece."""
    lanes = AudioLanes(BEGAN)
    taken = b""
    for piece in pieces:
        lanes.add(piece)
        taken += b"".join(lanes.settled())
    lanes.add(AgentDiscarded(ends_at))
    taken += b"".join(lanes.rest())
    both = array.array("h", taken)
    assert len(both) == 2 * round((ends_at - BEGAN) * RATE_HZ)
    return list(both[0::2]), list(both[1::2])


def spans(samples: Sequence[int]) -> list[tuple[float, float, int]]:
    """Where it is not silent: from, to, and the level there, in seconds since the beginning."""
    found: list[tuple[float, float, int]] = []
    begin = 0
    for at in range(1, len(samples) + 1):
        if at == len(samples) or samples[at] != samples[begin]:
            if samples[begin]:
                found.append((round(begin / RATE_HZ, 4), round(at / RATE_HZ, 4), samples[begin]))
            begin = at
    return found


def test_a_caller_lies_where_they_spoke_and_the_agent_where_it_was_heard() -> None:
    heard = [caller(BEGAN + 1.0 + n * FRAME_S, 500) for n in range(1, 51)]
    # The agent's first three frames are sent at once, the others as time goes on.
    sent = [agent(BEGAN + 3.0 + max(0, n - 3) * FRAME_S, 700) for n in range(50)]
    left, right = laid_down([*heard, *sent], ends_at=BEGAN + 6)
    assert spans(left) == [(1.0, 2.0, 500)]
    assert spans(right) == [(3.0, 4.0, 700)]


def test_frames_that_come_late_or_in_bursts_leave_no_holes() -> None:
    late = [caller(BEGAN + 1.0 + n * FRAME_S + (n % 5) * 0.02, 500) for n in range(1, 51)]
    left, _ = laid_down(sorted(late, key=lambda piece: piece.at), ends_at=BEGAN + 4)
    ((begin, end, _),) = spans(left)
    assert end - begin == pytest.approx(1.0, abs=0.001)
    assert begin == pytest.approx(1.0, abs=0.1)


def test_a_pause_in_what_comes_is_a_pause() -> None:
    left, _ = laid_down([caller(BEGAN + 1.02, 500), caller(BEGAN + 1.04 + 2 * GAP_S, 500)], ends_at=BEGAN + 3)
    assert spans(left) == [(1.0, 1.02, 500), (1.02 + 2 * GAP_S, 1.04 + 2 * GAP_S, 500)]


def test_what_a_client_throws_away_was_never_heard() -> None:
    pieces: list[Piece] = [agent(BEGAN + 1.0, 700, 0.4), AgentDiscarded(BEGAN + 1.1), agent(BEGAN + 1.5, 900, 0.1)]
    _, right = laid_down(pieces, ends_at=BEGAN + 3)
    assert spans(right) == [(1.0, 1.1, 700), (1.5, 1.6, 900)]


def test_what_a_client_holds_is_heard_when_it_goes_on() -> None:
    pieces: list[Piece] = [
        agent(BEGAN + 1.0, 700, 0.4),
        AgentHeld(BEGAN + 1.1),
        AgentReleased(BEGAN + 2.0),
        agent(BEGAN + 2.1, 900, 0.1),
    ]
    _, right = laid_down(pieces, ends_at=BEGAN + 4)
    assert spans(right) == [(1.0, 1.1, 700), (2.0, 2.3, 700), (2.3, 2.4, 900)]


def test_what_is_held_and_then_thrown_away_was_never_heard() -> None:
    pieces: list[Piece] = [
        agent(BEGAN + 1.0, 700, 0.4),
        AgentHeld(BEGAN + 1.1),
        AgentDiscarded(BEGAN + 1.5),
        AgentReleased(BEGAN + 2),
    ]
    _, right = laid_down(pieces, ends_at=BEGAN + 4)
    assert spans(right) == [(1.0, 1.1, 700)]


def test_speakers_who_talk_at_once_are_added_up_and_never_wrap_around() -> None:
    pieces: list[Piece] = [
        caller(BEGAN + 1.02, 30_000, "a"),
        caller(BEGAN + 1.02, 20_000, "b"),
        caller(BEGAN + 1.04, 500, "b"),
    ]
    left, _ = laid_down(pieces, ends_at=BEGAN + 3)
    assert spans(left) == [(1.0, 1.02, 32_767), (1.02, 1.04, 500)]


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_other_rates_last_as_long(rate_hz: int) -> None:
    heard = [caller(BEGAN + 1.0 + n * FRAME_S, 8_000, rate_hz=rate_hz) for n in range(1, 51)]
    sent = [agent(BEGAN + 3.0 + n * FRAME_S, 8_000, rate_hz=rate_hz) for n in range(50)]
    for samples, begins in zip(laid_down([*heard, *sent], ends_at=BEGAN + 6), (1.0, 3.0), strict=True):
        loud = [at for at, sample in enumerate(samples) if abs(sample) > 4_000]
        assert loud[0] / RATE_HZ == pytest.approx(begins, abs=0.01)
        assert len(loud) / RATE_HZ == pytest.approx(1.0, abs=0.01)


def test_a_client_that_sends_faster_than_time_goes_takes_no_more_room_than_time_does() -> None:
    lanes = AudioLanes(BEGAN)
    for _ in range(2_000):
        lanes.add(caller(BEGAN + 1.0, 500))
    lanes.add(AgentDiscarded(BEGAN + 2.0))
    assert len(b"".join(lanes.rest())) == 2 * RATE_HZ * 4
    lanes.add(AgentDiscarded(BEGAN + 60.0))
    (rest,) = spans(list(array.array("h", b"".join(lanes.rest()))[0::2]))
    assert rest[1] <= MOST_AHEAD_S + FRAME_S


def test_a_long_silence_is_made_bit_by_bit() -> None:
    lanes = AudioLanes(BEGAN)
    lanes.add(AgentDiscarded(BEGAN + 600.0))
    blocks = list(lanes.settled())
    assert sum(map(len, blocks)) == 599 * RATE_HZ * 4
    assert max(map(len, blocks)) <= 10 * RATE_HZ * 4


def test_time_does_not_go_back() -> None:
    left, _ = laid_down([AgentDiscarded(BEGAN + 3.0), caller(BEGAN + 1.0, 500)], ends_at=BEGAN + 4)
    assert spans(left) == [(2.98, 3.0, 500)]
