"""How far the user has heard: by the clock, and by the marks of a client."""

import random

import pytest

from actors.conversation import PositionPrecision
from actors.messages.caller import MARKED, PACED
from actors.rules.playback.client_position import MARK_DUE_MS, MARK_FRESH_MS, TURNS_KEPT
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.play_head import MARK_SETTLES_MS, MarkState, PlayHead
from actors.rules.playback.playout import Playout
from tests.kit.playout_kit import FRAME_BYTES, FRAME_MS, RATE_HZ, audio, drained, frames, heard, playout, run


def test_a_marking_client_is_heard_at_its_mark_and_the_time_since() -> None:
    player = playout(MARKED, 1_000)
    player.tick(0)
    assert heard(player, MARK_DUE_MS).audio_ms == 0
    player.mark(0, 10, MarkState.PLAYING, 100)
    assert heard(player, 100).audio_ms == 10
    assert heard(player, 150).audio_ms == 60
    player.mark(0, 80, MarkState.PLAYING, 200)
    assert heard(player, 200) == Hearing(
        reply=1, audio_ms=110, text_end=0, precision=PositionPrecision.EXACT, complete=False
    )
    assert heard(player, 240).audio_ms == 120
    assert heard(player, 2_000).audio_ms == 300


def test_a_client_that_owes_its_first_mark_is_not_waited_for_for_ever() -> None:
    player = playout(MARKED, 400)
    told = run(player, 0, 700)
    assert drained(told) == [1]
    assert [t.hearing for t in told if isinstance(t, Drained)] == [
        Hearing(reply=1, audio_ms=400, text_end=0, precision=PositionPrecision.ESTIMATED, complete=True)
    ]


def test_a_mark_makes_positions_exact_for_a_while() -> None:
    player = playout(MARKED, 2_000)
    player.tick(0)
    assert heard(player, 10).precision is PositionPrecision.ESTIMATED
    player.mark(0, 0, MarkState.PLAYING, 20)
    assert heard(player, 20 + MARK_FRESH_MS).precision is PositionPrecision.EXACT
    assert heard(player, 21 + MARK_FRESH_MS).precision is PositionPrecision.ESTIMATED


def test_a_mark_never_claims_more_than_was_sent() -> None:
    player = playout(MARKED, 1_000)
    player.tick(0)
    player.mark(0, 99_999, MarkState.PLAYING, 100)
    assert heard(player, 100).audio_ms == 300


def test_a_client_that_stopped_its_player_is_waited_for() -> None:
    player = playout(MARKED, 1_000)
    player.tick(0)
    player.mark(0, 50, MarkState.PAUSED, 100)
    assert heard(player, 5_000).audio_ms == 50
    assert len(frames(run(player, 5_000, 6_000))) == 2
    player.mark(0, 50, MarkState.PLAYING, 6_100)
    assert heard(player, 6_150).audio_ms == 100


def test_marks_of_unknown_turns_and_unasked_ones_are_ignored() -> None:
    for player in (playout(MARKED, 1_000), playout(PACED, 1_000)):
        player.tick(0)
        player.mark(5, 40, MarkState.PLAYING, 0)
        assert heard(player, 0).audio_ms == 0


def test_a_mark_counts_the_audio_of_its_turn_over_all_its_replies() -> None:
    player = Playout(RATE_HZ, MARKED)
    for reply, turn, duration_ms in [(1, 1, 40), (2, 2, 60), (3, 2, 100)]:
        player.begin(reply, turn=turn)
        player.add_audio(reply, audio(duration_ms))
        player.end(reply)
    player.tick(0)
    player.mark(2, 90, MarkState.PAUSED, 50)
    assert drained(player.tick(50)) == [1, 2]
    assert heard(player, 50, 3).audio_ms == 30


def test_only_the_last_turns_are_remembered() -> None:
    player = Playout(RATE_HZ, MARKED)
    for turn in range(TURNS_KEPT + 1):
        player.begin(turn, turn=turn)
        player.add_audio(turn, audio(20))
        player.end(turn)
    player.tick(0)
    player.mark(0, 20, MarkState.PAUSED, 1)
    assert drained(player.tick(1)) == []
    player.mark(1, 10, MarkState.PAUSED, 1)
    assert drained(player.tick(1)) == [0]


def test_a_marking_client_holds_at_the_pause() -> None:
    player = playout(MARKED, 1_000)
    player.tick(0)
    player.mark(0, 0, MarkState.PLAYING, 100)
    assert player.pause(150)
    assert player.pause(155)
    assert heard(player, 400).audio_ms == 50
    player.mark(0, 70, MarkState.PAUSED, 200)
    player.mark(0, 60, MarkState.PLAYING, 210)
    assert heard(player, 900).audio_ms == 70
    assert run(player, 900, 1_000) == []
    player.resume(1_000)
    assert heard(player, 1_000 + MARK_DUE_MS + 30).audio_ms == 100
    sent = frames(player.tick(1_000 + MARK_DUE_MS + 30))
    assert b"".join(f.pcm for f in sent) == audio(1_000)[15 * FRAME_BYTES :][: len(sent) * FRAME_BYTES]


