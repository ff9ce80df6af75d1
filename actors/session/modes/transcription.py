"""The mode in which the session only listens: recognizers hear, a transcriber shows and keeps what was said.

One recognizer hears a browser, or all voices of a call in one stream; where the voices of a call come one by one, each
speaker has one, so that what they say at the same time is told apart.
"""

from typing import Any

from pykka import ActorRef

from actors.messages.caller import HoldEnded, HoldStarted
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.rules.speakers import SPEAKERS
from actors.session.children import ChildContext, ChildSpec
from actors.session.modes.listening import recognizer_for
from actors.session.modes.mode import SessionMode
from actors.session.recognition.transcriber import Transcriber


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
"""The name by which clients ask for the mode."""

TRANSCRIPTION_MODE = SessionMode(
    name=TRANSCRIPTION,
    children=(
        # Where the telephone network transcribes, no audio comes and none of them is started.
        recognizer_for("transcriber", on_first_audio=True, answers=False),
        *(recognizer_for("transcriber", speaker, on_first_audio=True, answers=False) for speaker in SPEAKERS),
        ChildSpec(
            name="transcriber",
            factory=_start_transcriber,
            receives=(InterimTranscript, FinalTranscript, HoldStarted, HoldEnded),
        ),
    ),
)
