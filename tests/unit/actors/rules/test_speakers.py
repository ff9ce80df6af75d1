"""Labels of the participants of a call."""

from actors.rules.speakers import CALLER, MOST_AT_ONCE, MOST_REMEMBERED, OTHERS, SPEAKERS, Speakers


def test_only_the_caller_gets_the_callers_label_whoever_is_heard_first() -> None:
    known: dict[str, str] = {}
    speakers = Speakers(known)
    assert speakers.label("8:acs:guest", is_caller=False) == "speaker 2"
    assert speakers.label("4:+15550100", is_caller=True) == CALLER
    assert speakers.label("8:acs:guest", is_caller=False) == "speaker 2"
    assert known == {"speaker 2": "8:acs:guest", CALLER: "4:+15550100"}
    assert Speakers(known).label("8:acs:guest", is_caller=False) == "speaker 2"


def test_voices_that_come_as_one_have_no_label() -> None:
    assert Speakers({}).label("", is_caller=True) == ""


def test_those_who_are_too_many_share_a_label() -> None:
    speakers = Speakers({})
    labels = [speakers.label(f"8:acs:{number}", is_caller=number == 0) for number in range(len(SPEAKERS) + 1)]
    assert labels == [*SPEAKERS[:-1], OTHERS, OTHERS]
    # A second one who passes for the caller, as when they get another id in mid-call, has no label of their own.
    assert speakers.label("8:acs:again", is_caller=True) == OTHERS


def test_a_place_is_free_again_when_somebody_leaves_and_their_label_stays_theirs() -> None:
    heard: set[str] = set()
    speakers = Speakers({}, heard.__contains__)

    def label(participant: str) -> str:
        found = speakers.label(participant, is_caller=participant == "caller's")
        heard.add(found)
        return found

    names = [f"guest {number}" for number in range(MOST_AT_ONCE)]
    assert [label(name) for name in names] == [*SPEAKERS[1:MOST_AT_ONCE], OTHERS]
    assert label("caller's") == CALLER, "whose place nobody takes"
    assert [speakers.is_among_others(name) for name in names] == [False] * (MOST_AT_ONCE - 1) + [True]
    heard.discard("speaker 2")
    assert label(names[-1]) == "speaker 5"
    assert not speakers.is_among_others(names[-1])
    # Who comes back while all places are taken is heard among the others until one is free.
    assert label(names[0]) == OTHERS
    heard.discard("speaker 3")
    assert label(names[0]) == "speaker 2"


def test_of_an_endless_number_of_ids_a_bounded_number_is_remembered() -> None:
    known: dict[str, str] = {}
    speakers = Speakers(known)
    for number in range(10 * MOST_REMEMBERED):
        speakers.label(f"8:acs:{number}", is_caller=False)
    assert len(speakers._among_others) == MOST_REMEMBERED
    assert len(known) == len(SPEAKERS) - 2
