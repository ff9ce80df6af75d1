"""What is sent when: lead, pace, pause and resume, clear, another connection."""

import random

import pytest

from actors.conversation import PositionPrecision, UtteranceKind
from actors.messages.caller import BLIND, MARKED, PACED, Lead, Transport
from actors.rules.audio import ramp
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.play_head import MarkState
from actors.rules.playback.playout import Playout
from tests.kit.playout_kit import FRAME_BYTES, FRAME_MS, LEADS, RATE_HZ, audio, drained, frames, heard, playout, run


@pytest.mark.parametrize(("lead", "at_once"), [(PACED, 3), (MARKED, 15), (BLIND, 15), (Lead(Transport.BLIND, 75), 3)])
def test_the_lead_is_sent_at_once(lead: Lead, at_once: int) -> None:
    assert len(frames(playout(lead, 1_000).tick(0))) == at_once


def test_then_a_frame_every_20_ms() -> None:
    player = playout(PACED, 1_000)
    player.tick(1_000)
    assert [len(frames(player.tick(1_000 + n * 20))) for n in range(1, 48)] == [1] * 47


def test_a_frame_of_40_ms_is_counted_whole() -> None:
    player = playout(PACED, 400, frame_ms=40)
    first = frames(player.tick(0))
    assert [len(frame.pcm) for frame in first] == [1_280]
    assert [len(frames(player.tick(n * 20))) for n in range(1, 7)] == [1, 0, 1, 0, 1, 0]


def test_a_lead_without_room_for_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        Playout(RATE_HZ, Lead(Transport.PACED, 30), 40)


def test_frames_say_what_they_are() -> None:
    player = Playout(RATE_HZ, PACED)
    player.begin(7, UtteranceKind.FILLER, turn=3)
    player.add_audio(7, audio(50))
    player.end(7)
    first, second, last = frames(player.tick(0))
    assert [first.sequence, second.sequence, last.sequence] == [0, 1, 2]
    assert [first.audio_ms, second.audio_ms, last.audio_ms] == [0, 20, 40]
    assert [first.first, second.first, last.first] == [True, False, False]
    assert [first.last, second.last, last.last] == [False, False, True]
    assert {(f.reply, f.turn, f.kind) for f in (first, second, last)} == {(7, 3, UtteranceKind.FILLER)}
    assert first.pcm + second.pcm + last.pcm == audio(50) + bytes(320)


def test_nothing_is_padded_before_the_end_is_known() -> None:
    player = playout(PACED, 30, ended=False)
    assert len(frames(player.tick(0))) == 1
    assert not frames(player.tick(20))
    player.end(1)
    assert [f.last for f in frames(player.tick(40))] == [True]


def test_an_end_after_the_last_sample_was_sent_is_a_frame_of_silence() -> None:
    player = playout(PACED, 40, ended=False)
    assert [f.last for f in frames(player.tick(0))] == [False, False]
    player.end(1)
    (closing,) = frames(player.tick(20))
    assert (closing.last, closing.pcm) == (True, bytes(FRAME_BYTES))
    assert drained(player.tick(40)) == [1]


def test_replies_are_heard_one_after_the_other_and_drain_in_their_order() -> None:
    player = playout(PACED, 50)
    player.begin(2)
    player.begin(3)
    player.add_audio(3, audio(20, seed=3))
    player.end(3)
    assert [f.reply for f in frames(player.tick(0))] == [1, 1, 1]
    assert player.tick(20) == []
    player.end(2)
    told = player.tick(40)
    assert [f.reply for f in frames(told)] == [3]
    assert drained(player.tick(45)) == []
    assert drained(player.tick(50)) == [1, 2]
    assert drained(player.tick(60)) == []
    assert drained(player.tick(80)) == [3]
    assert player.idle


def test_a_filler_goes_before_a_reply_that_has_not_begun() -> None:
    player = Playout(RATE_HZ, PACED)
    player.begin(1)
    player.begin(2, UtteranceKind.FILLER)
    for reply in (1, 2):
        player.add_audio(reply, audio(20))
        player.end(reply)
    assert [f.reply for f in frames(player.tick(0))] == [2, 1]


def test_a_filler_waits_for_a_reply_that_has_begun() -> None:
    player = playout(PACED, 100)
    player.tick(0)
    player.begin(2, UtteranceKind.FILLER)
    player.add_audio(2, audio(20))
    player.end(2)
    assert [f.reply for f in frames(run(player, 20, 200))] == [1, 1, 2]


