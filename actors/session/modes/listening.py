"""The child that every mode has which listens: the recognizer, with whoever is told what it hears."""

from typing import Any

from pykka import ActorRef

from actors.messages.caller import CallerAudio
from actors.ports.stt import RecognitionOptions
from actors.session.children import ChildContext, ChildSpec
from actors.session.recognizer import Recognizer

RECOGNIZER = "recognizer"


def recognizer_for(listener: str) -> ChildSpec:
    """The recognizer of a mode in which the child called `listener` is told of voice and words."""

    def start(context: ChildContext) -> ActorRef[Any]:
        session, engines, plan = context.session, context.engines, context.session.plan
        return Recognizer.start(
            addresses=session.addresses,
            listener=session.addresses[listener],
            checkpoint=session.checkpoint,
            ring=session.ring,
            connection=session.connection,
            engine=engines.recognizer,
            options=RecognitionOptions(
                session_id=plan.session_id,
                rate_hz=plan.rate_hz,
                languages=plan.agent.languages,
                phrases=plan.phrases_expected,
            ),
            detector=engines.voice_activity(),
            endpointing=plan.agent.endpointing,
            clock=engines.clock,
            trace=context.trace,
        )

    return ChildSpec(name=RECOGNIZER, factory=start, receives=(CallerAudio,))
