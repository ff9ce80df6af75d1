"""How soon the agent answers, and how often it speaks into a pause: part of `make eval-voice`.

Synthetic callers say sentences that are not in the agent's file, answers to its questions, telephone numbers and names:
whole, and with a pause of 300 to 1,500 ms where one may fall, between two words or two groups. Recordings of people are
heard as they are, with the pauses that they have. The sentences of `held_out_pauses.yaml` are measured by themselves:
no rule was made with a look at them.

The parts are the product's own: voice activity, endpointing, recognizer, end of turn. Only time is not: a decoding
takes as long as the processor needs for it, so that the figures do not depend on what else the machine does.
"""

import random
import statistics
import time
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import msgspec
import numpy as np
import yaml

from actors.conversation import ExpectedAnswer
from actors.messages.transcript import FinalTranscript, InterimTranscript, SpeechContinued, SpeechStarted, SpeechStopped
from actors.ports.stt import RecognitionEvent
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.rules.endpointing import Endpointer
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.turn_end import TurnEnd
from actors.turn_taking_settings import Endpointing
from app.dialogue.caller_phrases import caller_phrases
from app.providers.hibari.text import Span
from app.providers.hibari.voice import RATE_HZ as VOICE_HZ
from app.providers.hibari.voice import SpeechModel
from app.providers.moonshine.caller_stream import CallerStream, Lateness
from app.providers.moonshine.decoding import FULL_SCALE, Decoding
from app.providers.moonshine.hints import Hints
from app.providers.moonshine.model import Decoded, Model
from app.providers.moonshine.segments import WINDOW_BYTES, WINDOW_MS
from app.providers.moonshine.weights import weights
from app.providers.silero.voice_activity import energy_gated_silero
from tests.eval.corpus import FOLDER, read_corpus
from tests.eval.text import TODAY, dialogue, script
from tests.kit.speech import RATE_HZ, resampled, silence, white_noise

EVERY = 6
"""One sentence in so many of the corpus is said."""
PAUSES_MS = (300, 500, 700, 900, 1_100, 1_300, 1_500)
PAUSES_EACH, HELD_OUT_PAUSES_EACH = 1, 2
"""Places in each sentence at which somebody pauses, each in a clip of its own."""
SEED = 13
BEFORE_MS, AFTER_MS = 800, 2_500
NOISE = 12.0
"""Of every line; full scale is 32,768."""
LOUD = 250
"""Samples from this on are voice: recordings are not silent between words."""
PAUSE_OF_PEOPLE_MS = 280
"""Silence within a recording that counts as a pause."""
NUMBERS = (
    "two zero six, five five five, zero one four two",
    "you can reach me at four one five, five five five, nine eight seven six",
    "three one two, five five five, eight eight zero one",
    "my number is six zero two, five five five, seven seven one three",
)
NAMES = ("laura meyer", "my name is jonathan miller", "it's for emma wilson", "david brown", "this is sarah cooper")
REPLY = "Okay, that is noted."

