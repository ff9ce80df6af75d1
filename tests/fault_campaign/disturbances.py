"""What happens beside a conversation: connections that are lost, holds, noise, restarts."""

import asyncio
from random import Random
from typing import TYPE_CHECKING

import msgspec

from actors.conversation import Ending
from actors.messages.caller import (
    ConnectionAttached,
    EndSession,
    HoldEnded,
    HoldStarted,
    InterruptRequested,
    KeyPressed,
    TextEntered,
)
from actors.messages.lifecycle import RestartChild
from actors.messages.output import OutputMessage
from actors.session.checkpoint_transfer import decode, encode
from actors.session.modes.registry import mode_named
from tests.fault_campaign.caller_voice import ASSENT, NO_WORDS, Voice
from tests.fault_campaign.crashes import ERRORS
from tests.fault_campaign.scenario import Disturbance
from tests.kit.session_kit import RATE_HZ, Stage

if TYPE_CHECKING:
    from tests.fault_campaign.conversation import Conversation


HOLD_S = 3.0
"""How long a caller is on hold."""


class FailingOutput:
    """An output that raises `error` whatever it is told."""

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def tell(self, message: OutputMessage) -> None:
        raise self._error("fake")


class Disturber:
    """Disturbs one conversation."""

    def __init__(self, conversation: "Conversation", on: Stage, rng: Random) -> None:
        self._conversation = conversation
        self._on = on
        self._rng = rng

    async def disturb(self, at: float, what: Disturbance) -> None:
        """Wait for `at` seconds, and let it happen."""
        await asyncio.sleep(at)
        self._conversation.note(what)
        session = self._on.entry
        match what:
            case Disturbance.INTERRUPT:
                session.deliver(InterruptRequested())
            case Disturbance.LOST_AND_BACK | Disturbance.OUTPUT_RAISES | Disturbance.REPLACED:
                await self._reconnect(what)
            case Disturbance.HOLD:
                session.deliver(HoldStarted())
                await asyncio.sleep(HOLD_S)
                session.deliver(HoldEnded())
            case Disturbance.HOLD_FOR_GOOD:
                session.deliver(HoldStarted())
            case Disturbance.RESTART:
                names = [spec.name for spec in mode_named(session.plan.mode).children]
                session.addresses.supervisor.tell(RestartChild(self._rng.choice(names)))
            case Disturbance.GARBAGE:
                session.deliver(TextEntered("\ud83d\ud83d"))
                for _ in range(300):
                    session.deliver(KeyPressed("1"))
            case Disturbance.NOISE:
                await self._sound(120)
            case Disturbance.LONG_NOISE:
                await self._sound(460)
            case Disturbance.BACKCHANNEL:
                await self._sound(300, ASSENT)
            case Disturbance.AUDIO_STOPS:
                await self._stop_audio()
            case Disturbance.MOVED:
                self._move()

    async def _sound(self, ms: int, number: int = NO_WORDS) -> None:
        """The caller is heard for so long, unless they are saying something: they have one mouth."""
        if not self._on.talking:
            self._on.voice = Voice(number)
            await self._on.talk(ms)

    async def _stop_audio(self) -> None:
        on = self._on
        if not on.talking:
            on.voice = Voice(NO_WORDS)
        on.talking = True
        await asyncio.sleep(0.5)
        await on.hang_up()
        on.talking, self._conversation.is_mute = False, True
        await asyncio.sleep(5)
        on.start_caller()
        self._conversation.is_mute = False

    def _move(self) -> None:
        """Let the session go on from its checkpoint as in another process: nothing else of it is there."""
        conversation, on = self._conversation, self._on
        former, clock = on.entry, on.engines.clock
        if former.checkpoint.ending is not None or former.checkpoint.lost is not None:
            return
        moved = decode(encode(former.checkpoint, clock, former.tracks.all_voices.end_bytes), clock)
        moved.caller_audio_lost(greets_idle=False)
        conversation.evidence.lost_connections += 1
        conversation.connections += 1
        former.connection.output = None
        connection_id = f"connection-{conversation.connections}"
        plan = msgspec.structs.replace(former.plan, session_id=f"session-{conversation.connections}")
        attached = ConnectionAttached(connection_id=connection_id, lead=on.lead, rate_hz=RATE_HZ)
        conversation.goes_on_in(on, on.sessions.open(plan, conversation.client or on.ear, attached, moved))
        former.deliver(EndSession(Ending.NORMAL, politely=False))

    async def _reconnect(self, what: Disturbance) -> None:
        conversation, on = self._conversation, self._on
        if what is Disturbance.OUTPUT_RAISES:
            on.entry.connection.output = FailingOutput(self._rng.choice(ERRORS))
        elif what is Disturbance.LOST_AND_BACK:
            on.detach(f"connection-{conversation.connections}")
        conversation.evidence.lost_connections += 1
        # Who reloads a page is often back before the session has heard that they were gone.
        if what is not Disturbance.REPLACED and (away_s := self._rng.uniform(-1.0, 4.0)) > 0:
            await asyncio.sleep(away_s)
        conversation.connections += 1
        if conversation.client is not None:
            conversation.client.forget()
        on.entry.connection.output = conversation.client or on.ear
        on.entry.deliver(
            ConnectionAttached(connection_id=f"connection-{conversation.connections}", lead=on.lead, rate_hz=RATE_HZ)
        )
