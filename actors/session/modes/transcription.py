"""The mode in which the session only listens: a recognizer hears, a transcriber shows and keeps what was said."""

from typing import Any

from pykka import ActorRef

from actors.messages.transcript import FinalTranscript
from actors.session.children import ChildContext, ChildSpec
from actors.session.modes.listening import recognizer_for
from actors.session.modes.mode import SessionMode
from actors.session.transcriber import Transcriber


def _start_transcriber(context: ChildContext) -> ActorRef[Any]:
    session = context.session
    return Transcriber.start(
        addresses=session.addresses,
        checkpoint=session.checkpoint,
        connection=session.connection,
        limits=session.plan.agent.limits,
        clock=context.engines.clock,
        trace=context.trace,
    )


TRANSCRIPTION = "transcription"
"""The name of the mode, as clients ask for it."""

TRANSCRIPTION_MODE = SessionMode(
    name=TRANSCRIPTION,
    children=(
        recognizer_for("transcriber"),
        # The telephone network may transcribe as well.
        ChildSpec(name="transcriber", factory=_start_transcriber, receives=(FinalTranscript,)),
    ),
)
