"""How much a user may say at once, by whatever way it comes."""

import pytest

from actors.rules.turn_taking.effects import (
    FinalText,
    Interrupt,
    Key,
    PartialText,
    SoundStarted,
    SoundStopped,
    StartReply,
    Typed,
    VoiceOnset,
)
from actors.rules.turn_taking.keys import MAX_KEYS
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.utterances import MAX_UTTERANCE_CHARS, bounded_utterance, joined_utterance, repeated_utterance
from tests.unit.actors.turn_script import AGENT, acts

WORDS = " ".join(f"word{number}" for number in range(2_000))


def test_what_fits_is_as_it_was() -> None:
    assert bounded_utterance("a b  c ") == "a b  c "
    assert bounded_utterance("a" * MAX_UTTERANCE_CHARS) == "a" * MAX_UTTERANCE_CHARS


@pytest.mark.parametrize("before", range(12))
def test_the_last_whole_words_are_kept(before: int) -> None:
    kept = bounded_utterance("x" * before + " " + WORDS)
    assert MAX_UTTERANCE_CHARS - 10 < len(kept) <= MAX_UTTERANCE_CHARS
    assert (" " + WORDS).endswith(" " + kept)


def test_one_endless_word_is_cut_inside() -> None:
    assert bounded_utterance("a" * 100_000) == "a" * MAX_UTTERANCE_CHARS


def test_parts_are_joined_by_a_blank() -> None:
    assert joined_utterance("", "hello") == "hello"
    assert joined_utterance("hello", "there") == "hello there"


def asked(turn: TurnTaking, event: Typed | FinalText | SoundStopped) -> list[StartReply]:
    return [effect for effect in turn.handle(event) if isinstance(effect, StartReply)]


def test_texts_that_interrupt_each_other_grow_into_no_more_than_one_utterance() -> None:
    turn, last = TurnTaking(AGENT), ""
    for number in range(60):
        typed = Typed(1.0 + number / 100, f"text {number} " + "lorem ipsum " * 332)
        for reply in (*asked(turn, typed), *asked(turn, SoundStopped(typed.at, 0.0))):
            assert len(reply.text) <= MAX_UTTERANCE_CHARS
            last = reply.text
    assert "text 59 lorem" in last


def test_words_that_wait_for_silence_do_not_pile_up() -> None:
    turn = TurnTaking(AGENT)
    turn.handle(Typed(1.0, "hello"))
    turn.handle(SoundStarted(1.5, 1))
    turn.handle(Interrupt(1.6))
    for number in range(100):
        turn.handle(Typed(1.7, f"{number} " + "lorem " * 600))
    assert len(turn.state.waiting_text) <= MAX_UTTERANCE_CHARS
    assert " 99 lorem" in f" {turn.state.waiting_text}"


def test_an_endless_transcript_is_bounded_too() -> None:
    turn = TurnTaking(AGENT)
    turn.handle(VoiceOnset(1.0))
    turn.handle(PartialText(1.1, WORDS))
    assert len(turn.state.partial) <= MAX_UTTERANCE_CHARS
    (reply,) = asked(turn, FinalText(2.0, WORDS, 900))
    assert WORDS.endswith(reply.text)
    assert len(reply.text) <= MAX_UTTERANCE_CHARS


def test_keys_without_end_are_inputs_of_a_bounded_length() -> None:
    turn = TurnTaking(AGENT)
    for number in range(1_000):
        for effect in acts(turn.handle(Key(1.0 + number / 1_000, "7"))):
            assert not isinstance(effect, StartReply) or len(effect.text) <= MAX_UTTERANCE_CHARS
        assert len(turn.state.keys) < MAX_KEYS


@pytest.mark.parametrize(
    ("said", "again", "meant"),
    [
        ("what are your hours", "what are your hours", "what are your hours"),
        ("What are your hours?", "what are your hours", "What are your hours?"),
        ("what are your hours", "what were your hours", "what were your hours"),
        ("book a visit", "book a visit tomorrow", "book a visit tomorrow"),
        ("book a visit tomorrow at nine", "tomorrow at nine", "book a visit tomorrow at nine"),
        ("five five five", "five five five", "five five five"),
        ("I want to book a visit", "on tuesday please", "I want to book a visit on tuesday please"),
        ("", "hello", "hello"),
        ("hello", "", "hello"),
    ],
)
def test_what_is_said_again_is_meant_once(said: str, again: str, meant: str) -> None:
    assert repeated_utterance(said, again) == meant
    assert len(repeated_utterance(said * 400, again * 400)) <= MAX_UTTERANCE_CHARS