def test_a_reply_without_audio_drains_at_once() -> None:
    player = playout()
    told = run(player, 0, 20)
    assert told == [
        Drained(Hearing(reply=1, audio_ms=0.0, text_end=0, precision=PositionPrecision.NETWORK, complete=True))
    ]


@pytest.mark.parametrize(("words", "heard_text"), [([(2, 0)], 0), ([(2, 0), (5, 20)], 2), ([(2, 0), (5, 40)], 2)])
def test_of_a_reply_whose_audio_ends_early_the_last_word_begun_is_not_heard(
    words: list[tuple[int, float]], heard_text: int
) -> None:
    player = playout(PACED, 40, ended=False)
    for text_end, audio_ms in words:
        player.add_word(1, 0, text_end, audio_ms)
    player.end_early(1)
    player.end_early(2)
    player.tick(0)
    player.tick(20)
    (last,) = (event for event in player.tick(60) if isinstance(event, Drained))
    assert last.hearing.text_end == heard_text


def test_what_was_never_begun_is_ignored() -> None:
    player = Playout(RATE_HZ, PACED)
    player.add_audio(9, audio(100))
    player.add_word(9, 0, 4, 0)
    player.add_piece(9, 4, 100)
    player.end(9)
    assert player.tick(0) == []
    assert player.heard(0) is None
    assert player.heard(0, 9) is None
    assert player.first_unheard() is None
    assert player.idle


def test_audio_after_the_end_and_empty_audio_are_ignored() -> None:
    player = playout(PACED, 20)
    player.add_audio(1, audio(20))
    player.add_audio(1, b"")
    assert player.buffered_ms == 20


def test_wrong_calls_are_refused() -> None:
    player = playout()
    with pytest.raises(ValueError, match="queued already"):
        player.begin(1)
    with pytest.raises(ValueError, match="half a sample"):
        player.add_audio(1, b"abc")


def test_chunks_of_any_size_come_out_as_they_went_in() -> None:
    chance, pcm = random.Random(5), audio(700, seed=5)
    player, position = Playout(RATE_HZ, BLIND), 0
    player.begin(1)
    while position < len(pcm):
        size = 2 * chance.randrange(1, 900)
        player.add_audio(1, pcm[position : position + size])
        position += size
    player.end(1)
    assert player.buffered_ms == 700
    sent = frames(run(player, 0, 1_000))
    assert b"".join(f.pcm for f in sent) == pcm
    assert player.buffered_ms == 0


# the pace


@pytest.mark.parametrize("late_ms", [0.0, 0.9, 4.0])
def test_jitter_never_exceeds_the_lead_nor_starves_the_call(late_ms: float) -> None:
    chance, player = random.Random(3), playout(PACED, 4_000)
    sent_ms = 60.0
    assert len(frames(player.tick(500))) == 3
    for n in range(190):
        at_ms = 521 + n * 20 + chance.uniform(0, late_ms)
        elapsed_ms = at_ms - 500
        assert sent_ms >= elapsed_ms
        sent_ms += 20 * len(frames(player.tick(at_ms)))
        assert sent_ms - elapsed_ms <= 60


def test_a_stall_of_35_ms_does_not_starve_a_full_lead() -> None:
    player = playout(PACED, 1_000)
    at_once = frames(player.tick(0))
    before = frames(run(player, 21, 201))
    sent_ms = 20 * len(at_once + before)
    assert sent_ms - (201 + 20 + 35) >= 0
    caught_up = frames(player.tick(201 + 20 + 35))
    assert len(caught_up) == 2
    assert len(frames(player.tick(201 + 60))) == 1


def test_a_stall_that_starves_the_call_starts_the_lead_anew() -> None:
    player = playout(PACED, 1_000)
    player.tick(0)
    assert len(frames(player.tick(500))) == 3
    assert heard(player, 500).audio_ms == 60
    assert heard(player, 530).audio_ms == 90


def test_a_slow_synthesizer_is_followed_and_the_clock_begins_anew() -> None:
    player = playout(PACED, 20, ended=False)
    player.tick(0)
    assert heard(player, 300).audio_ms == 20
    player.add_audio(1, audio(200))
    assert len(frames(player.tick(305))) == 3
    assert heard(player, 305).audio_ms == 20
    assert heard(player, 315).audio_ms == 30