RULES: dict[str, Endpointing] = {
    "words": Endpointing(),
    **{
        f"{ms} ms of silence": Endpointing(min_silence_ms=ms, end_silence_ms=ms, max_silence_ms=ms)
        for ms in (300, 600, 900)
    },
}


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a caller says, with pauses in it or without."""

    kind: str
    """`sentence`, `answer`, `number`, `name` or `people`."""
    pcm: bytes
    """PCM16LE at 16 kHz."""
    resumes_ms: float = 0.0
    """Where the voice begins again after the last pause in it; 0 if there is none."""
    expected: ExpectedAnswer = ExpectedAnswer.ANYTHING


class Outcome(msgspec.Struct, frozen=True):
    """What became of a clip."""

    clip: Clip
    is_cut: bool
    """The turn was taken for over in a pause."""
    dead_air_ms: float
    """From the end of the voice to the end of the turn, its final transcript included."""


@cache
def _voice() -> SpeechModel:
    return SpeechModel()


@cache
def _ears() -> tuple[Model, Hints]:
    folder = weights()
    assert folder is not None, "moonshine-voice is not installed"
    model = Model(folder)
    return model, Hints(model.vocabulary, caller_phrases(dialogue()))


def spoken(text: str) -> tuple[bytes, list[int]]:
    """`text` as sound, and where each word but the first begins in it, in bytes."""
    clause = _voice().speak(text, Span(0, len(text)))
    pcm = np.clip(np.rint(clause.samples * 32_767), -32_768, 32_767).astype(np.int16).tobytes()
    return resampled(pcm, VOICE_HZ, RATE_HZ), [int(ms * RATE_HZ / 1000) * 2 for _, ms in clause.words[1:]]


def said() -> list[tuple[str, str, ExpectedAnswer]]:
    """Kind, words and what the agent has asked for."""
    corpus = read_corpus("held_out")
    kinds = {"name": ExpectedAnswer.NAME}
    return [
        *(("sentence", sentence.say, ExpectedAnswer.ANYTHING) for sentence in corpus.ours[::EVERY]),
        *(("answer", each.say, kinds.get(each.slot, ExpectedAnswer.SHORT)) for each in corpus.answers[::2]),
        *(("number", number, ExpectedAnswer.NUMBER) for number in NUMBERS),
        *(("name", name, ExpectedAnswer.NAME) for name in NAMES),
    ]


def said_held_out() -> list[tuple[str, str, ExpectedAnswer]]:
    """The same, of what no rule was made with a look at."""
    expected = {
        "sentence": ExpectedAnswer.ANYTHING,
        "answer": ExpectedAnswer.SHORT,
        "number": ExpectedAnswer.NUMBER,
        "name": ExpectedAnswer.NAME,
    }
    texts = yaml.safe_load((FOLDER / "held_out_pauses.yaml").read_text())
    return [(kind, text, expected[kind]) for kind, several in texts.items() for text in several]


def clips(texts: Iterable[tuple[str, str, ExpectedAnswer]], pauses_each: int) -> list[Clip]:
    """Each text whole, and with a pause at some of its places."""
    chance = random.Random(SEED)
    made: list[Clip] = []
    for kind, text, expected in texts:
        pcm, places = spoken(text)
        made.append(Clip(kind=kind, pcm=pcm, expected=expected))
        if kind == "number":
            words = text.split()
            places = [at for word, at in zip(words, places, strict=False) if word.endswith(",")]
        for at in chance.sample(places, min(pauses_each, len(places))):
            pause_ms = chance.choice(PAUSES_MS)
            paused = pcm[:at] + silence(pause_ms) + pcm[at:]
            made.append(Clip(kind=kind, pcm=paused, resumes_ms=_ms(pcm[:at]) + pause_ms, expected=expected))
    return made


def clip_of_people(pcm: bytes) -> Clip:
    """A recording as it is, with the place where its last long silence ends."""
    frame = WINDOW_BYTES // 2
    loud = np.abs(np.frombuffer(pcm, np.int16)) > LOUD
    voiced = [at for at in range(0, len(loud), frame) if loud[at : at + frame].any()]
    resumes = [
        later * 1000 / RATE_HZ
        for former, later in pairwise(voiced)
        if (later - former - frame) * 1000 / RATE_HZ >= PAUSE_OF_PEOPLE_MS
    ]
    return Clip(kind="people", pcm=pcm, resumes_ms=resumes[-1] if resumes else 0.0)


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


class _Line:
    """One clip on its way through the parts; does what the recognizer of a session does, window by window."""

    def __init__(self, settings: Endpointing, expected: ExpectedAnswer) -> None:
        model, hints = _ears()
        self.now_ms = 0.0
        self.ends_ms: list[float] = []
        """When each turn was taken for over: its final included."""
        self._model = model
        self._detector = energy_gated_silero()
        self._endpointer = Endpointer(settings, WINDOW_MS)
        checkpoint = Checkpoint()
        checkpoint.agent_asked(AskedQuestion("", expected))
        self._turn_end = TurnEnd(EndOfTurnByWords(), settings, checkpoint, "en-US")
        self._judgement = _SameJudgement()
        self._decodes = settings.min_silence_ms < settings.max_silence_ms
        """Where only silence counts, nobody has to wait for words."""
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

    def submit(self, decoding: Decoding) -> bool:
        """Decode at once, and let the result be there when the processor would have it."""
        decoding.is_begun = True
        samples = np.frombuffer(decoding.pcm, np.int16).astype(np.float32) / np.float32(FULL_SCALE)
        began = time.thread_time()
        result = self._model.decode(samples, decoding.hints, decoding.prefix)
        decoding.took_ms = (time.thread_time() - began) * 1000
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
        elif isinstance(event, FinalTranscript):
            self.ends_ms.append(self.now_ms)


def outcome(clip: Clip, settings: Endpointing) -> Outcome:
    """Hear the clip to its end, and see where its turns were taken for over."""
    line = _Line(settings, clip.expected)
    pcm = silence(BEFORE_MS) + clip.pcm + silence(AFTER_MS)
    noise = np.frombuffer(white_noise(int(_ms(pcm)) + 1, NOISE), np.int16)
    heard = (np.frombuffer(pcm, np.int16) + noise[: len(pcm) // 2]).tobytes()
    for at in range(0, len(heard) - WINDOW_BYTES + 1, WINDOW_BYTES):
        line.hear(heard[at : at + WINDOW_BYTES])
    loud = np.flatnonzero(np.abs(np.frombuffer(clip.pcm, np.int16)) > LOUD)
    end_ms = BEFORE_MS + (int(loud[-1]) if len(loud) else 0) * 1000 / RATE_HZ
    is_cut = any(at < BEFORE_MS + clip.resumes_ms for at in line.ends_ms)
    return Outcome(clip, is_cut, (line.ends_ms[-1] if line.ends_ms else float("inf")) - end_ms)


def reply_ms() -> float:
    """What the processor needs from the final transcript to the first audio of the reply."""

    def once() -> float:
        began = time.process_time()
        script().intent_of("what time do you close", TODAY)
        _voice().speak(REPLY, Span(0, len("Okay, ")))
        return (time.process_time() - began) * 1000

    once()
    return statistics.median(once() for _ in range(5))


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way to find the end of a turn."""

    rule: str
    dead_air_ms: tuple[float, ...]
    """From the end of the voice to the first audio, of what was said without a pause; in order."""
    paused: dict[str, tuple[int, int]]
    """By kind: clips with a pause, and those of them that were cut off."""


