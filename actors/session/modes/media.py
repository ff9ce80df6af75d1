"""The mode in which the agent converses: a recognizer listens, an orchestrator decides, a synthesizer speaks."""

from typing import Any

from pykka import ActorRef

from actors.messages.caller import (
    CallOrderFailed,
    ConnectionAttached,
    ConnectionDetached,
    EndSession,
    HoldEnded,
    HoldStarted,
    InterruptRequested,
    KeyPressed,
    PlaybackMarked,
    TextEntered,
)
from actors.messages.lifecycle import CallerCutOff, CallerIsBack, SessionFailed
from actors.messages.model import ToolFinished
from actors.ports.tts import SpeechSynthesizer
from actors.session.children import ChildContext, ChildSpec
from actors.session.modes.listening import recognizer_for
from actors.session.modes.mode import SessionMode
from actors.session.orchestrator import Orchestrator
from actors.session.plan import SessionPlan
from actors.session.replies.generation import Generation
from actors.session.synthesis.synthesizer import Synthesizer


def start_synthesizer(context: ChildContext, engine: SpeechSynthesizer | None = None) -> ActorRef[Any]:
    """Start the actor that speaks; `engine` in place of the usual one."""
    session, engines, plan = context.session, context.engines, context.session.plan
    return Synthesizer.start(
        addresses=session.addresses,
        listener=session.addresses["orchestrator"],
        checkpoint=session.checkpoint,
        connection=session.connection,
        engine=engine or engines.synthesizer,
        plan=plan,
        play_clock=engines.play_clock,
        clock=engines.clock,
        trace=context.trace,
    )


def start_orchestrator(context: ChildContext) -> ActorRef[Any]:
    """Start the actor that decides, with the language model of the session."""
    session, engines, plan = context.session, context.engines, context.session.plan
    return Orchestrator.start(
        addresses=session.addresses,
        checkpoint=session.checkpoint,
        connection=session.connection,
        tool_runs=session.tool_runs,
        plan=plan,
        source=lambda actor: Generation(actor, plan.model or engines.model),
        clock=engines.clock,
        trace=context.trace,
        judge=plan.model or engines.model,
    )


def always(_former: SessionPlan, _plan: SessionPlan) -> bool:
    """Return True: each agent has an orchestrator started anew, since all that it decides by is the agent's."""
    return True


MEDIA = "media"
"""The name by which clients ask for the mode."""

SYNTHESIZER = ChildSpec(
    name="synthesizer",
    factory=start_synthesizer,
    speaks=True,
    receives=(PlaybackMarked, ConnectionAttached, ConnectionDetached),
    follows_connection=True,
)
"""The child that speaks, in every mode with an orchestrator."""
CONVERSATION = (
    TextEntered,
    KeyPressed,
    InterruptRequested,
    HoldStarted,
    HoldEnded,
    CallerCutOff,
    CallerIsBack,
    CallOrderFailed,
    EndSession,
    SessionFailed,
    ToolFinished,
)
"""The classes of messages that an orchestrator is told from outside the session's children."""

MEDIA_MODE = SessionMode(
    name=MEDIA,
    children=(
        recognizer_for("orchestrator"),
        SYNTHESIZER,
        ChildSpec(
            name="orchestrator",
            factory=start_orchestrator,
            speaks=True,
            receives=CONVERSATION,
            follows_agent=always,
        ),
    ),
)
