"""Who is on a call: the latest update counts, and the caller is told from the others."""

from app.telephony.call_participants import CallParticipants
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
