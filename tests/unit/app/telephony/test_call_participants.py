"""Who is on a call: the latest update counts, and the caller is told from the others."""

import pytest

from app.telephony.call_control import OnTheCall
from app.telephony.call_participants import CallParticipants, as_shown, only_telephone
from protocol.calls import Participant


def participant(id_: str, role: str = "person", status: str = "connected") -> Participant:
    return Participant(id=id_, phone_number="", role=role, status=status)


def on_the_call(*present: Participant) -> CallParticipants:
    participants = CallParticipants()
    participants.update(1, present)
    return participants


def test_an_update_that_comes_late_changes_nothing() -> None:
    participants = CallParticipants()
    participants.update(4, [participant("a"), participant("b")])
    participants.update(2, [participant("c")])
    assert [each.id for each in participants] == ["a", "b"]
    participants.update(9, [participant("c")])
    assert [each.id for each in participants] == ["c"]


def test_the_caller_is_on_hold_and_not_just_anybody() -> None:
    assert on_the_call(participant("a", status="on_hold"), participant("b", "bot")).is_caller_on_hold
    assert not on_the_call(participant("a"), participant("b", "bot", "on_hold")).is_caller_on_hold
    assert on_the_call(participant("b", "bot", "on_hold")).is_caller_on_hold, "nobody is known to be the caller"
    assert not CallParticipants().is_caller_on_hold


def test_another_is_whoever_is_known_not_to_be_the_caller() -> None:
    participants = on_the_call(participant("a"), participant("b", "bot"))
    assert [participants.is_other(id_) for id_ in ("a", "b", "unknown")] == [False, True, False]
    assert not on_the_call(participant("b", "bot")).is_other("b"), "the caller is not known yet"


def test_nobody_is_on_a_call_that_is_over() -> None:
    participants = on_the_call(participant("a"), participant("b", "bot", "on_hold"))
    participants.disconnect()
    assert {each.status for each in participants} == {"disconnected"}


US = OnTheCall("8:acs:us", None, is_muted=False, is_on_hold=False)
CALLER = OnTheCall("4:+15550100", "+15550100", is_muted=False, is_on_hold=True)
OTHER = OnTheCall("4:+15550101", "+15550101", is_muted=True, is_on_hold=False)


@pytest.mark.parametrize(
    ("present", "number"),
    [((US, CALLER), "+15550100"), ((US, CALLER, OTHER), ""), ((US,), ""), ((), ""), ((US, OTHER, CALLER), "")],
)
def test_the_only_one_on_a_telephone_is_told_from_us(present: tuple[OnTheCall, ...], number: str) -> None:
    assert only_telephone(present, "+15550199") == number


def test_our_own_number_is_nobody_s() -> None:
    assert only_telephone((CALLER, OTHER), "+15550101") == "+15550100"


@pytest.mark.parametrize("caller", ["+15550100", "4:+15550100"])
def test_those_whom_the_network_lists_are_shown_and_the_caller_among_them(caller: str) -> None:
    shown = tuple(as_shown((US, CALLER, OTHER), caller))
    assert [(each.role, each.status) for each in shown] == [
        ("other", "connected"),
        ("person", "on_hold"),
        ("other", "muted"),
    ]
    present = on_the_call(*shown)
    assert present.is_caller_on_hold
    assert present.are_several


def test_where_nobody_is_known_to_be_the_caller_nobody_is_shown_as_one() -> None:
    assert {each.role for each in as_shown((US, CALLER), "")} == {"other"}