def test_a_client_that_held_all_it_had_hears_nothing_on_resuming() -> None:
    player = playout(MARKED, 100, ended=False)
    player.tick(0)
    player.pause(10)
    player.mark(0, 100, MarkState.PAUSED, 20)
    player.resume(30)
    assert heard(player, 500).audio_ms == 100


def test_a_pause_in_which_nothing_was_underway_leaves_the_clock_alone() -> None:
    player = playout(MARKED, 0, ended=False)
    player.pause(0)
    player.resume(30)
    player.add_audio(1, audio(200))
    player.tick(500)
    assert heard(player, 500 + MARK_DUE_MS + 10).audio_ms == 10


def test_an_empty_client_hears_again_when_it_says_so_or_should_have() -> None:
    player = playout(MARKED, 1_000)
    player.tick(0)
    player.mark(0, 40, MarkState.EMPTY, 100)
    assert heard(player, 100 + MARK_DUE_MS).audio_ms == 40
    assert heard(player, 130 + MARK_DUE_MS).audio_ms == 70
    player.mark(0, 75, MarkState.PLAYING, 140 + MARK_DUE_MS)
    assert heard(player, 150 + MARK_DUE_MS).audio_ms == 85


def test_a_client_that_lost_audio_and_is_empty_for_long_is_not_waited_for() -> None:
    player = playout(MARKED, 200)
    player.tick(0)
    for at_ms in range(100, MARK_SETTLES_MS, 100):
        player.mark(0, 40, MarkState.EMPTY, at_ms)
    player.mark(0, 40, MarkState.EMPTY, MARK_SETTLES_MS - 1)
    assert not heard(player, MARK_SETTLES_MS - 1).complete
    player.mark(0, 40, MarkState.EMPTY, MARK_SETTLES_MS)
    assert drained(player.tick(MARK_SETTLES_MS)) == [1]


@pytest.mark.parametrize("network_ms", [5.0, 40.0, 90.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_true_client_is_never_credited_with_more_than_it_has_played(network_ms: float, seed: int) -> None:
    """A client with a prefill of 100 ms, marks every 100 ms, ticks every 20."""
    chance, player = random.Random(seed), playout(MARKED, 3_000)
    arriving: list[tuple[float, int]] = []
    marks: list[tuple[float, float, MarkState]] = []
    received_ms = played_ms = 0.0
    playing, lag_ms = False, list[float]()
    for at_ms in range(4_000):
        for parcel in list(arriving):
            if parcel[0] <= at_ms:
                arriving.remove(parcel)
                received_ms += parcel[1]
        playing = received_ms > played_ms and (playing or received_ms - played_ms >= 100 or received_ms >= 3_000)
        played_ms += playing
        if at_ms % 100 == 0:
            state = MarkState.PLAYING if playing else MarkState.EMPTY
            marks.append((at_ms + network_ms + chance.uniform(0, 5), played_ms, state))
        for mark in [m for m in marks if m[0] <= at_ms]:
            marks.remove(mark)
            player.mark(0, mark[1], mark[2], at_ms)
        if at_ms % 20 == 0:
            arriving += [(at_ms + network_ms, FRAME_MS) for _ in frames(player.tick(at_ms))]
        hearing = player.heard(at_ms)
        if hearing is not None and hearing.precision is PositionPrecision.EXACT:
            assert hearing.audio_ms <= played_ms + 1
            lag_ms.append(played_ms - hearing.audio_ms)
    assert received_ms == 3_000
    assert player.idle
    assert max(lag_ms[600:]) <= network_ms + 30


def test_a_head_that_was_not_held_cannot_be_released() -> None:
    head = PlayHead()
    head.send(0, 100, 0)
    head.release(50, 1_000)
    head.advance(80)
    assert head.heard_ms == 80


def test_a_head_released_with_nothing_underway_waits_for_audio() -> None:
    head = PlayHead()
    head.hold()
    head.release(0, 0)
    head.send(100, 20, 0)
    head.advance(110)
    assert head.heard_ms == 10


def test_time_that_stands_still_moves_nothing() -> None:
    head = PlayHead()
    head.send(100, 20, 50)
    for at_ms in (100, 120, 150):
        head.advance(at_ms)
        assert head.heard_ms == 0
    head.advance(160)
    head.advance(155)
    assert head.heard_ms == 10


def test_marks_count_what_a_former_playout_has_sent_of_the_turn() -> None:
    """The client counts on when a synthesizer that failed is replaced, and still plays what it was sent before."""
    player = Playout(RATE_HZ, MARKED, sent_before_ms={0: 3_000.0})
    player.begin(1)
    player.add_audio(1, audio(2_000))
    player.tick(0)
    player.mark(0, 2_800.0, MarkState.PLAYING, 100)
    hearing = player.heard(100)
    assert hearing is not None
    assert hearing.audio_ms == 0
    player.mark(0, 3_100.0, MarkState.PLAYING, 400)
    hearing = player.heard(400)
    assert hearing is not None
    assert hearing.audio_ms == pytest.approx(100)
    player.attach(MARKED, 500)
    player.tick(500)
    player.mark(0, 40.0, MarkState.PLAYING, 600)
    hearing = player.heard(600)
    assert hearing is not None
    assert hearing.audio_ms == pytest.approx(240)
