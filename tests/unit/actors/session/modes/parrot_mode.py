"""A mode in a file of its own: a parrot that says back what it has heard."""

from typing import Any

from pykka import ActorRef

from actors.conversation import UtteranceKind
from actors.messages.caller import ConnectionAttached, ConnectionDetached, PlaybackMarked
from actors.messages.playback import PlaybackFinished
from actors.messages.transcript import FinalTranscript
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.children import ChildContext, ChildSpec
from actors.session.live_session import LiveSession
from actors.session.modes.listening import recognizer_for
from actors.session.modes.mode import SessionMode
from actors.session.replies.reply_writer import ReplyWriter
from actors.session.synthesis.synthesizer import Synthesizer


class Parrot(SupervisedActor):
    """Says back every transcript, each as a reply of its own."""

    def __init__(self, session: LiveSession) -> None:
        super().__init__("parrot", session.addresses.supervisor)
        self._session = session
        self._writer = ReplyWriter(session.checkpoint, session.addresses["synthesizer"])
        self._replies = 0

    def on_receive(self, message: Any) -> None:
        match message:
            case FinalTranscript(text=text):
                self._replies += 1
                self._session.connection.show(message)
                self._writer.say(self._replies, self._replies, UtteranceKind.REPLY, text)
            case PlaybackFinished(reply=reply):
                self._session.checkpoint.reply_over(reply)
            case _:
                pass


def _start_parrot(context: ChildContext) -> ActorRef[Any]:
    return Parrot.start(context.session)


def _start_synthesizer(context: ChildContext) -> ActorRef[Any]:
    session, engines, plan = context.session, context.engines, context.session.plan
    return Synthesizer.start(
        addresses=session.addresses,
        listener=session.addresses["parrot"],
        checkpoint=session.checkpoint,
        connection=session.connection,
        engine=engines.synthesizer,
        plan=plan,
        play_clock=engines.play_clock,
        clock=engines.clock,
        trace=context.trace,
    )


PARROT_MODE = SessionMode(
    name="parrot",
    children=(
        recognizer_for("parrot"),
        ChildSpec(name="parrot", factory=_start_parrot, speaks=True),
        ChildSpec(
            name="synthesizer",
            factory=_start_synthesizer,
            speaks=True,
            receives=(PlaybackMarked, ConnectionAttached, ConnectionDetached),
            follows_connection=True,
        ),
    ),
)
