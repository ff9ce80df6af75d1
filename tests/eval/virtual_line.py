"""One caller's audio on its way through the product's own parts, on virtual time.

The parts are voice activity, endpointing, recognizer and end of turn. Only time is not the machine's: it is that of the
audio, and a decoding takes what it would on one core of an idle machine, so that no figure depends on what else the
machine does. What the processor has really needed is counted beside it.
"""

import time
from functools import cache

import numpy as np

from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.end_of_turn import EndOfTurn
from actors.ports.stt import RecognitionEvent
from actors.rules.endpointing import Endpointer
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.turn_end import TurnEnd
from actors.turn_taking_settings import Endpointing
from app.dialogue.caller_phrases import caller_phrases
from app.providers.moonshine.caller_stream import CallerStream, Lateness
from app.providers.moonshine.decoding import FULL_SCALE, Decoding, Urgency
from app.providers.moonshine.hints import Hints
from app.providers.moonshine.model import Decoded, Model
from app.providers.moonshine.segments import WINDOW_BYTES, WINDOW_MS
from app.providers.moonshine.weights import weights
from app.providers.silero.voice_activity import energy_gated_silero
from tests.eval.text import dialogue
from tests.kit.speech import RATE_HZ

NOMINAL_MS, NOMINAL_MS_A_SECOND, NOMINAL_MS_A_PIECE = 5.0, 12.0, 6.0
"""What a decoding takes: by itself, for each second of audio, and for each piece of a word."""


def nominal_ms(audio_s: float, pieces: int) -> float:
    """How long a decoding takes on one core of an idle machine, in ms."""
    return NOMINAL_MS + NOMINAL_MS_A_SECOND * audio_s + NOMINAL_MS_A_PIECE * (pieces + 1)


@cache
def _ears() -> tuple[Model, Hints]:
    folder = weights()
    assert folder is not None, "moonshine-voice is not installed"
    model = Model(folder)
    return model, Hints(model.vocabulary, caller_phrases(dialogue()))


class _SameJudgement:
    """Says of a window what was said of it last: the recognizer's own detector would find the same."""

    rate_hz = RATE_HZ
    window_samples = WINDOW_BYTES // 2

    def __init__(self) -> None:
        self.last = 0.0

    def probability(self, _window: bytes) -> float:
        return self.last

    def reset(self) -> None:
        """Nothing is remembered."""


class Line:
    """What a caller says on its way through the parts; does what the recognizer of a session does, window by window.

    Args:
        settings: the agent's.
        asked: what the agent has asked last.
        rule: decides how much silence ends a turn.
        decodes: false where only silence counts, and nobody has to wait for words.
    """

    def __init__(self, settings: Endpointing, asked: AskedQuestion, rule: EndOfTurn, *, decodes: bool = True) -> None:
        model, hints = _ears()
        self.now_ms = 0.0
        self.ends_ms: list[float] = []
        """When each turn was taken for over: its final included."""
        self.finals: list[FinalTranscript] = []
        self.cpu_ms = self.nominal_ms = 0.0
        self._model = model
        self._detector = energy_gated_silero()
        self._endpointer = Endpointer(settings, WINDOW_MS)
        checkpoint = Checkpoint()
        checkpoint.agent_asked(asked)
        self._turn_end = TurnEnd(rule, settings, checkpoint, "en-US")
        self._judgement = _SameJudgement()
        self._decodes = decodes
        self._due: list[tuple[float, Decoding, Decoded]] = []
        self._busy_until_ms = 0.0
        self._stream = CallerStream(
            detector=self._judgement,
            hints=hints,
            texts=model.vocabulary,
            queue=self,
            decoded=lambda _: None,
            tell=self._told,
            lateness=Lateness(),
        )

    @property
    def is_idle(self) -> bool:
        """Whether nobody speaks and nothing is being decoded."""
        return not self._endpointer.in_speech and not self._due

    def submit(self, decoding: Decoding) -> bool:
        """Decode at once, and let the result be there when the processor would have it.

        What is decoded while the caller speaks is left out, as where the machine has no time for it: it takes most of
        the processor's time, and no turn ends by it.
        """
        if decoding.urgency is Urgency.INTERIM:
            return False
        decoding.is_begun = True
        samples = np.frombuffer(decoding.pcm, np.int16).astype(np.float32) / np.float32(FULL_SCALE)
        began = time.thread_time()
        result = self._model.decode(samples, decoding.hints, decoding.prefix)
        self.cpu_ms += (time.thread_time() - began) * 1000
        decoding.took_ms = nominal_ms(len(samples) / RATE_HZ, len(result.pieces) - len(decoding.prefix))
        self.nominal_ms += decoding.took_ms
        self._busy_until_ms = max(self._busy_until_ms, self.now_ms) + decoding.took_ms
        self._due.append((self._busy_until_ms, decoding, result))
        return True

    def hear(self, window: bytes) -> None:
        """The next window of the caller's audio."""
        self.now_ms += WINDOW_MS
        self._judgement.last = self._detector.probability(window)
        if self._decodes:
            self._deliver()
            self._stream.take(window)
        if self._endpointer.in_pause:
            self._endpointer.wait_for(self._turn_end.silence_ms(self._endpointer.voice_end_ms))
        for event in self._endpointer.process(self._judgement.last, 0.0, None):
            match event:
                case SpeechStarted(onset_ms):
                    self._turn_end.started(onset_ms)
                case SpeechContinued(silence_ms=silence_ms):
                    self._turn_end.continued(silence_ms)
                case SpeechStopped(end_ms=end_ms):
                    self._turn_end.stopped(end_ms)
                    self._stream.finish()
                    if not self._decodes:
                        self.ends_ms.append(self.now_ms)

    def _deliver(self) -> None:
        due = [each for each in self._due if each[0] <= self.now_ms]
        self._due = [each for each in self._due if each[0] > self.now_ms]
        for _, decoding, result in due:
            decoding.result = result
            self._stream.on_decoded(decoding)

    def _told(self, event: RecognitionEvent) -> None:
        if isinstance(event, InterimTranscript):
            self._turn_end.heard(event)
        elif isinstance(event, FinalTranscript | NoSpeechRecognized):
            self.ends_ms.append(self.now_ms)
            self.finals += [event] if isinstance(event, FinalTranscript) else []