def test_ticks_out_of_turn_are_harmless() -> None:
    player = playout(PACED, 1_000)
    sent = [len(frames(player.tick(at_ms))) for at_ms in range(100)]
    assert sum(sent) == 3 + 99 // 20
    assert sent[:21] == [3] + [0] * 19 + [1]


# pause and resume


def test_a_pause_stops_sending_and_the_lead_is_still_heard() -> None:
    player = playout(PACED, 1_000)
    run(player, 0, 100)
    assert player.pause(110)
    assert heard(player, 130).audio_ms == 130
    assert run(player, 140, 400) == []
    assert heard(player, 400).audio_ms == 160


def test_a_resume_goes_on_with_the_next_sample_ramped() -> None:
    player = playout(PACED, 400)
    before = frames(run(player, 0, 100))
    player.pause(105)
    player.pause(106)
    run(player, 120, 300)
    player.resume(310)
    after = frames(run(player, 310, 700))
    pcm = audio(400)
    begins = len(before) * FRAME_BYTES
    assert b"".join(f.pcm for f in before) == pcm[:begins]
    assert b"".join(f.pcm for f in after) == ramp(pcm[begins:], RATE_HZ)
    assert [f.sequence for f in after] == list(range(len(before), 20))
    assert len([f for f in after if f.sequence == len(before)]) == 1


def test_a_pause_too_short_to_be_heard_leaves_no_dent() -> None:
    player = playout(PACED, 400)
    sent = frames(run(player, 0, 100))
    player.pause(105)
    player.resume(125)
    sent += frames(run(player, 130, 700))
    assert b"".join(f.pcm for f in sent) == audio(400)


def test_a_resume_without_a_pause_is_nothing() -> None:
    player = playout(PACED, 400)
    player.resume(0)
    assert len(frames(player.tick(0))) == 3


def test_a_reply_that_begins_after_a_pause_is_not_ramped() -> None:
    player = playout(PACED, 100)
    player.pause(0)
    player.resume(500)
    assert frames(player.tick(500))[0].pcm == audio(100)[:FRAME_BYTES]


def test_a_blind_client_cannot_be_paused() -> None:
    player = playout(BLIND, 1_000)
    player.tick(0)
    assert not player.pause(10)
    assert len(frames(player.tick(40))) == 2


def test_a_blind_client_that_has_nothing_is_sent_nothing_while_it_is_paused() -> None:
    player = playout(BLIND, 1_000)
    assert player.pause(0)
    assert frames(player.tick(40)) == []
    player.resume(50)
    assert len(frames(player.tick(50))) == 15


def test_which_leads_can_be_held() -> None:
    assert [lead.is_holdable() for lead in LEADS] == [True, True, False]


def test_after_clear_nothing_is_sent_and_it_says_what_was_heard() -> None:
    player = playout(PACED, 1_000)
    player.add_word(1, 0, 5, 0)
    player.add_word(1, 6, 11, 90)
    player.begin(2)
    player.add_audio(2, audio(100))
    run(player, 0, 100)
    assert player.sounding(110)
    assert player.clear(110) == [
        Hearing(reply=1, audio_ms=110, text_end=5, precision=PositionPrecision.NETWORK, complete=False),
        Hearing(reply=2, audio_ms=0, text_end=0, precision=PositionPrecision.NETWORK, complete=False),
    ]
    assert not player.sounding(110)
    player.add_audio(1, audio(500))
    player.end(1)
    assert run(player, 120, 1_000) == []
    assert player.idle
    assert player.clear(1_000) == []


def test_clear_ends_a_pause() -> None:
    player = playout(PACED, 1_000)
    player.tick(0)
    player.pause(10)
    player.clear(20)
    player.begin(2)
    player.add_audio(2, audio(100))
    assert len(frames(player.tick(30))) == 3


def test_a_complete_reply_that_is_cleared_before_its_tick_is_told_of_there() -> None:
    player = playout(PACED, 60)
    player.tick(0)
    assert player.clear(60) == [
        Hearing(reply=1, audio_ms=60, text_end=0, precision=PositionPrecision.NETWORK, complete=True)
    ]
    assert run(player, 61, 200) == []


def test_replies_after_the_cleared_ones_lose_nothing() -> None:
    player = playout(BLIND, 60)
    player.begin(2)
    player.add_audio(2, audio(400, seed=2))
    player.end(2)
    assert {f.reply for f in frames(player.tick(0))} == {1, 2}
    assert [hearing.reply for hearing in player.clear(20, through_reply=1)] == [1]
    told = run(player, 40, 600)
    again = frames(told)
    assert b"".join(f.pcm for f in again) == audio(400, seed=2)
    assert not any(f.first for f in again)
    assert drained(told) == [2]


