"""The sessions of calls: first the one that asks for the access code, where one is set, then the call's own."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from actors.messages.caller import CallOrderFailed, ConnectionAttached, HoldEnded, Lead, Transport
from actors.rules.turn_taking.state import TurnSnapshot
from actors.session.checkpoint import Checkpoint
from app.browser.session_outputs import SessionOutputs
from app.console.timeline import Timelines
from app.sessions.session_plans import SessionPlans
from app.telephony.call import Admission, Call, Direction
from app.telephony.call_sessions import CallSessions
from config.settings import Settings
from protocol.calls import CallState
from tests.kit.session_kit import AGENT

SETTINGS = Settings.read({"CALL_ACCESS_CODE": "2468", "HANDOFF_PHONE_NUMBER": "+15550111"})
ATTACHED = ConnectionAttached(connection_id="c", lead=Lead(Transport.PACED, 60), rate_hz=16_000)


def call(admission: Admission = Admission.AWAITS_CODE, **former: Any) -> Call:
    made = Call(
        secret="x",
        session_id="s",
        direction=Direction.INBOUND,
        agent=AGENT,
        mode="media",
        caller="+15550100",
        created_at=0.0,
    )
    made.admission = admission
    for name, value in former.items():
        setattr(made.resumption, name, value)
    return made


def opening(live: dict[str, Any] | None = None) -> tuple[CallSessions, Mock, SessionOutputs]:
    sessions = Mock(live=live or {})
    outputs = SessionOutputs(sessions.live, Timelines(lambda: 0.0, (), sessions.live, content=False), log_content=False)
    opener = CallSessions(
        settings=SETTINGS.telephony,
        random=Mock(**{"token.side_effect": lambda prefix: prefix + "1"}),
        plans=SessionPlans(SETTINGS.agents, {"tester": AGENT}, {}, Mock()),
        sessions=sessions,
        outputs=outputs,
        access_codes=Mock(),
        new_calls=Mock(),
        switchboard=Mock(),
    )
    return opener, sessions, outputs


async def test_a_caller_who_is_not_admitted_meets_the_gatekeeper_and_nobody_sees_the_keys() -> None:
    opener, sessions, outputs = opening()
    connection = Mock()
    opener.open(call(), connection, ATTACHED)
    plan, output, attached = sessions.open.call_args.args
    assert (plan.session_id, plan.stored, plan.agent.greeting) == ("s.access", False, AGENT.phrases.enter_code)
    assert output is connection
    assert attached is ATTACHED
    assert len(outputs) == 0, "dashboards do not see who keys in what"


async def test_the_call_s_own_session_may_use_the_call_and_is_shown() -> None:
    opener, sessions, outputs = opening()
    connection = Mock()
    opener.open(call(admission=Admission.ADMITTED), connection, ATTACHED)
    plan, output, _ = sessions.open.call_args.args
    assert (plan.session_id, plan.stored, plan.agent, plan.resume_token) == ("s", True, AGENT, "resume_1")
    assert plan.call is not None
    assert output is outputs.of("s")
    assert outputs.of("s").connection is connection


async def test_a_call_that_was_taken_over_goes_on_from_its_record() -> None:
    opener, sessions, _ = opening()
    former = SimpleNamespace(resumable=True)
    opener.open(call(admission=Admission.ADMITTED, taken_over=True, conversation=former), Mock(), ATTACHED)
    assert sessions.open.call_count == 0
    plan, _, _, record = sessions.restore.call_args.args
    assert record is former
    assert plan.agent.greeting == AGENT.phrases.cut_off
    assert sessions.restore.call_args.kwargs == {"greets": True}


async def test_a_call_goes_on_once_from_the_checkpoint_of_another_worker() -> None:
    opener, sessions, _ = opening()
    checkpoint = Mock()
    taken = call(
        admission=Admission.ADMITTED,
        taken_over=True,
        conversation=SimpleNamespace(resumable=True),
        checkpoint=checkpoint,
    )
    opener.open(taken, Mock(), ATTACHED)
    assert sessions.open.call_args.args[3] is checkpoint
    assert sessions.restore.call_count == 0
    opener.open(taken, Mock(), ATTACHED)
    assert sessions.restore.call_count == 1


async def test_a_session_that_lives_is_attached_and_not_opened_again() -> None:
    entry = Mock()
    opener, sessions, outputs = opening({"s": entry})
    connection = Mock()
    assert opener.attach(call(admission=Admission.ADMITTED), connection, ATTACHED) is entry
    entry.deliver.assert_called_once_with(ATTACHED)
    assert entry.connection.output is outputs.of("s")
    assert (sessions.open.call_count, sessions.restore.call_count) == (0, 0)


async def test_the_next_session_is_told_once_of_orders_that_failed_while_there_was_none() -> None:
    opener, sessions, _ = opening()
    without = call(admission=Admission.ADMITTED)
    without.owed_notices.append(CallOrderFailed("the other side did not take the call"))
    for _ in range(2):
        opener.open(without, Mock(), ATTACHED)
    sessions.open.return_value.deliver.assert_called_once_with(CallOrderFailed("the other side did not take the call"))


@pytest.mark.parametrize(("state", "is_told"), [(CallState.CONNECTED, True), (CallState.ON_HOLD, False)])
async def test_a_session_that_goes_on_is_told_that_its_caller_is_back_from_hold(
    state: CallState, is_told: bool
) -> None:
    opener, sessions, _ = opening()
    checkpoint = Checkpoint(turn=TurnSnapshot(on_hold_since=7.0))
    taken = call(admission=Admission.ADMITTED, checkpoint=checkpoint)
    taken.progress.state = state
    opener.open(taken, Mock(), ATTACHED)
    told = [arguments.args[0] for arguments in sessions.open.return_value.deliver.call_args_list]
    assert told == ([HoldEnded()] if is_told else [])
