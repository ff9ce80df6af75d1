"""Which turns the caller's utterances belong to, what of them is heard again, and their words."""

from actors.rules.turn_taking.effects import SPOKEN
from actors.session.realtime.spoken_utterances import NOT_ANSWERED, SpokenUtterance, SpokenUtterances


def kept(*texts: str, size_bytes: int = 100) -> tuple[SpokenUtterances, list[SpokenUtterance]]:
    """An utterance of a second after the other, each with its words, in `SpokenUtterances` that hold 250 bytes."""
    utterances = SpokenUtterances(250)
    all_ = [
        SpokenUtterance(pcm=bytes(size_bytes), text=text, start_ms=number * 1_000.0, end_ms=number * 1_000.0 + 900.0)
        for number, text in enumerate(texts)
    ]
    for utterance in all_:
        utterances.add(utterance)
    return utterances, all_


def test_the_oldest_audio_is_forgotten_where_there_is_too_much() -> None:
    utterances, all_ = kept("a", "b", "c")
    assert [len(utterance.pcm) for utterance in all_] == [0, 100, 100]
    assert list(utterances.to_hear()) == all_[1:]


def test_what_was_spoken_before_a_turn_that_begins_anew_is_not_heard_again() -> None:
    utterances, (first, second) = kept("a", "")
    first.turn = 1
    utterances.asked(2, continues=False)
    assert (first.pcm, second.turn, utterances.turns_to_hear) == (b"", 2, {2})
    utterances.answered()
    assert utterances.turns_to_hear == set()


def test_a_turn_that_goes_on_takes_the_words_of_the_last_one_along() -> None:
    utterances, (first, second) = kept("are you", "open")
    second.turn = NOT_ANSWERED
    utterances.asked(1, continues=False)
    second.turn = 0
    utterances.asked(2, continues=True)
    assert (first.turn, second.turn, utterances.turns_to_hear) == (2, 2, {2})
    assert utterances.words(2, f"{SPOKEN} {SPOKEN}") == "are you open"


def test_speech_of_which_no_words_are_known_begins_with_the_first_such_utterance() -> None:
    utterances, (_, second, third) = kept("a", "", "", size_bytes=50)
    assert utterances.unknown_since_ms == 1_000.0
    second.text = "b"
    assert utterances.unknown_since_ms == 2_000.0
    third.pcm = b""
    assert utterances.unknown_since_ms is None


def test_words_that_are_overheard_belong_to_the_utterance_in_which_they_end() -> None:
    utterances, (first, second) = kept("", "")
    first.begun = "are you"
    utterances.asked(3, continues=False)
    assert utterances.take_overheard(-1.0, "before all") == 0
    assert utterances.with_beginning(500.0, "open") == "are you open"
    assert utterances.take_overheard(500.0, "open") == 3
    assert utterances.take_overheard(500.0, "again") == 0
    assert utterances.take_overheard(1_500.0, "") == 0
    assert (first.text, first.is_known, second.is_known) == ("are you open", True, False)


def test_what_is_typed_or_keyed_beside_what_is_said_is_told_apart() -> None:
    utterances, _ = kept("words 0")
    utterances.asked(1, continues=False)
    assert utterances.beside(1, f"4 2 {SPOKEN}") == "4 2"
    assert utterances.beside(1, "4 2 words 0 and more") == "4 2 and more"
    assert utterances.beside(1, SPOKEN) == ""
    assert utterances.beside(2, "all of it") == "all of it"