# another connection


@pytest.mark.parametrize("lead", LEADS)
def test_a_new_connection_gets_what_the_former_one_did_not_play(lead: Lead) -> None:
    player = playout(PACED, 400)
    run(player, 0, 100)
    player.detach(110)
    assert run(player, 120, 5_000) == []
    assert heard(player, 5_000).audio_ms == 110
    assert player.buffered_ms == 400 - 160
    player.attach(lead, 5_000)
    assert player.buffered_ms == 400 - 100
    again = frames(player.tick(5_000))
    assert again[0].sequence == 5
    assert again[0].pcm == ramp(audio(400)[5 * FRAME_BYTES : 6 * FRAME_BYTES], RATE_HZ)
    told = run(player, 5_020, 6_000)
    assert b"".join(f.pcm for f in again[1:] + frames(told)) == audio(400)[6 * FRAME_BYTES :]
    assert drained(told) == [1]


def test_a_new_connection_without_a_farewell_of_the_old_one() -> None:
    player = playout(MARKED, 400)
    player.tick(0)
    player.mark(0, 100, MarkState.PLAYING, 50)
    player.attach(MARKED, 70)
    player.mark(0, 300, MarkState.PLAYING, 80)
    assert heard(player, 80) == Hearing(
        reply=1, audio_ms=120, text_end=0, precision=PositionPrecision.ESTIMATED, complete=False
    )
    assert frames(player.tick(90))[0].audio_ms == 120
    player.mark(0, 10, MarkState.PLAYING, 100)
    assert heard(player, 100).audio_ms == 130


def test_a_pause_outlives_the_connection_whatever_the_new_one_can_do() -> None:
    for lead, count in [(PACED, 3), (MARKED, 15), (BLIND, 15)]:
        player = playout(PACED, 400)
        player.tick(0)
        player.pause(10)
        player.detach(20)
        player.attach(lead, 500)
        assert frames(player.tick(500)) == []
        player.resume(600)
        assert len(frames(player.tick(600))) == count


def test_pause_and_resume_while_nobody_is_there() -> None:
    player = playout(MARKED, 400)
    player.tick(0)
    player.mark(0, 0, MarkState.PLAYING, 0)
    player.detach(40)
    player.pause(50)
    player.resume(60)
    player.mark(0, 200, MarkState.PLAYING, 70)
    assert heard(player, 1_000).audio_ms == 40
    player.attach(MARKED, 1_000)
    assert len(frames(player.tick(1_000))) == 15


def test_a_reply_heard_to_its_padding_is_still_sent_to_its_end() -> None:
    player = playout(PACED, 50)
    player.tick(0)
    player.attach(PACED, 55)
    assert not heard(player, 55).complete
    told = run(player, 60, 200)
    assert [f.last for f in frames(told)] == [True]
    assert drained(told) == [1]


def test_the_first_reply_is_the_one_that_is_heard_first() -> None:
    playout = Playout(16_000, PACED)
    firsts = [playout.first_unheard()]
    playout.begin(3)
    playout.begin(4, text_start=7)
    firsts.append(playout.first_unheard())
    playout.clear(0.0, through_reply=3)
    assert [*firsts, playout.first_unheard()] == [None, (3, 0), (4, 7)]


