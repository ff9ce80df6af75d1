"""Material of the end of turn: pauses lie where they are marked, and recordings are heard as they are."""

import numpy as np
import pytest

from actors.conversation import ExpectedAnswer
from tests.eval.pause_clips import (
    PAUSES_MS,
    Clip,
    Said,
    Way,
    clip_of_people,
    clips,
    clips_with_pauses_anywhere,
    ended,
    read_said,
)
from tests.kit.speech import BYTES_PER_MS, silence

LOUD = b"\x00\x10" * 8_000


def is_silent(clip: Clip) -> bool:
    """Whether nothing is said in its pauses, and something right before and behind them."""
    samples = np.abs(np.frombuffer(clip.pcm, np.int16))
    return all(
        not samples[int(begin * 16) : int(end * 16) - 1].any()
        and samples[int(begin * 16) - 800 : int(begin * 16)].max() > 250
        and samples[int(end * 16) : int(end * 16) + 800].max() > 250
        for begin, end in clip.pauses
    )


def test_a_sentence_is_said_whole_and_once_for_each_of_its_pauses() -> None:
    made = clips([Said("my car broke down ... on the highway ... this morning", "What happened?")])
    assert [len(clip.pauses) for clip in made] == [0, 1, 1]
    assert {clip.kind for clip in made} == {"sentence"}
    assert all(round(end - begin) in PAUSES_MS for clip in made[1:] for begin, end in clip.pauses)
    assert all(is_silent(clip) for clip in made)
    assert made == clips([Said("my car broke down ... on the highway ... this morning", "What happened?")])


def test_no_beginning_of_the_next_word_stands_before_a_pause_that_the_voice_makes_longer_by_itself() -> None:
    made = clips([Said("so basically ... i moved in march ... and i still get bills for the old apartment")])
    for clip in made[1:]:
        begin = int(clip.pauses[0][0] * 16)
        loud = np.flatnonzero(np.abs(np.frombuffer(clip.pcm, np.int16)[begin - 200 * 16 : begin]) > 250)
        assert np.diff(loud, prepend=0).max() < 100 * 16


@pytest.mark.parametrize("name", ["pauses_tuning", "pauses_held_out"])
def test_sentences_with_pauses_are_there_for_each_kind_of_answer_and_each_way_to_pause(name: str) -> None:
    said = [each for each in read_said(name) if "..." in each.text]
    assert len(said) >= 60
    assert {each.expected for each in said} == set(ExpectedAnswer)
    assert {clip.way for clip in clips(said[:12]) if clip.pauses} == set(Way)


def test_what_is_held_out_has_complete_sentences_without_a_pause_too() -> None:
    assert sum("..." not in each.text for each in read_said("pauses_held_out")) >= 40


def test_no_sentence_is_held_out_and_tuned_on() -> None:
    held_out, tuned = ({said.text for said in read_said(name)} for name in ("pauses_held_out", "pauses_tuning"))
    assert not held_out & tuned


def test_a_number_pauses_between_its_groups() -> None:
    number = Said("two zero six, five five five, zero one four two", "What is your phone number?", "number")
    whole, first, second = clips_with_pauses_anywhere([number], 2)
    assert not whole.pauses
    assert {clip.expected for clip in (whole, first, second)} == {ExpectedAnswer.NUMBER}
    assert first.pauses != second.pauses


@pytest.mark.parametrize(
    ("text", "spoken_as"),
    [
        ("so what does it cost", "so what does it cost?"),
        ("is it far", "is it far?"),
        ("i was there", "i was there."),
        ("done.", "done."),
    ],
)
def test_what_is_said_is_spoken_to_its_end(text: str, spoken_as: str) -> None:
    assert ended(text) == spoken_as


def test_the_pauses_of_a_recording_are_found_also_where_it_is_noisy() -> None:
    noise = np.random.default_rng(0).normal(0, 60, 16 * 3_000).astype(np.int16)
    pcm = LOUD + silence(400) + LOUD + silence(100) + LOUD + silence(900)
    noisy = (np.frombuffer(pcm, np.int16) + noise[: len(pcm) // 2]).tobytes()
    for heard in (pcm, noisy):
        clip = clip_of_people(heard)
        assert clip.pauses == ((500.0, 900.0),)
        assert len(clip.pcm) == 2_000 * BYTES_PER_MS
