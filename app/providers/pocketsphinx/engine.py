"""Pocketsphinx with one agent's vocabulary: language models made once for each set of phrases, decoders lent.

Its acoustic model, English language model and dictionary are inside the wheel; no network, no other process.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pocketsphinx

from app.providers.pocketsphinx.domain_language_model import words_of, write_language_model
from app.providers.pocketsphinx.feature_enhancement import SpeechModel, speech_model
from app.providers.pocketsphinx.pronunciation import guess, read_dictionary, write_dictionary

VOCABULARIES_MAX = 8
"""Vocabularies kept in memory; the one longest unused goes first."""

SETTINGS = {"loglevel": "FATAL", "fwdflat": False}
"""The second pass over an utterance (`fwdflat`) is off: it doubled the work and changed the words for the worse."""

_IMPOSSIBLE = -500_000
_LOG_BASE = math.log(1.0001)
_OFFENSIVE = re.compile(
    "(mother)?fuck|shit|bullshit|bitch|asshole|cunt|whore|slut|nigg|fag|piss|cock|dick$|pussy|bastard"
)
"""Words that are never put into a caller's mouth unless the agent expects them: `booking` would be misheard as one."""
_NOT_A_LETTER = re.compile(r"[^a-z' ]+")


class BundledEnglish:
    """General English from pocketsphinx's own language model, of words in its own dictionary."""

    def __init__(self) -> None:
        self.pronunciations = read_dictionary(Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")))
        # A language model needs the logarithm of a decoder; one without models is cheap.
        self._decoder = pocketsphinx.Decoder(lm=None, dict=None, loglevel="FATAL")
        path = pocketsphinx.get_model_path("en-us/en-us.lm.bin")
        self._model = pocketsphinx.NGramModel(self._decoder.config, self._decoder.logmath, path)
        singles = {word: self._model.prob([word]) for word in self.pronunciations}
        usable = (word for word in singles if singles[word] > _IMPOSSIBLE and not _OFFENSIVE.match(word))
        self._frequent = sorted(usable, key=singles.__getitem__)
        self._frequent.reverse()

    def frequent(self, count: int) -> Sequence[str]:
        """The most frequent words of the bundled model; see `English`."""
        return self._frequent[:count]

    def probability(self, word: str, before: str | None = None) -> float:
        """How likely words follow each other in the bundled model; see `English`."""
        log = self._model.prob([word] if before is None else [word, before])
        return 0.0 if log < _IMPOSSIBLE else math.exp(log * _LOG_BASE)


class Vocabulary:
    """What one agent's callers may say, ready to be recognised."""

    def __init__(self, speech: SpeechModel, arpa: Path, dictionary: Path) -> None:
        self.speech = speech
        self._files = (arpa, dictionary)
        self._free = [self._make()]
        self.lent = 0

    def borrow(self) -> pocketsphinx.Decoder:
        """A decoder with no utterance open; made when none is free, in about 0.1 s."""
        self.lent += 1
        return self._free.pop() if self._free else self._make()

    def give_back(self, decoder: pocketsphinx.Decoder) -> None:
        """Take a decoder back that an utterance had borrowed."""
        self.lent -= 1
        self._free.append(decoder)

    def _make(self) -> pocketsphinx.Decoder:
        return pocketsphinx.Decoder(lm=str(self._files[0]), dict=str(self._files[1]), **SETTINGS)


class Engine:
    """All vocabularies of one worker."""

    def __init__(self, directory: Path) -> None:
        """`directory`: an empty one for language models and dictionaries, which the caller removes."""
        self._directory = directory
        self._english = BundledEnglish()
        self._speech = speech_model(Path(pocketsphinx.get_model_path("en-us/en-us")))
        self._vocabularies: dict[str, Vocabulary] = {}

    def vocabulary(self, phrases: Iterable[str]) -> Vocabulary:
        """The vocabulary of these phrases; the first time it takes about a second."""
        sentences = sorted({speakable(phrase) for phrase in phrases} - {""})
        name = hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:24]
        vocabulary = self._vocabularies.pop(name, None) or self._make(name, sentences)
        self._vocabularies[name] = vocabulary
        for old in [key for key, kept in self._vocabularies.items() if kept.lent == 0][:-VOCABULARIES_MAX]:
            del self._vocabularies[old]
        return vocabulary

    def _make(self, name: str, sentences: Sequence[str]) -> Vocabulary:
        arpa, dictionary = self._directory / f"{name}.arpa", self._directory / f"{name}.dict"
        known = self._english.pronunciations
        unspeakable = {word for word in words_of(sentences) if word not in known and not guess(word)}
        usable = [sentence for sentence in sentences if unspeakable.isdisjoint(sentence.split())]
        with arpa.open("w", encoding="utf-8") as file:
            words = write_language_model(usable, self._english, file)
        write_dictionary(words, known, dictionary)
        return Vocabulary(self._speech, arpa, dictionary)


def speakable(phrase: str) -> str:
    """A phrase as words of the dictionary: lower case, without punctuation, hyphens as spaces."""
    return " ".join(_NOT_A_LETTER.sub(" ", phrase.lower()).split())
