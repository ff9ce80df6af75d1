"""How much of the text has been heard, and how much is about to be."""

import pytest

from actors.conversation import PositionPrecision, UtteranceKind
from actors.messages.caller import BLIND, PACED
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.play_track import PlayTrack
from actors.rules.playback.playout import Playout
from tests.kit.playout_kit import RATE_HZ, audio, frames, heard, playout, run


def text_heard(player: Playout, *times_ms: float) -> list[int]:
    return [heard(player, at_ms).text_end for at_ms in times_ms]


def test_a_word_is_heard_when_the_next_one_begins() -> None:
    player = playout(PACED, 1_000, ended=False)
    for start, end, audio_ms in [(6, 11, 300), (0, 5, 20), (12, 15, 500)]:
        player.add_word(1, start, end, audio_ms)
    player.add_piece(1, 17, 700)
    run(player, 0, 800)
    assert text_heard(player, 800) == [17]


def test_the_text_heard_by_words_and_pieces() -> None:
    player = playout(BLIND, 1_000)
    for start, end, audio_ms in [(6, 11, 300), (0, 5, 20), (12, 15, 500), (18, 22, 760)]:
        player.add_word(1, start, end, audio_ms)
    player.add_piece(1, 17, 700)
    expected = {0: 0, 20: 0, 299: 0, 300: 5, 499: 5, 500: 11, 699: 11, 700: 17, 900: 17}
    seen = dict[int, int]()
    for at_ms in range(901):
        player.tick(at_ms)
        if at_ms in expected:
            seen[at_ms] = heard(player, at_ms).text_end
    assert seen == expected
    (whole,) = [t for t in run(player, 901, 1_100) if isinstance(t, Drained)]
    assert whole.hearing.text_end == 22


def test_without_words_the_text_is_guessed_within_a_piece() -> None:
    player = playout(PACED, 1_000)
    player.add_piece(1, 10, 200)
    player.add_piece(1, 50, 600)
    seen = dict[int, tuple[int, PositionPrecision]]()
    for at_ms in range(0, 1_000, 20):
        player.tick(at_ms)
        hearing = heard(player, at_ms)
        seen[at_ms] = (hearing.text_end, hearing.precision)
    assert [seen[at_ms][0] for at_ms in (0, 100, 200, 300, 600, 900)] == [0, 5, 10, 20, 50, 50]
    assert {heard for _, heard in seen.values()} == {PositionPrecision.ESTIMATED}
    (whole,) = [t for t in run(player, 1_000, 1_100) if isinstance(t, Drained)]
    assert whole.hearing == Hearing(
        reply=1, audio_ms=1_000, text_end=50, precision=PositionPrecision.NETWORK, complete=True
    )


def test_without_any_positions_nothing_counts_before_the_end() -> None:
    player = playout(PACED, 100)
    player.tick(0)
    assert heard(player, 50) == Hearing(
        reply=1, audio_ms=50, text_end=0, precision=PositionPrecision.NETWORK, complete=False
    )


@pytest.mark.parametrize("text_start", [0, 12])
def test_text_that_is_placed_without_any_audio_was_not_heard(text_start: int) -> None:
    player = Playout(RATE_HZ, PACED)
    player.begin(1, text_start=text_start)
    player.add_piece(1, 50, 0)
    player.end_early(1)
    (over,) = [told for told in run(player, 0, 100) if isinstance(told, Drained)]
    assert (over.hearing.audio_ms, over.hearing.text_end) == (0, text_start)


def test_text_heard_never_shrinks_when_words_come_late() -> None:
    player = playout(PACED, 1_000)
    player.add_piece(1, 50, 500)
    player.tick(0)
    run(player, 20, 240)
    assert text_heard(player, 250) == [25]
    player.add_word(1, 0, 5, 0)
    player.add_word(1, 6, 11, 240)
    assert text_heard(player, 250) == [25]


def test_a_reply_taken_up_again_counts_from_where_it_was_left() -> None:
    player = Playout(RATE_HZ, PACED)
    player.begin(1, text_start=40)
    player.add_audio(1, audio(200))
    player.add_word(1, 40, 45, 0)
    player.add_word(1, 46, 50, 100)
    (first, *_) = frames(player.tick(0))
    assert first.text_end == 45
    assert text_heard(player, 10) == [40]
    run(player, 20, 120)
    assert text_heard(player, 120) == [45]
    assert player.first_unheard() == (1, 40)


