"""Yes, no and neither; and which slot a mentioned value is for."""

import pytest

from app.dialogue.answers import assign, polarity, subject_of
from app.dialogue.mentions import Mention
from app.dialogue.schema import DaySlot, Dialogue

DIALOGUE = Dialogue(slots={"start": DaySlot(cues=("from",)), "end": DaySlot(cues=("until", "to"))})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yes", True),
        ("um yes that works", True),
        ("no", False),
        ("no yes i mean", False),
        ("yes no wait no", False),
        ("no wait yes", True),
        ("yes wait a moment", True),
        ("don't book it", False),
        ("please don't", False),
        ("do not do that", False),
        ("yes don't worry", True),
        ("don't worry", None),
        ("i'm not sure", None),
        ("i guess so", True),
        ("not yet", False),
        ("yes not that one", True),
        ("that is not correct", False),
        ("what are your opening hours", None),
        ("i would like to come on monday and no later", None),
        ("", None),
    ],
)
def test_yes_no_and_neither(said: str, meant: bool | None) -> None:
    assert polarity(said.split(), DIALOGUE) is meant


def test_what_leads_into_a_sentence_is_left_out_but_never_all_of_it() -> None:
    dialogue = Dialogue(lead_ins=("hello", "um", "i was wondering"))
    assert subject_of(["hello", "um", "where", "are", "you"], dialogue) == ["where", "are", "you"]
    assert subject_of(["i", "was", "wondering", "where", "you", "are"], dialogue) == ["where", "you", "are"]
    assert subject_of(["hello", "there"], dialogue) == ["hello", "there"]
    assert subject_of(["the", "low", "i", "was", "wondering", "where", "you", "are"], dialogue) == [
        "where",
        "you",
        "are",
    ]
    assert subject_of(["my", "tooth", "hurts", "i", "was", "wondering"], dialogue) == [
        "my",
        "tooth",
        "hurts",
        "i",
        "was",
        "wondering",
    ]


def test_a_plea_behind_what_is_wrong_is_left_out_but_a_question_for_help_stays() -> None:
    assert subject_of(["uh", "i", "broke", "a", "tooth", "please", "help"], DIALOGUE) == ["i", "broke", "a", "tooth"]
    assert subject_of(["it", "fell", "out", "what", "should", "i", "do"], DIALOGUE) == ["it", "fell", "out"]
    assert subject_of(["{reason}", "please", "help", "me"], DIALOGUE) == ["{reason}"]
    for asked in ("help", "can you help me", "how can you help"):
        assert subject_of(asked.split(), DIALOGUE) == asked.split()


def assigned(said: str, *at: int, asked: str = "", filled: dict[str, str] | None = None) -> dict[str, str]:
    """What each word at `at`, which is a day, is taken for."""
    words = said.split()
    mentions = [Mention(("start", "end"), words[place], place, place + 1) for place in at]
    return assign(mentions, ("start", "end"), filled or {}, asked, DIALOGUE, words)


def test_a_cue_before_a_value_says_what_it_is_for() -> None:
    assert assigned("until friday from monday", 1, 3) == {"end": "friday", "start": "monday"}
    assert assigned("until the friday", 2) == {"end": "friday"}


def test_else_it_answers_the_question_or_fills_what_is_empty() -> None:
    assert assigned("friday", 0, asked="end") == {"end": "friday"}
    assert assigned("monday friday", 0, 1) == {"start": "monday", "end": "friday"}
    assert assigned("friday", 0, filled={"start": "monday"}) == {"end": "friday"}


def test_a_correction_is_of_what_was_settled_last() -> None:
    assert assigned("sunday", 0, filled={"start": "monday", "end": "friday"}) == {"end": "sunday"}


def test_a_value_that_no_slot_takes_is_for_none() -> None:
    mention = Mention(("another",), "friday", 0, 1)
    assert assign([mention], ("start",), {}, "", DIALOGUE, ["friday"]) == {}
