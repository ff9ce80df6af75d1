"""What callers say with pauses in it, as sound: the material on which the end of a turn is measured.

`pauses_tuning.yaml` and `pauses_held_out.yaml` hold sentences with their pauses where callers make them, and what the
agent has asked. Each is spoken whole, and once for each of its pauses, by a voice that is drawn for it: slow to quick,
low to high. People pause in three ways, which are drawn too. Most who go on let it be heard: they keep their pitch up
before the pause, or break off in the middle of a phrase. Some drop it as at the end of a sentence, and go on
nevertheless; in measurements of conversations that is one pause in five or so (Gravano and Hirschberg 2011).
"""

import random
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise

import msgspec
import numpy as np
import yaml

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.expected_answer import expected_answer
from app.providers.hibari.text import Span
from app.providers.hibari.voice import RATE_HZ as VOICE_HZ
from app.providers.hibari.voice import SpeechModel
from tests.eval.corpus import FOLDER
from tests.kit.speech import RATE_HZ, resampled, silence

PAUSES_MS = (300, 500, 700, 900, 1_100, 1_300, 1_500)
MARK = "..."
SPEEDS = (0.85, 1.0, 1.2)
PITCHES = (0.8, 1.0, 1.2)
SEED = 13
LOUD = 250
"""Samples from this on are voice in what is synthetic."""
FRAME_MS = 20
QUIET_MS, WORD_LATE_MS = 100, 200
"""Silence of so many ms within so many ms before the mark of a word is the pause before it, and what follows the
silence is the beginning of the word: marks come late."""
PAUSE_OF_PEOPLE_MS = 280
"""Silence within a recording that counts as a pause."""
OVER_THE_NOISE, UNDER_THE_VOICE = 4.0, 0.03
"""How loud a frame of a recording is that is voice: so many times the quietest tenth, and the loudest frame."""


class Way(StrEnum):
    """How somebody speaks before they pause."""

    BROKEN_OFF = "broken off"
    HELD = "held"
    FALLING = "falling"


_ASKS = re.compile(
    r"(?:(?:hi|hello|so|well|um|uh|yes|and|but|sorry|actually)[ ,]+)*"
    r"(?:what|when|where|which|who|why|how|is|are|was|do|does|did|can|could|will|would|shall|should|may|have you)\b"
)
"""Beginnings of what is spoken as a question."""
WAYS = (Way.BROKEN_OFF, Way.BROKEN_OFF, Way.HELD, Way.HELD, Way.FALLING)