def test_frames_show_the_text_whose_audio_has_begun() -> None:
    player = playout(BLIND, 100)
    player.add_word(1, 0, 5, 10)
    player.add_word(1, 6, 11, 40)
    player.add_piece(1, 12, 70)
    player.add_word(1, 13, 16, 85)
    assert [f.text_end for f in frames(player.tick(0))] == [5, 5, 11, 12, 16]


def test_frames_before_the_first_word_show_nothing() -> None:
    player = playout(BLIND, 100)
    player.add_word(1, 0, 5, 50)
    assert [f.text_end for f in frames(player.tick(0))] == [0, 0, 5, 5, 5]


def test_frames_of_an_engine_without_words_show_whole_pieces() -> None:
    player = playout(BLIND, 100)
    player.add_piece(1, 12, 40)
    player.add_piece(1, 30, 80)
    assert [f.text_end for f in frames(player.tick(0))] == [12, 12, 30, 30, 30]
    assert [f.text_end for f in frames(playout(BLIND, 40).tick(0))] == [0, 0]


def test_where_to_begin_again() -> None:
    player = playout(PACED, 1_000)
    player.add_piece(1, 10, 200)
    player.add_piece(1, 25, 400)
    seen = []
    for at_ms in range(0, 500, 20):
        player.tick(at_ms)
        seen.append(player.first_unheard())
    assert seen == [(1, 0)] * 10 + [(1, 10)] * 10 + [(1, 25)] * 5


def cut_at_400_ms() -> Playout:
    player = playout(PACED, 1_000, ended=False)
    for start, end, audio_ms in [(0, 5, 20), (6, 11, 300), (12, 15, 500)]:
        player.add_word(1, start, end, audio_ms)
    player.add_piece(1, 11, 400)
    player.add_piece(1, 17, 1_000)
    return player


