"""A conversation that goes on in another process, with somebody who was cut off."""

import asyncio

import msgspec

from actors.conversation import ChatMessage, Ending, Role, SessionRecord, UtteranceKind
from actors.messages.caller import ConnectionAttached, EndSession
from actors.messages.lifecycle import Timer
from actors.messages.output import ReplyText
from actors.rules.turn_taking.effects import Say
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import Opening, TurnSnapshot
from actors.runtime.clock import run_virtual
from tests.kit.session_kit import RATE_HZ, Ear, stage
from tests.unit.actors.rules.turn_taking.script import AGENT, acts

MESSAGES = (
    ChatMessage(role=Role.USER, text="I want to book a room.", turn=3),
    ChatMessage(role=Role.ASSISTANT, text="For when?", turn=3),
)


def test_somebody_who_was_cut_off_is_greeted_once() -> None:
    turn = TurnTaking(AGENT, state=TurnSnapshot(turn_number=3, opening=Opening.GREETING))
    effects = turn.resume(10.0, 300)
    assert acts(effects) == [Say(reply=1, turn=3, kind=UtteranceKind.GREETING)]
    assert Timer.NO_INPUT not in turn.armed
    assert acts(TurnTaking(AGENT, state=TurnSnapshot(turn_number=3)).resume(10.0, 300)) == []
    assert turn.state.opening is Opening.NONE


def test_a_restored_session_greets_and_remembers() -> None:
    async def main() -> None:
        async with stage() as on_stage:
            ear = Ear()
            record = SessionRecord(
                session_id="other",
                mode="media",
                agent="tester",
                state="connected",
                created_at=1.0,
                updated_at=2.0,
                turn=3,
                messages=MESSAGES,
            )
            plan = msgspec.structs.replace(on_stage.entry.plan, session_id="other")
            entry = on_stage.sessions.restore(
                plan,
                ear,
                ConnectionAttached(connection_id="connection-2", lead=on_stage.lead, rate_hz=RATE_HZ),
                record,
                greets=True,
            )
            await asyncio.sleep(3)
            assert [shown.kind for shown in ear.of(ReplyText)] == [UtteranceKind.GREETING]
            assert entry.session is not None
            messages = entry.session.record().messages
            assert messages[:2] == MESSAGES
            assert messages[2].kind is UtteranceKind.GREETING
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())