class Said(msgspec.Struct, frozen=True):
    """A sentence with its pauses marked, and what the agent has asked."""

    text: str
    question: str = ""
    kind: str = ""

    @property
    def expected(self) -> ExpectedAnswer:
        """What kind of answer the question gets, by the product's own rule."""
        return expected_answer(self.question) if self.question else ExpectedAnswer.ANYTHING


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a caller says, with pauses in it or without."""

    kind: str
    """What it is counted with: `sentence`, `answer`, `number`, `name` or `people`."""
    pcm: bytes
    """PCM16LE at 16 kHz."""
    pauses: tuple[tuple[float, float], ...] = ()
    """From where to where nothing is said in it, in ms."""
    question: str = ""
    expected: ExpectedAnswer = ExpectedAnswer.ANYTHING
    way: str = ""
    text: str = ""


class Voice(msgspec.Struct, frozen=True):
    """One speaker."""

    speed: float = 1.0
    pitch: float = 1.0


USUAL = Voice()


@cache
def _model() -> SpeechModel:
    return SpeechModel()


@lru_cache(maxsize=64)
def spoken(text: str, voice: Voice = USUAL) -> tuple[bytes, list[int]]:
    """`text` as sound, and where each word but the first begins in it, in bytes."""
    clause = _model().speak(text, Span(0, len(text)), voice.speed / voice.pitch)
    pcm = np.clip(np.rint(clause.samples * 32_767), -32_768, 32_767).astype(np.int16).tobytes()
    places = [int(ms / voice.pitch * RATE_HZ / 1000) * 2 for _, ms in clause.words[1:]]
    return resampled(pcm, round(VOICE_HZ * voice.pitch), RATE_HZ), places


def read_said(name: str) -> list[Said]:
    """The sentences of `NAME.yaml`."""
    groups = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return [Said(text, group.get("asked", "")) for group in groups for text in group["say"]]


def clips(texts: Iterable[Said]) -> list[Clip]:
    """Each sentence whole, and once for each of its pauses."""
    made: list[Clip] = []
    for said in texts:
        chance = random.Random(f"{SEED} {said.text}")
        voice = Voice(chance.choice(SPEEDS), chance.choice(PITCHES))
        parts = [part.strip() for part in said.text.split(MARK)]
        made.append(_clip(said, spoken(ended(" ".join(parts)), voice)[0]))
        for place in range(1, len(parts)):
            before, after = " ".join(parts[:place]), " ".join(parts[place:])
            way, pause_ms = chance.choice(WAYS), chance.choice(PAUSES_MS)
            first, second = _halves(before, after, voice, way)
            pauses = ((_ms(first), _ms(first) + pause_ms),)
            made.append(_clip(said, first + silence(pause_ms) + second, pauses, way))
    return made


def clips_with_pauses_anywhere(texts: Iterable[Said], pauses_each: int) -> list[Clip]:
    """Each text whole, and broken off between any two of its words, or groups of a number."""
    chance = random.Random(SEED)
    made: list[Clip] = []
    for said in texts:
        pcm, places = spoken(ended(said.text))
        made.append(_clip(said, pcm))
        if said.kind == "number":
            words = said.text.split()
            places = [at for word, at in zip(words, places, strict=False) if word.endswith(",")]
        for at in chance.sample(places, min(pauses_each, len(places))):
            pause_ms = chance.choice(PAUSES_MS)
            pauses = ((_ms(pcm[:at]), _ms(pcm[:at]) + pause_ms),)
            made.append(_clip(said, pcm[:at] + silence(pause_ms) + pcm[at:], pauses, Way.BROKEN_OFF))
    return made


def ended(text: str) -> str:
    """`text` with the mark that has it spoken to its end: without, the voice stays up."""
    return text if text[-1:] in ".?!" else text + ("?" if _ASKS.match(text) else ".")


def clip_of_people(pcm: bytes, name: str = "") -> Clip:
    """A recording as it is, with the silences in it: of a noisy one, what is near its noise."""
    frame = RATE_HZ * FRAME_MS // 1000
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    level = np.sqrt((frames**2).mean(axis=1))
    is_loud = level > max(OVER_THE_NOISE * np.quantile(level, 0.1), UNDER_THE_VOICE * level.max())
    voiced = np.flatnonzero(is_loud) * FRAME_MS
    pauses = [
        (float(former + FRAME_MS), float(later))
        for former, later in pairwise(voiced.tolist())
        if later - former - FRAME_MS >= PAUSE_OF_PEOPLE_MS
    ]
    end = (int(voiced[-1]) + FRAME_MS) * RATE_HZ // 1000 * 2 if len(voiced) else len(pcm)
    return Clip(kind="people", pcm=pcm[:end], pauses=tuple(pauses), text=name)


def _halves(before: str, after: str, voice: Voice, way: Way) -> Sequence[bytes]:
    """What is said before a pause and behind it, as sound, without silence between them."""
    if way is Way.FALLING:
        return _trimmed(spoken(f"{before}.", voice)[0], spoken(ended(after), voice)[0])
    between = ", " if way is Way.HELD and not before.endswith(",") else " "
    pcm, places = spoken(ended(before + between + after), voice)
    at = _begin_of_word(pcm, places[len(before.split()) - 1])
    return _trimmed(pcm[:at], pcm[at:])


def _begin_of_word(pcm: bytes, mark: int) -> int:
    """Where the word begins that is marked at `mark`, both in bytes.

    Where the voice pauses by itself before the word, the sound behind that pause is the word's: left before the pause
    of the clip it would be a noise in it, and both pauses together would be longer than is drawn.
    """
    begin = max(0, mark - WORD_LATE_MS * RATE_HZ // 1000 * 2)
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm[begin:mark], np.int16)) > LOUD)
    quiet = np.flatnonzero(np.diff(loud, prepend=0) >= QUIET_MS * RATE_HZ // 1000)
    return begin + int(loud[quiet[-1]]) * 2 if len(quiet) else mark


def _trimmed(first: bytes, second: bytes) -> Sequence[bytes]:
    loud = [np.flatnonzero(np.abs(np.frombuffer(pcm, np.int16)) > LOUD) for pcm in (first, second)]
    return first[: int(loud[0][-1]) * 2 + 2], second[int(loud[1][0]) * 2 :]


def _clip(said: Said, pcm: bytes, pauses: tuple[tuple[float, float], ...] = (), way: str = "") -> Clip:
    kind = said.kind or _kind(said)
    return Clip(
        kind=kind, pcm=pcm, pauses=pauses, question=said.question, expected=said.expected, way=way, text=said.text
    )


def _kind(said: Said) -> str:
    match said.expected:
        case ExpectedAnswer.NAME | ExpectedAnswer.SPELLING:
            return "name"
        case ExpectedAnswer.NUMBER:
            return "number"
        case ExpectedAnswer.YES_NO | ExpectedAnswer.SHORT:
            return "answer"
        case _:
            return "sentence"


def _ms(pcm: bytes) -> float:
    return len(pcm) * 500 / RATE_HZ
