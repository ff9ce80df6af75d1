"""Labels of the participants of a call."""

from actors.rules.speakers import CALLER, OTHERS, SPEAKERS, Speakers


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
    labels = [speakers.label(f"8:acs:{number}", is_caller=number == 0) for number in range(6)]
    assert labels == [*SPEAKERS[:-1], OTHERS, OTHERS]
    # A second one who passes for the caller, as when they get another id in mid-call, is none of the four.
    assert speakers.label("8:acs:again", is_caller=True) == OTHERS
