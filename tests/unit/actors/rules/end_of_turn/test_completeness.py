"""How complete an utterance is by its words, as tables of what people say and of where they stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.completeness import (
    Completeness,
    completeness,
    digits_at_end,
)

ANY, YES_NO, SHORT, NAME, NUMBER, SPELLING = ExpectedAnswer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I'd like to make a booking for next week.", Completeness.COMPLETE),
        ("Do you have parking?", Completeness.LIKELY),
        ("What time does the office close?", Completeness.COMPLETE),
        ("How much do you charge?", Completeness.COMPLETE),
        ("I can't come to my appointment tomorrow", Completeness.ANSWERED),
        ("Friday please", Completeness.UNKNOWN),
        ("Yes, please.", Completeness.ANSWERED),
        ("Thank you very much.", Completeness.ANSWERED),
        ("Hello.", Completeness.OPENING),
        ("Next Tuesday.", Completeness.BRIEF),
        ("I need to change it.", Completeness.CLIPPED),
        ("Do I speak with a real?", Completeness.UNFINISHED),
        ("What can you help me with?", Completeness.LIKELY),
        ("Which part of town are you in?", Completeness.LIKELY),
        ("Do you have anything coming?", Completeness.UNCERTAIN),
        ("Could you say the last?", Completeness.UNFINISHED),
        ("Until when can I drop?", Completeness.UNFINISHED),
        ("Is somebody there I could speak?", Completeness.UNFINISHED),
        ("I am on my way with", Completeness.UNFINISHED),
        ("What do I have to?", Completeness.UNFINISHED),
        ("Who do I need to?", Completeness.UNFINISHED),
        ("Who is it that I can talk to?", Completeness.LIKELY),
        ("When will the train from Leeds?", Completeness.UNCERTAIN),
        ("How long does a new card?", Completeness.UNCERTAIN),
        ("Does the price of both?", Completeness.UNCERTAIN),
        ("How long does a new card take?", Completeness.COMPLETE),
        ("Could you squeeze me in on Friday?", Completeness.COMPLETE),
        ("Is it possible to park there?", Completeness.COMPLETE),
        ("On which days of the week is there?", Completeness.UNFINISHED),
        ("What happens to it when I buy?", Completeness.UNFINISHED),
        ("Why did you not take my last?", Completeness.UNFINISHED),
        ("Could you tell me how late the museum?", Completeness.UNCERTAIN),
        ("I was told that the repair.", Completeness.UNCERTAIN),
        ("My daughter is ill and we do not.", Completeness.UNFINISHED),
        ("I would really rather not.", Completeness.COMPLETE),
        ("If I pay today, can I still?", Completeness.UNFINISHED),
        ("I wonder if it is raining still.", Completeness.COMPLETE),
        ("I really do not want it any more.", Completeness.COMPLETE),
        ("I cannot sleep because of this toothache.", Completeness.COMPLETE),
        ("Good morning, where is your clinic?", Completeness.COMPLETE),
        ("What time does the office shut?", Completeness.COMPLETE),
        ("I can see the sea from here.", Completeness.COMPLETE),
        ("We would like to bring one more.", Completeness.UNFINISHED),
        ("Is there one extra?", Completeness.UNFINISHED),
        ("I would like to have more.", Completeness.COMPLETE),
        ("Only if it is free of charge.", Completeness.COMPLETE),
        ("We really do not know what to do.", Completeness.COMPLETE),
        ("We would be very glad to do", Completeness.UNFINISHED),
        ("It was the eighteenth of June, I think.", Completeness.COMPLETE),
        ("It was on the, I think.", Completeness.UNFINISHED),
        ("I'd like to", Completeness.UNFINISHED),
        ("I want to book", Completeness.UNFINISHED),
        ("Could you move my", Completeness.UNFINISHED),
        ("I have an appointment on Monday, but", Completeness.UNFINISHED),
        ("I need a cleaning, um", Completeness.UNFINISHED),
        ("I need a cleaning and,", Completeness.UNFINISHED),
        ("My tooth hurts.", Completeness.BRIEF),
        ("Thank you.", Completeness.OPENING),
        ("Okay, thank you.", Completeness.ANSWERED),
        ("No, that is everything, thank you.", Completeness.ANSWERED),
        ("How much is that?", Completeness.LIKELY),
        ("I was told that", Completeness.CLIPPED),
        ("I need to come in.", Completeness.COMPLETE),
        ("It stays dark though it's plugged in.", Completeness.COMPLETE),
        ("Both of our cats are quite old.", Completeness.COMPLETE),
        ("We would like a quite old", Completeness.UNCERTAIN),
        ("I do not know how to turn it off.", Completeness.COMPLETE),
        ("I sat in", Completeness.UNFINISHED),
        ("It is open until the end of May.", Completeness.COMPLETE),
        ("I am not sure if you may", Completeness.UNFINISHED),
        ("well...", Completeness.UNFINISHED),
        ("", Completeness.UNKNOWN),
        ("?!", Completeness.UNKNOWN),
    ],
)
def test_a_sentence_is_judged_by_its_last_word_and_its_length(text: str, found: Completeness) -> None:
    assert completeness(text, ANY, "en-US") is found
    assert completeness(text, ANY) is found


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("Two zero six", ANY, Completeness.UNFINISHED),
        ("It is 555-12", ANY, Completeness.UNFINISHED),
        ("My number is 206-555-0142.", ANY, Completeness.EXPECTED),
        ("Two zero six, five, five, five, zero one, four two.", NUMBER, Completeness.EXPECTED),
        ("Two zero six, five, five, five, zero one fourteen.", ANY, Completeness.EXPECTED),
        ("four one five, five five five, nine eight seven six, two two", NUMBER, Completeness.UNCERTAIN),
        ("10001. 90210.", ANY, Completeness.UNCERTAIN),
        ("It is 555-1234.", ANY, Completeness.UNCERTAIN),
        ("five", NUMBER, Completeness.UNFINISHED),
        ("it is", NUMBER, Completeness.UNCERTAIN),
        ("I would rather not give you my number today", NUMBER, Completeness.ANSWERED),
        ("Could I come tomorrow at 10:30", ANY, Completeness.COMPLETE),
        ("June the second, nineteen eighty four.", ANY, Completeness.COMPLETE),
        ("The eleventh of May, nineteen seventy nine.", ANY, Completeness.COMPLETE),
        ("Not before noon, say one thirty.", SHORT, Completeness.COMPLETE),
        ("One thirty.", SHORT, Completeness.EXPECTED),
        ("It is one thirty", ANY, Completeness.UNFINISHED),
        ("I was quoted three hundred and now it says three fifty.", ANY, Completeness.COMPLETE),
        ("I was quoted three hundred and now it is three fifty", ANY, Completeness.UNFINISHED),
        ("You can reach me at four one five", ANY, Completeness.UNFINISHED),
        ("I would like the one that ends in forty-two.", ANY, Completeness.COMPLETE),
        ("Three o two, five five five, six one eight nine.", NUMBER, Completeness.EXPECTED),
        ("Is half past three okay for you, or ten?", ANY, Completeness.COMPLETE),
    ],
)
def test_a_group_of_digits_is_not_the_end_of_a_number(text: str, expected: ExpectedAnswer, found: Completeness) -> None:
    assert completeness(text, expected) is found


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("206-555-01", 8), ("five five-five", 3), ("at 10:30", 0), ("in twenty", 0), ("one fourteen", 3), ("no", 0)),
        *(("forty-two", 2), ("one forty-two", 3), ("three o two", 3), ("so o", 0), ("it is o two", 2)),
    ],
)
def test_digits_are_counted_from_the_end(text: str, count: int) -> None:
    assert digits_at_end(text, text.split()) == count


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("M. E. Y.", ANY, Completeness.UNCERTAIN),
        ("It's under Jonathan, spelled J-O-N-A.", ANY, Completeness.UNCERTAIN),
        ("em why", SPELLING, Completeness.UNCERTAIN),
        ("I would rather not spell it for you again", SPELLING, Completeness.ANSWERED),
        ("Yes.", YES_NO, Completeness.ANSWERED),
        ("Nope, not really.", YES_NO, Completeness.ANSWERED),
        ("No, I didn't.", YES_NO, Completeness.ANSWERED),
        ("Yes, it is.", YES_NO, Completeness.ANSWERED),
        ("Yes, I have", ANY, Completeness.UNFINISHED),
        ("Yes, please do.", YES_NO, Completeness.ANSWERED),
        ("Yes, but", YES_NO, Completeness.UNFINISHED),
        ("Yes, and I would like to bring my daughter.", YES_NO, Completeness.COMPLETE),
        ("Laura.", NAME, Completeness.UNKNOWN),
        ("It's for Emma.", NAME, Completeness.UNKNOWN),
        ("My name is", NAME, Completeness.UNFINISHED),
        ("My name", NAME, Completeness.UNFINISHED),
        ("My name is Laura Meyer.", NAME, Completeness.EXPECTED),
        ("This is Dr. Laura.", NAME, Completeness.UNKNOWN),
        ("This is Dr.", NAME, Completeness.UNFINISHED),
        ("Mr. Laura Meyer.", NAME, Completeness.EXPECTED),
        ("My name is the", NAME, Completeness.UNFINISHED),
        ("I would rather not tell you my name.", NAME, Completeness.COMPLETE),
        ("Friday afternoon.", SHORT, Completeness.EXPECTED),
        ("I've got it.", SHORT, Completeness.CLIPPED),
        ("on the", SHORT, Completeness.UNFINISHED),
        ("Friday afternoon would be the best for me.", SHORT, Completeness.CLIPPED),
    ],
)
def test_what_was_asked_decides_what_is_an_answer(text: str, expected: ExpectedAnswer, found: Completeness) -> None:
    assert completeness(text, expected) is found


@pytest.mark.parametrize("expected", ExpectedAnswer)
def test_of_another_language_nothing_is_known(expected: ExpectedAnswer) -> None:
    assert completeness("Ich möchte", expected, "de-DE") is Completeness.UNKNOWN


@given(st.text(max_size=200), st.sampled_from(ExpectedAnswer))
def test_any_text_has_a_completeness(text: str, expected: ExpectedAnswer) -> None:
    assert completeness(text, expected) in Completeness
