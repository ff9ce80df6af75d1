"""How much a user may say at once, by whatever way it comes."""

import pytest

from actors.conversation import MAX_KEYS
from actors.messages.caller import InterruptRequested, KeyPressed, TextEntered
from actors.messages.transcript import InterimTranscript
from actors.rules.turn_taking.effects import StartReply
from actors.rules.utterances import MAX_UTTERANCE_CHARS, bounded_utterance, joined_utterance, repeated_utterance
from tests.kit.growth import growth
from tests.unit.actors.rules.turn_taking.script import Talk

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


def asked(talk: Talk) -> list[str]:
    return [effect.text for effect in talk.effects if isinstance(effect, StartReply)]


def test_texts_that_interrupt_each_other_grow_into_no_more_than_one_utterance() -> None:
    talk, last = Talk(), ""
    for number in range(60):
        talk.at += 0.01
        typed = asked(talk.tell(TextEntered(f"text {number} " + "lorem ipsum " * 332)))
        for text in (*typed, *asked(talk.stopped())):
            assert len(text) <= MAX_UTTERANCE_CHARS
            last = text
    assert "text 59 lorem" in last


def test_words_that_wait_for_silence_do_not_pile_up() -> None:
    talk = Talk().tell(TextEntered("hello")).starts().tell(InterruptRequested())
    for number in range(100):
        talk.tell(TextEntered(f"{number} " + "lorem " * 600))
    assert len(talk.turn.state.waiting_text) <= MAX_UTTERANCE_CHARS
    assert " 99 lorem" in f" {talk.turn.state.waiting_text}"


def test_an_endless_transcript_is_bounded_too() -> None:
    talk = Talk().voice(200).tell(InterimTranscript(WORDS, 0.0, 200.0))
    assert len(talk.turn.state.interim) <= MAX_UTTERANCE_CHARS
    (text,) = asked(talk.pause().final(WORDS))
    assert WORDS.endswith(text)
    assert len(text) <= MAX_UTTERANCE_CHARS


def test_keys_without_end_are_inputs_of_a_bounded_length() -> None:
    talk = Talk()
    for _ in range(1_000):
        talk.at += 0.001
        assert all(len(text) <= MAX_UTTERANCE_CHARS for text in asked(talk.tell(KeyPressed("7"))))
        assert len(talk.turn.state.keys) < MAX_KEYS


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


def test_the_longest_utterances_are_compared_without_keeping_the_loop_busy() -> None:
    """Words that are all alike are the worst case: compared in full, two such utterances take seconds."""

    def compared(count: int) -> None:
        words = ["a"] * count
        assert repeated_utterance(" ".join(words), " ".join(["b", *words[1:]]))
        assert repeated_utterance(" ".join([*words[1:], "b"]), " ".join([*words[: count // 2], "c"]))

    assert growth(compared, MAX_UTTERANCE_CHARS // 8, times=4) < 2 * 4