def test_the_audio_behind_a_cut_is_not_sent_and_its_text_not_heard() -> None:
    player = cut_at_400_ms()
    assert player.cut_after(1, 11)
    told = run(player, 0, 1_200)
    assert b"".join(frame.pcm for frame in frames(told)) == audio(1_000)[: 400 * RATE_HZ // 1000 * 2]
    (whole,) = [t for t in told if isinstance(t, Drained)]
    assert whole.hearing.text_end == 11


def test_a_cut_before_what_was_sent_already_ends_it_there() -> None:
    player = cut_at_400_ms()
    sent = frames(run(player, 0, 600))
    assert player.cut_after(1, 11)
    told = run(player, 620, 1_400)
    # One frame of silence tells the client that this was all.
    assert [frame.last for frame in frames(told)] == [True]
    assert len(sent) * 20 > 400
    assert [t.hearing.complete for t in told if isinstance(t, Drained)] == [True]


SPEECH, QUIET = b"\x00\x20" * 16, b"\x01\x00" * 16
"""A millisecond of each at 16 kHz."""


def all_at_once(pause_ms: int) -> PlayTrack:
    """A second of speech with a pause of 100 ms in it, of whose text of 20 characters only the end is known."""
    track = PlayTrack(1, UtteranceKind.REPLY, 1, 0, 16_000)
    track.add_audio(SPEECH * pause_ms + QUIET * 100 + SPEECH * (900 - pause_ms))
    track.places.add_piece(20, 1_000)
    return track


@pytest.mark.parametrize("pause_ms", [300, 500, 700])
def test_a_sentence_of_an_engine_that_speaks_all_at_once_ends_with_its_pause(pause_ms: int) -> None:
    track = all_at_once(pause_ms)
    track.pop_audio(100 * 32)
    assert track.places.text_entered(100) == 8
    assert track.cut_after(10)
    assert pause_ms <= 100 + track.buffered_bytes / 32 <= pause_ms + 100
    assert track.places.text_last == 10


def test_where_there_is_no_pause_its_length_tells_where_it_ends() -> None:
    track = PlayTrack(1, UtteranceKind.REPLY, 1, 0, 16_000)
    track.add_audio(SPEECH * 1_000)
    track.places.add_piece(4, 200)
    track.places.add_piece(20, 1_000)
    assert track.cut_after(12)
    assert track.buffered_bytes == 600 * 32


def test_a_word_behind_it_tells_where_it_ends() -> None:
    track = all_at_once(500)
    track.places.add_word(8, 300)
    track.places.add_word(16, 450)
    assert track.cut_after(10)
    assert track.buffered_bytes == 450 * 32


def test_white_space_behind_a_sentence_is_part_of_it() -> None:
    track = all_at_once(500)
    assert track.cut_after(19)
    assert track.buffered_bytes == 1_000 * 32


def test_audio_that_is_held_is_not_sent_before_it_is_released() -> None:
    player = playout(PACED, 100, ended=False)
    track = player.track(1)
    assert track is not None
    track.hold()
    player.add_audio(1, audio(100, seed=2))
    player.end(1)
    told = frames(run(player, 0, 400))
    assert b"".join(frame.pcm for frame in told) == audio(100)
    track.release()
    told = frames(run(player, 420, 900))
    assert b"".join(frame.pcm for frame in told) == audio(100, seed=2)
    assert told[-1].last


def test_what_is_less_than_a_frame_before_held_audio_is_sent_when_it_is_flushed() -> None:
    player = playout(PACED, 50, ended=False)
    track = player.track(1)
    assert track is not None
    track.hold()
    player.add_audio(1, audio(100, seed=2))
    assert len(frames(run(player, 0, 100))) == 2
    assert player.caught_up() == 1, "all there is of it was heard"
    assert player.flush(1)
    (padded,) = frames(run(player, 120, 300))
    assert padded.pcm == audio(50)[-320:] + bytes(320)
    assert not player.flush(1), "the rest is held"
    track.release()
    assert player.caught_up() is None
    (goes_on, *_) = frames(run(player, 320, 400))
    assert goes_on.pcm[320:] == audio(100, seed=2)[320:640], "softened at its beginning"


def test_held_audio_that_is_dropped_is_never_sent() -> None:
    player = playout(PACED, 100, ended=False)
    player.add_piece(1, 10, 100)
    track = player.track(1)
    assert track is not None
    track.drop_held(10)
    track.hold()
    player.add_audio(1, audio(100, seed=2))
    player.add_piece(1, 20, 200)
    track.drop_held(10)
    player.end(1)
    told = run(player, 0, 400)
    assert b"".join(frame.pcm for frame in frames(told)) == audio(100)
    (hearing,) = [each.hearing for each in told if isinstance(each, Drained)]
    assert (hearing.text_end, hearing.audio_ms) == (10, 100)


def test_nothing_is_sent_of_text_that_is_held() -> None:
    player = playout(PACED, 1_000)
    for start, end, audio_ms in [(0, 5, 0), (6, 11, 300), (12, 15, 600)]:
        player.add_word(1, start, end, audio_ms)
    track = player.track(1)
    assert track is not None
    track.held_text = 0
    assert frames(run(player, 0, 400)) == []
    track.held_text = 12
    told = frames(run(player, 420, 1_400))
    assert told[-1].audio_ms + 20 == 600, "up to where the first word behind it begins"
    track.held_text = None
    assert frames(run(player, 1_420, 2_400))[-1].last


def test_a_reply_of_which_nothing_was_sent_can_be_forgotten() -> None:
    player = playout(PACED, 100)
    player.forget(1)
    player.forget(1)
    assert player.idle


@pytest.mark.parametrize("chunk_bytes", [2, 10, 12, 30, 64])
def test_audio_is_taken_in_its_order_whatever_pieces_it_came_in(chunk_bytes: int) -> None:
    pcm = bytes(range(200))
    track = PlayTrack(1, UtteranceKind.REPLY, 1, 0, RATE_HZ)
    for begin in range(0, len(pcm), chunk_bytes):
        track.add_audio(pcm[begin : begin + chunk_bytes])
    taken = b""
    while part := track.pop_audio(12):
        taken += part
        assert (track.taken_bytes, track.buffered_bytes) == (len(taken), len(pcm) - len(taken))
    assert taken == pcm
    assert not track.chunks
