"""The child of every mode that listens: the recognizer, and the actor that is told what it hears."""

from collections.abc import Callable
from typing import Any

from pykka import ActorRef

from actors.messages.caller import CallerAudio
from actors.ports.stt import RecognitionOptions, SpeechRecognizer
from actors.rules.end_of_turn.by_words import FixedSilence
from actors.rules.tones import ToneDetector
from actors.session.addresses import recognizer_name
from actors.session.children import ChildContext, ChildSpec
from actors.session.live_session import LiveSession
from actors.session.plan import Engines, SessionPlan
from actors.session.recognition.hearing import Hearing
from actors.session.recognition.recognizer import Recognizer


def _usual(context: ChildContext) -> SpeechRecognizer:
    return context.engines.recognizer


def _listens_otherwise(former: SessionPlan, plan: SessionPlan) -> bool:
    """Whether other languages, words or pauses are to be expected of the caller."""
    return _expected(former) != _expected(plan)


def _expected(plan: SessionPlan) -> tuple[object, ...]:
    return plan.agent.languages, plan.agent.endpointing, plan.agent.preemptive_generation, plan.phrases_expected


def recognizer_for(
    listener: str,
    speaker: str = "",
    *,
    on_first_audio: bool = False,
    answers: bool = True,
    engine: Callable[[ChildContext], SpeechRecognizer] = _usual,
) -> ChildSpec:
    """The recognizer of a mode in which the child called `listener` is told of voice and words.

    Args:
        listener: the name of that child.
        speaker: whom alone it hears, by label; empty for all voices in one stream.
        on_first_audio: it is started only when the first audio comes that it is to hear.
        answers: somebody waits for the end of the speaker's turn; else a fixed silence ends an utterance.
        engine: called for the speech to text that it is to use, each time when it is started.
    """

    def needed(session: LiveSession) -> bool:
        return not on_first_audio or session.checkpoint.track(speaker).is_open

    return ChildSpec(
        name=recognizer_name(speaker),
        factory=lambda context: _started(context, listener, speaker, engine(context), answers=answers),
        needed=needed,
        receives=() if speaker else (CallerAudio,),
        follows_agent=_listens_otherwise,
        follows_language=_listens_otherwise,
    )


def _started(
    context: ChildContext, listener: str, speaker: str, engine: SpeechRecognizer, *, answers: bool
) -> ActorRef[Any]:
    session, engines, plan = context.session, context.engines, context.session.plan
    return Recognizer.start(
        name=recognizer_name(speaker),
        speaker=speaker,
        addresses=session.addresses,
        listener=session.addresses[listener],
        checkpoint=session.checkpoint,
        ring=session.tracks.of(speaker),
        connection=session.connection,
        hearing=_hearing(engines, plan, engine, answers=answers),
        clock=engines.clock,
        trace=context.trace,
    )


def _hearing(engines: Engines, plan: SessionPlan, engine: SpeechRecognizer, *, answers: bool) -> Hearing:
    return Hearing(
        engine=engine,
        options=RecognitionOptions(
            session_id=plan.session_id,
            rate_hz=plan.rate_hz,
            languages=plan.agent.languages,
            phrases=plan.phrases_expected,
        ),
        detector=engines.voice_activity(),
        endpointing=plan.agent.endpointing,
        end_of_turn=engines.end_of_turn() if answers else FixedSilence(),
        tells_likely_end=answers and plan.agent.preemptive_generation.enabled,
        tones=ToneDetector(plan.rate_hz) if answers and plan.screens_answerer else None,
    )
