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


@pytest.mark.parametrize(
    ("updates", "counts"),
    [
        # Sequence number, and when it was told, of each update: which of them are the latest when they come.
        (((4, 1.0), (5, 2.0), (0, 3.0), (1, 4.0)), (True, True, True, True)),
        (((4, 1.0), (0, 3.0), (6, 2.0), (1, 4.0)), (True, True, False, True)),
        (((4, 2.0), (3, 1.0), (4, 1.5)), (True, False, False)),
        # Within one count the numbers are believed, and not the clocks of several machines.
        (((4, 2.0), (5, 1.9)), (True, True)),
        (((4, None), (0, None), (1, None), (0, None)), (True, True, True, True)),
        (((4, None), (2, None), (4, None)), (True, False, True)),
        (((4, None), (None, None), (3, None)), (True, True, False)),
        (((None, 2.0), (None, 1.0), (None, 3.0)), (True, False, True)),
        (((4, 2.0), (2, None)), (True, False)),
    ],
)
def test_a_count_may_begin_anew_and_what_was_told_before_is_late(
    updates: tuple[tuple[int | None, float | None], ...], counts: tuple[bool, ...]
) -> None:
    participants = CallParticipants()
    assert tuple(participants.update(number, [participant("a")], at) for number, at in updates) == counts


def test_after_a_transfer_a_lower_number_is_a_later_one_once() -> None:
    participants = on_the_call(participant("a"))
    assert participants.update(7, [participant("a")])
    participants.may_count_anew()
    assert participants.update(3, [participant("b")])
    assert not participants.update(2, [participant("a")])
    assert [each.id for each in participants] == ["b"]


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