def row_of(rule: str, found: Sequence[Outcome], reply_takes_ms: float) -> Row:
    """The row of these outcomes."""
    paused: dict[str, tuple[int, int]] = {}
    for each in found:
        if each.clip.resumes_ms:
            count, cut = paused.get(each.clip.kind, (0, 0))
            paused[each.clip.kind] = (count + 1, cut + each.is_cut)
    waits = sorted(each.dead_air_ms + reply_takes_ms for each in found if not each.clip.resumes_ms)
    return Row(rule=rule, dead_air_ms=tuple(waits), paused=paused)


def table(rows: Iterable[Row]) -> str:
    """For people to read."""
    lines = [f"{'end of turn by':20}{'whole':>7}{'median':>10}{'mean':>10}{'p90':>10}{'cut off':>9}  with a pause"]
    for row in rows:
        waits = row.dead_air_ms
        figures = (statistics.median(waits), statistics.fmean(waits), waits[int(len(waits) * 0.9)])
        count, cut = (sum(each[n] for each in row.paused.values()) for n in (0, 1))
        kinds = ", ".join(f"{kind} {cut} of {count}" for kind, (count, cut) in row.paused.items())
        shown = "".join(f"{figure:>7.0f} ms" for figure in figures)
        lines.append(f"{row.rule:20}{len(waits):>7}{shown}{cut / max(count, 1):>9.1%}  {kinds}")
    return "\n".join(lines)


def rows(material: Sequence[Clip]) -> list[Row]:
    """What each rule makes of these clips."""
    takes_ms = reply_ms()
    return [row_of(rule, [outcome(clip, settings) for clip in material], takes_ms) for rule, settings in RULES.items()]


def tables(people: Sequence[bytes]) -> str:
    """All that there is to measure; `people` are recordings, PCM16LE at 16 kHz."""
    known = [*clips(said(), PAUSES_EACH), *map(clip_of_people, people)]
    held_out = clips(said_held_out(), HELD_OUT_PAUSES_EACH)
    return f"{table(rows(known))}\n\nof held_out_pauses.yaml:\n{table(rows(held_out))}"


def _ms(pcm: bytes) -> float:
    return len(pcm) * 500 / RATE_HZ
