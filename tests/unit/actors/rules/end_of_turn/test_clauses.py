"""Clauses that are whole, beside their beginnings, which are not: tables of variants of each kind."""

import pytest

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.by_words import GO_ON
from actors.rules.end_of_turn.completeness import completeness

QUESTIONS_WITHIN = {
    "can you tell me where your office is": ("can you tell me where", "can you tell me where your office"),
    "could you tell me who the manager is": ("could you tell me who", "could you tell me who the"),
    "do you know where it is": ("do you know where",),
    "i forgot what the password was": ("i forgot what", "i forgot what the"),
    "please tell me how much the room is": ("please tell me how", "please tell me how much"),
    "i'd like to know how far the station is": ("i'd like to know how", "i'd like to know how far"),
    "do you remember which hotel it was": ("do you remember which",),
    "can you tell me what it is": ("can you tell me what",),
    "i need to know where the nearest stop is": ("i need to know where the",),
    "i do not know who you are": ("i do not know who", "i do not know who you"),
    "could you check when the next bus is": ("could you check when", "could you check when the next"),
    "can you say how long it takes": ("can you say how", "can you say how long"),
    "tell me how much you charge": ("tell me how", "tell me how much"),
    "let me know how many people you need": ("let me know how", "let me know how many"),
    "i am not sure what i need": ("i am not sure what", "i am not sure what i"),
    "i wonder which one you mean": ("i wonder which",),
    "so tell me which bus i take": ("so tell me which", "so tell me which bus i"),
    "tell me what i should not do": ("tell me what i", "tell me what i should", "tell me what i should not"),
    "do you know when you open": ("do you know when", "do you know when you"),
    "could you tell me what time it starts": ("could you tell me what",),
    "the screen went black so what can i do": (
        "the screen went black so what can",
        "the screen went black so what can i",
    ),
}
"""Questions within a sentence, and where they are not whole."""

GOING_ON = (
    "tell me how late the museum is",
    "tell me what time the shop is",
    "do you know when the shop is",
    "do you know if it is",
    "do you know whether the pool is",
    "do you know why the door is",
    "i would like to know what you are",
    "i would like to know what you're is",
    "tell me when you want",
    "tell me where i want",
    "tell me how you make",
    "tell me how long you want",
    "i was told that you need",
    "i think it is",
    "i hope that my order is",
    "so what i wanted",
    "i know what i need to",
    "what i need to say is",
    "the question is what the",
    "the one that ends in",
    "it is a shame that i have",
    "i have told my wife that i need",
    "i need to cancel what i have on",
    "please tell me where the end of it is",
)
"""What looks like such a question and lacks something still."""

CONDITIONS = {
    "what happens if i pay late": ("what happens if", "what happens if i", "what happens if i pay the"),
    "can i cancel when it rains": ("can i cancel when",),
    "what do i do if my card is stolen": ("what do i do if my", "what do i do if my card is"),
    "will you call me when the car is ready": ("will you call me when", "will you call me when the car is"),
    "can i still come if i am late": ("can i still come if", "can i still come if i", "can i still come if i am"),
    "do i lose the table if we are ten minutes late": ("do i lose the table if we", "do i lose the table if we are"),
    "is it a problem if i arrive early": ("is it a problem if", "is it a problem if i"),
    "what if the weather is bad": ("what if the", "what if the weather is"),
    "can we move it if the time is not good": ("can we move it if the", "can we move it if the time is not"),
    "do you mind if i check that first": ("do you mind if", "do you mind if i"),
    "do they wait if we'll be late": ("do they wait if", "do they wait if we'll", "do they wait if we'll be"),
}
"""Conditions, and times, with their verb and without."""

MEANT_ONES = {
    "is there somebody i could speak with": ("is there somebody i could", "is there somebody i could speak"),
    "is there anybody there i can talk to": ("is there anybody there i can", "is there anybody there i can talk"),
    "i want to talk to the person i spoke to": ("i want to talk to the person i",),
    "is that the number i can call": ("is that the number i", "is that the number i can"),
    "is this a machine i'm talking to": ("is this a machine i'm",),
    "i am looking for something i can use": ("i am looking for something i", "i am looking for something i can"),
    "you charged me for something i did not buy": ("you charged me for something i did not",),
    "is it something my children can have": ("is it something my",),
    "can i have the one i want": ("can i have the", "can i have the one i"),
    "there is a payment on my statement that i didn't make": (
        "there is a payment on my statement that i",
        "there is a payment on my statement that i didn't",
    ),
    "where is the coat which i left": ("where is the coat which", "where is the coat which i"),
}
"""Clauses that tell which is meant."""

WHOLE_REQUESTS = {
    "can i raise my daily limit": ("can i", "can i raise my"),
    "could you send me the form": ("could you", "could you send", "could you send me the"),
    "may i bring my dog": ("may i", "may i bring", "may i bring my"),
    "would you change the date": ("would you", "would you change the"),
    "is your parking public": ("is your",),
    "is the water good": ("is the",),
    "is it good": ("is",),
    "the delivery came a week late": ("the delivery came a",),
    "i would like a salad as well": ("i would like a", "i would like a salad as"),
    "have you been there before": ("have you been", "have you been there with"),
    "what about the parking": ("what about", "what about the"),
    "okay and what about the parking": ("okay and what about", "okay and what about the"),
    "i'd like an appointment if possible this week": ("i'd like an appointment if",),
    "it was on the dentist's schedule": ("it was on the",),
    "do you have any openings coming up": ("do you have any",),
    "could you meet me at six thirty": ("could you meet me at",),
}
"""Requests and questions that lack nothing."""

BEFORE_A_NOUN = (
    "is there good",
    "is there a good",
    "are you open on public",
    "is it too late",
    "there is good",
    "are small",
    "i would prefer not small",
    "we went there before the",
    "we can come on the day before",
    "i'll be there before",
    "let's say",
)
"""Words that stand before a noun, or before what they are about, beside those that do not."""

WHOLE = {**QUESTIONS_WITHIN, **CONDITIONS, **MEANT_ONES, **WHOLE_REQUESTS}


def goes_on(text: str) -> bool:
    """Whether the shortest silence never ends this, to an agent that has asked nothing in particular."""
    return completeness(text, ExpectedAnswer.ANYTHING, "en-US") in GO_ON


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_clause_may_be_the_end(text: str) -> None:
    assert not goes_on(text)
    assert not goes_on(f"{text[0].upper()}{text[1:]}?")


@pytest.mark.parametrize("text", [each for beginnings in WHOLE.values() for each in beginnings])
def test_the_beginning_of_a_clause_is_not(text: str) -> None:
    assert goes_on(text)


def test_each_beginning_is_one_of_its_clause_or_nearly() -> None:
    assert all(text.split()[0] == each.split()[0] for text, several in WHOLE.items() for each in several)


@pytest.mark.parametrize("text", [*GOING_ON, *BEFORE_A_NOUN])
def test_what_looks_like_a_whole_clause_goes_on(text: str) -> None:
    assert goes_on(text)