@pytest.mark.parametrize("lead", LEADS)
def test_after_the_floor_was_yielded_every_sample_that_was_not_heard_is_sent_again_and_none_twice(lead: Lead) -> None:
    player = playout(lead, 1_000)
    before = frames(run(player, 0, 300))
    heard_ms = heard(player, 300).audio_ms
    player.yield_floor(300)
    assert frames(run(player, 320, 900)) == []
    assert heard(player, 900).audio_ms == heard_ms
    player.resume(900)
    after = frames(run(player, 900, 2_400))
    whole_frames_heard = int(heard_ms // 20)
    sent = b"".join(frame.pcm for frame in before)[: whole_frames_heard * FRAME_BYTES]
    again = b"".join(frame.pcm for frame in after)
    assert len(sent) + len(again) == len(audio(1_000))
    # The first of them are softened, and of the same length.
    assert again[FRAME_BYTES:] == audio(1_000)[len(sent) + FRAME_BYTES :]
    assert not any(frame.first for frame in after)


def test_where_the_text_has_begun_that_is_sent() -> None:
    player = playout(PACED, 1_000)
    player.add_word(1, 0, 5, 20)
    player.add_word(1, 6, 11, 300)
    assert player.text_begun(1) == 0
    run(player, 0, 200)
    assert player.text_begun(1) == 5
    assert player.text_begun(9) == 0


def test_a_cut_waits_until_it_is_known_where_its_text_ends() -> None:
    player = playout(PACED, 400, ended=False)
    assert not player.cut_after(1, 10)
    player.add_piece(1, 10, 200)
    assert player.cut_after(1, 10)
    assert len(frames(run(player, 0, 800))) == 10
    assert player.idle


def test_a_cut_of_a_reply_whose_last_pieces_were_never_told_of_keeps_all_its_audio() -> None:
    player = playout(PACED, 400)
    assert player.cut_after(1, 10)
    assert len(frames(run(player, 0, 800))) == 20


def test_a_cut_of_what_is_not_queued_is_done() -> None:
    assert playout(PACED, 400).cut_after(9, 10)


def test_it_is_held_once_what_was_on_its_way_before_a_pause_has_been_heard() -> None:
    player = playout(PACED, 200)
    run(player, 0, 100)
    assert not player.is_held
    player.pause(100)
    seen = []
    for at_ms in range(100, 180, FRAME_MS):
        player.tick(at_ms)
        seen.append(player.is_held)
    assert seen == [False, False, False, True]
    player.resume(180)
    assert not player.is_held


def test_an_estimate_of_a_reply_that_is_not_queued_is_ignored() -> None:
    player = Playout(RATE_HZ, PACED)
    player.estimate_piece(1, 20, 1_000)
    player.begin(1)
    player.estimate_piece(1, 20, 1_000)
    assert not player.idle


class TestAReplyThatIsWaitedFor:
    """All there is of a reply was heard, and more is to come."""

    def test_is_told_once_all_of_it_was_heard(self) -> None:
        player = playout(PACED, 100, ended=False)
        told = []
        for at_ms in range(0, 200, 20):
            player.tick(at_ms)
            told.append(player.caught_up())
        assert told == [None] * 5 + [1] * 5

    def test_is_none_while_something_is_on_its_way(self) -> None:
        player = playout(PACED, 100, ended=False)
        for at_ms in range(0, 200, FRAME_MS):
            player.tick(at_ms)
            assert player.is_dry() is (at_ms >= 100)
            assert (player.caught_up() is not None) is player.is_dry()

    def test_is_none_that_has_ended_or_not_begun(self) -> None:
        player = playout(PACED, 100)
        run(player, 0, 60)
        assert player.caught_up() is None
        empty = Playout(RATE_HZ, PACED)
        assert empty.caught_up() is None
        empty.begin(1)
        assert empty.caught_up() is None
        assert not empty.flush(1)
        assert not empty.flush(2)

    def test_lets_a_filler_pass_and_goes_on_where_it_was(self) -> None:
        player = playout(PACED, 100, ended=False)
        run(player, 0, 200)
        player.begin(2, UtteranceKind.FILLER)
        player.add_audio(2, audio(40))
        player.end(2)
        assert {frame.reply for frame in frames(run(player, 200, 300))} == {2}
        assert player.caught_up() == 1
        player.add_audio(1, audio(60))
        player.end(1)
        rest = frames(run(player, 300, 400))
        assert [(frame.reply, frame.audio_ms) for frame in rest] == [(1, 100), (1, 120), (1, 140)]
        assert [frame.first for frame in rest] == [False] * 3

    def test_sends_what_is_less_than_a_frame_when_nothing_completes_it(self) -> None:
        player = playout(PACED, 50, ended=False)
        assert len(frames(run(player, 0, 200))) == 2
        assert player.caught_up() == 1
        assert player.flush(1)
        (last,) = frames(player.tick(200))
        assert (last.audio_ms, last.last, last.pcm[320:]) == (40, False, bytes(320))
        assert not player.flush(1)
        run(player, 220, 300)
        player.add_audio(1, audio(20))
        (more,) = frames(player.tick(300))
        assert more.audio_ms == 50


def test_audio_behind_a_reply_of_which_more_is_to_come_cannot_be_sent() -> None:
    player = Playout(RATE_HZ, PACED)
    player.begin(1)
    player.begin(2)
    player.add_audio(2, audio(400))
    assert player.buffered_ms == 0
    player.end(1)
    assert player.buffered_ms == 400
