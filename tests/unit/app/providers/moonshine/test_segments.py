"""Where segments begin and end, and which audio is in them."""

from collections.abc import Iterator

from app.providers.moonshine.segments import (
    AGAIN_WINDOWS,
    ATTACK_WINDOWS,
    LONG_MS,
    LONGEST_MS,
    ONSET_WINDOWS,
    PAUSE_WINDOWS,
    PRE_ROLL_WINDOWS,
    TAIL_WINDOWS,
    VOICED_AGAIN,
    WINDOW_BYTES,
    WINDOW_MS,
    Segment,
    Segmentation,
)


def heard(segmentation: Segmentation, *stretches: tuple[float, int]) -> list[Segment]:
    """The segments that end while these are taken: a probability of speech, and for how many windows."""
    ended = []
    for probability, windows in stretches:
        for _ in range(windows):
            window = bytes([int(probability * 100)]) * WINDOW_BYTES
            if (segment := segmentation.take(window, probability)) is not None:
                ended.append(segment)
    return ended


def kinds(segment: Segment) -> Iterator[int]:
    """Of each window of the segment, the probability in percent that it was taken with."""
    return (segment.pcm[at] for at in range(0, len(segment.pcm), WINDOW_BYTES))


def test_silence_is_no_segment() -> None:
    segmentation = Segmentation()
    assert heard(segmentation, (0.0, 200)) == []
    assert segmentation.current is None
    assert segmentation.end() is None
    assert segmentation.audio_ms == 200 * WINDOW_MS


def test_a_click_is_no_segment() -> None:
    segmentation = Segmentation()
    heard(segmentation, (0.0, 20), (0.9, ONSET_WINDOWS - 1), (0.0, 5))
    assert segmentation.current is None


def test_weak_voice_goes_on_after_a_pause_and_neither_begins_a_segment_nor_puts_off_a_pause() -> None:
    weak = VOICED_AGAIN + 0.01
    never_begun, segmentation = Segmentation(), Segmentation()
    heard(never_begun, (weak, 20))
    assert never_begun.current is None
    heard(segmentation, (weak, 20), (0.9, 20), (weak, AGAIN_WINDOWS))
    assert segmentation.current is not None
    assert segmentation.current.end_ms == 40 * WINDOW_MS
    heard(segmentation, (weak, 1))
    assert segmentation.current.end_ms == (41 + AGAIN_WINDOWS) * WINDOW_MS
    assert segmentation.silence_ms == 0
    heard(segmentation, (VOICED_AGAIN, 5))
    assert segmentation.silence_ms == 5 * WINDOW_MS


def test_a_segment_begins_before_the_voice_and_ends_with_it() -> None:
    segmentation = Segmentation()
    heard(segmentation, (0.0, 50), (0.9, 20), (0.1, 4))
    segment = segmentation.end()
    assert segment is not None
    assert segment.start_ms == (50 + ONSET_WINDOWS - ATTACK_WINDOWS) * WINDOW_MS
    assert segment.end_ms == 70 * WINDOW_MS
    assert segment.voiced_ms == 20 * WINDOW_MS
    assert list(kinds(segment)) == [0] * (PRE_ROLL_WINDOWS - ONSET_WINDOWS) + [90] * 20 + [10] * 4
    assert segment.length_ms == len(segment.pcm) / 32


def test_a_pause_ends_it_and_keeps_some_silence() -> None:
    segmentation = Segmentation()
    (segment,) = heard(segmentation, (0.9, 20), (0.0, PAUSE_WINDOWS))
    assert list(kinds(segment)) == [90] * 20 + [0] * TAIL_WINDOWS
    assert segmentation.current is None


def test_a_shorter_pause_does_not() -> None:
    segmentation = Segmentation()
    assert heard(segmentation, (0.9, 20), (0.0, PAUSE_WINDOWS - 1), (0.9, 5)) == []
    segment = segmentation.end()
    assert segment is not None
    assert segment.end_ms == (20 + PAUSE_WINDOWS - 1 + 5) * WINDOW_MS
    # All of a short pause, of a longer one its beginning and what stands before the voice.
    assert list(kinds(segment)).count(0) <= PAUSE_WINDOWS - 1
    assert list(kinds(segment))[-5:] == [90] * 5


def test_a_long_segment_ends_with_a_breath() -> None:
    (segment,) = heard(Segmentation(), (0.9, LONG_MS // WINDOW_MS + 1), (0.0, 8))
    assert segment.voiced_ms >= LONG_MS


def test_the_longest_ends_in_the_middle_of_a_word_and_loses_nothing() -> None:
    segmentation = Segmentation()
    windows = LONGEST_MS // WINDOW_MS
    (segment,) = heard(segmentation, (0.9, windows + 100))
    rest = segmentation.end()
    assert rest is not None
    assert segment.length_ms == LONGEST_MS
    assert segment.length_ms + rest.length_ms == (windows + 100) * WINDOW_MS


def test_segments_do_not_share_audio() -> None:
    segmentation = Segmentation()
    heard(segmentation, (0.9, 20), (0.0, 3))
    first = segmentation.end()
    heard(segmentation, (0.9, 20))
    second = segmentation.end()
    assert first is not None
    assert second is not None
    assert second.start_ms >= first.end_ms
