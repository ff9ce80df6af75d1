"""A session of a call goes on from what another worker had of it, and its caller is greeted for what they have met."""

import pytest

from actors.conversation import SessionRecord
from actors.rules.turn_taking.state import Screening, ScreeningStage, TurnSnapshot
from actors.session.checkpoint import Checkpoint
from app.telephony.resumption import Resumption


def stored(ended_reason: str = "") -> SessionRecord:
    return SessionRecord(
        session_id="s",
        mode="media",
        agent="tester",
        state="ended" if ended_reason else "live",
        created_at=1.0,
        updated_at=2.0,
        turn=3,
        ended_reason=ended_reason,
    )


def test_a_checkpoint_is_gone_on_from_once() -> None:
    resumption, checkpoint = Resumption(), Checkpoint()
    resumption.checkpoint = checkpoint
    assert resumption.take_checkpoint() is checkpoint
    assert resumption.take_checkpoint() is None


@pytest.mark.parametrize(
    ("taken_over", "record", "is_gone_on_from"),
    [(True, stored(), True), (False, stored(), False), (True, None, False), (True, stored("AGENT_ENDED"), False)],
)
def test_a_stored_session_is_gone_on_from_that_was_cut_off(
    record: SessionRecord | None, *, taken_over: bool, is_gone_on_from: bool
) -> None:
    resumption = Resumption()
    resumption.taken_over, resumption.conversation = taken_over, record
    assert (resumption.resumable is not None) is is_gone_on_from


SCREENED = TurnSnapshot(screening=Screening(stage=ScreeningStage.LISTENING))


@pytest.mark.parametrize(
    ("taken_over", "checkpoint", "was_cut_off"),
    [
        (False, None, False),
        (True, None, True),
        (False, Checkpoint(), True),
        (False, Checkpoint(turn=TurnSnapshot()), True),
        (True, Checkpoint(turn=SCREENED), False),
    ],
)
def test_who_was_talked_with_was_cut_off(checkpoint: Checkpoint | None, *, taken_over: bool, was_cut_off: bool) -> None:
    resumption = Resumption()
    resumption.taken_over, resumption.checkpoint = taken_over, checkpoint
    assert resumption.was_cut_off is was_cut_off
