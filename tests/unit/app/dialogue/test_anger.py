"""Who is only angry, and who is angry and wants something."""

import pytest

from app.dialogue.anger import is_angry, without_swearing
from app.dialogue.words import words_of


@pytest.mark.parametrize(
    "said",
    [
        *("you are stupid", "this is ridiculous", "I hate you", "shut up", "fuck off", "what the hell", "damn it"),
        *("are you kidding me", "you're not listening", "stupid machine", "this is a waste of my time", "you suck"),
        *("are you deaf or what", "this is absolute bullshit", "you are getting on my nerves"),
    ],
)
def test_anger(said: str) -> None:
    assert is_angry(words_of(said))


@pytest.mark.parametrize(
    "said",
    [
        *("my tooth is killing me", "my damn tooth hurts", "tell me a joke", "the bill is ridiculous", "i love you"),
        *("this is Bob", "no", "you are very kind", "that is wrong", "", "turn the lights off"),
    ],
)
def test_no_anger(said: str) -> None:
    assert not is_angry(words_of(said))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("can I get a damn appointment", "can i get a appointment"),
        ("I am in pain you idiot", "i am in pain"),
        ("give me a human for fuck's sake", "give me a human"),
        ("damn it", "damn it"),
        ("you idiot", "you idiot"),
        ("book a cleaning", "book a cleaning"),
    ],
)
def test_swearing_beside_a_wish_changes_nothing_in_it(said: str, left: str) -> None:
    assert " ".join(without_swearing(words_of(said))) == left
