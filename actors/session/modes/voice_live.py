"""The mode in which a speech-to-speech model hears and speaks: turn-taking decides as ever, and the model answers.

Where the model cannot be used any more, the call goes on with the engines of the usual mode, if they are there.
"""

from typing import Any

import msgspec
from pykka import ActorRef

from actors.ports.stt import SpeechRecognizer
from actors.session.children import ChildContext, ChildSpec
from actors.session.modes.listening import recognizer_for
from actors.session.modes.media import CONVERSATION, SYNTHESIZER, always, start_orchestrator, start_synthesizer
from actors.session.modes.mode import SessionMode
from actors.session.realtime.realtime_agent import RealtimeAgent
from actors.session.recognition.parallel_recognizer import ParallelRecognizer


def _is_given_up(context: ChildContext) -> bool:
    return context.engines.realtime is None or context.session.checkpoint.realtime_given_up


def _transcriber(context: ChildContext) -> SpeechRecognizer:
    """The speech to text that listens in parallel to the model, and that the conversation can do without; the usual one
    where the model was given up."""
    engines = context.engines
    if _is_given_up(context):
        return engines.recognizer
    return ParallelRecognizer(engines.transcriber or engines.recognizer, engines.clock)


def _start_synthesizer(context: ChildContext) -> ActorRef[Any]:
    return start_synthesizer(context, None if _is_given_up(context) else context.engines.phrases)


def _start_agent(context: ChildContext) -> ActorRef[Any]:
    session, engines = context.session, context.engines
    if _is_given_up(context):
        return start_orchestrator(context)
    assert engines.realtime is not None
    return RealtimeAgent.start(
        addresses=session.addresses,
        checkpoint=session.checkpoint,
        connection=session.connection,
        speech=session.speech,
        tool_runs=session.tool_runs,
        plan=session.plan,
        model=session.plan.realtime or engines.realtime,
        judge=session.plan.model or engines.model,
        falls_back=engines.realtime_falls_back,
        clock=engines.clock,
        trace=context.trace,
    )


VOICE_LIVE = "voice_live"
"""The name by which clients ask for the mode."""

VOICE_LIVE_MODE = SessionMode(
    name=VOICE_LIVE,
    children=(
        # The recognizer detects voice; its words, if there are any, confirm an interruption too.
        recognizer_for("orchestrator", engine=_transcriber),
        msgspec.structs.replace(SYNTHESIZER, factory=_start_synthesizer),
        ChildSpec(
            name="orchestrator",
            factory=_start_agent,
            speaks=True,
            receives=CONVERSATION,
            follows_agent=always,
            follows_connection=True,
        ),
    ),
)
