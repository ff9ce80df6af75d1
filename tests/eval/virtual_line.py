"""One caller's audio on its way through the product's own parts, on virtual time.

The parts are voice activity, endpointing, recognizer and end of turn. Only time is not the machine's: it is that of the
audio, and a decoding takes what it would on one core of an idle machine, so that no figure depends on what else the
machine does. What the processor has really needed is counted beside it.
"""

import time
from functools import cache

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
from actors.rules.backchannel import words_of
from actors.rules.endpointing import Endpointer
from actors.rules.turn_taking.transcripts import LASTING_MS
from actors.rules.turn_taking.voice_alone import ANSWER_MS
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.recognition.turn_end import TurnEnd
from actors.turn_taking_settings import Endpointing
from app.dialogue.caller_phrases import caller_phrases
from app.providers.moonshine.caller_stream import CallerStream
from app.providers.moonshine.decoding import Decoding, Urgency, decoded
from app.providers.moonshine.hints import Hints
from app.providers.moonshine.lateness import Lateness
from app.providers.moonshine.model import Decoded, Model
from app.providers.moonshine.segments import WINDOW_BYTES, WINDOW_MS
from app.providers.moonshine.weights import weights
from app.providers.silero.voice_activity import energy_gated_silero
from tests.eval.text import dialogue
from tests.kit.speech import RATE_HZ

NOMINAL_MS, NOMINAL_MS_A_SECOND, NOMINAL_MS_A_STEP, NOMINAL_MS_A_GIVEN_PIECE = 5.0, 12.0, 6.0, 1.5
"""What a decoding takes: by itself, for each second of audio, each step of the decoder, and each piece given to it."""

REPLY_MS = 50.0
"""From the request to the first audio of the reply, on an idle machine: see `tests.eval.turn_ends.reply_cpu_ms`."""


def nominal_ms(audio_s: float, steps: int, given: int) -> float:
    """How long a decoding takes on one core of an idle machine, in ms."""
    return NOMINAL_MS + NOMINAL_MS_A_SECOND * audio_s + NOMINAL_MS_A_STEP * steps + NOMINAL_MS_A_GIVEN_PIECE * given


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
        has_interims: decode while the caller speaks too. That takes most of the processor's time; no turn ends by it,
            but what is decoded in a pause is there sooner.
        model: hears; the one of all lines unless told otherwise.
    """

    def __init__(
        self,
        settings: Endpointing,
        asked: AskedQuestion,
        rule: EndOfTurn,
        *,
        decodes: bool = True,
        has_interims: bool = False,
        model: Model | None = None,
    ) -> None:
        usual_model, hints = _ears()
        self.now_ms = 0.0
        self.ends_ms: list[float] = []
        """When each turn was taken for over to which the agent says something: its final included."""
        self.answers_ms: list[float] = []
        """When the first audio of a reply to each of them would be there."""
        self.finals: list[FinalTranscript] = []
        self.cpu_ms = self.nominal_ms = 0.0
        self._model = model or usual_model
        self._detector = energy_gated_silero()
        self._endpointer = Endpointer(settings, WINDOW_MS)
        checkpoint = Checkpoint()
        checkpoint.agent_asked(asked)
        self._asks_again_from_ms = ANSWER_MS if asked.question else LASTING_MS
        self._voiced_ms = 0.0
        """How long the voice of the last turn was."""
        self._turn_end = TurnEnd(rule, settings, checkpoint, "en-US")
        self._likely = "", 0.0
        """What was said when the caller was probably done, and when a reply was begun to it."""
        self._judgement = _SameJudgement()
        self._decodes = decodes
        self._has_interims = has_interims
        self._due: list[tuple[float, Decoding, Decoded]] = []
        self._busy_until_ms = 0.0
        self._stream = CallerStream(
            detector=self._judgement,
            hints=hints,
            texts=self._model.vocabulary,
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

        What is decoded while the caller speaks takes another thread than what is decoded in a pause, as in the product.
        """
        if decoding.urgency is Urgency.INTERIM and not self._has_interims:
            return False
        decoding.is_begun = True
        began = time.thread_time()
        result = decoded(self._model, decoding)
        self.cpu_ms += (time.thread_time() - began) * 1000
        decoding.took_ms = nominal_ms(len(decoding.pcm) / 2 / RATE_HZ, result.steps, result.given)
        self.nominal_ms += decoding.took_ms
        if decoding.urgency is Urgency.INTERIM:
            self._due.append((self.now_ms + decoding.took_ms, decoding, result))
            return True
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
        if self._endpointer.in_pause():
            self._wait_in_pause(self._endpointer.voice_end_ms)
        for event in self._endpointer.process(self._judgement.last, 0.0, None):
            match event:
                case SpeechStarted(onset_ms):
                    self._turn_end.started(onset_ms)
                case SpeechContinued(silence_ms=silence_ms):
                    self._turn_end.continued(silence_ms)
                case SpeechStopped(end_ms=end_ms, voiced_ms=voiced_ms):
                    self._turn_end.stopped(end_ms)
                    self._voiced_ms = voiced_ms
                    self._stream.finish()
                    if not self._decodes:
                        self._over("")

    def _wait_in_pause(self, voice_end_ms: float) -> None:
        silence_ms = self._turn_end.silence_ms(voice_end_ms)
        self._endpointer.wait_for(silence_ms)
        if self._decodes and (text := self._turn_end.likely_end(voice_end_ms, silence_ms)):
            self._likely = text, self.now_ms

    def _over(self, text: str) -> None:
        """The turn is over. A reply that was begun ahead to the same words is there already, or soon."""
        likely, begun_ms = self._likely
        is_ahead = bool(text) and words_of(likely) == words_of(text)
        self.ends_ms.append(self.now_ms)
        self.answers_ms.append(max(self.now_ms, (begun_ms if is_ahead else self.now_ms) + REPLY_MS))
        self._likely = "", 0.0

    def _deliver(self) -> None:
        due = [each for each in self._due if each[0] <= self.now_ms]
        self._due = [each for each in self._due if each[0] > self.now_ms]
        for _, decoding, result in due:
            decoding.result = result
            self._stream.on_decoded(decoding)

    def _told(self, event: RecognitionEvent) -> None:
        if isinstance(event, InterimTranscript):
            self._turn_end.heard(event)
        elif isinstance(event, FinalTranscript):
            self._over(event.text)
            self.finals.append(event)
        elif isinstance(event, NoSpeechRecognized) and self._voiced_ms >= self._asks_again_from_ms:
            # Of less voice without words the agent says nothing: `actors.rules.turn_taking.transcripts`.
            self._over("")
