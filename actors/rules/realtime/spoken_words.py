"""The text of a reply that its model speaks by itself, and where the words lie in its audio. Pure.

Text comes ahead of its audio. Some models tell where each word begins; of others it is estimated by the length of the
text. All positions are in ms of the reply's audio and in characters of its text.
"""

import msgspec

from actors.rules.history import whole_words
from actors.rules.text.sentences import following

MS_PER_CHAR = 65.0
"""About how many ms a character of speech lasts; places in the text are estimated by it until all audio is there."""
MAX_SKIPPED_CHARS = 40
"""Characters of text behind the last word in which the next one is looked for; they hold punctuation and what is not
pronounced."""


class PlacedWord(msgspec.Struct, frozen=True):
    """A word, from `text_start` to `text_end` of the text and from `audio_ms` to `ends_ms` of the audio."""

    text_start: int
    text_end: int
    audio_ms: float
    ends_ms: float


class SpokenWords:
    """One part of a reply: what the model says in one go.

    Args:
        before: the text of the reply that it follows.
        from_ms: where the part begins in the reply's audio.
    """

    def __init__(self, before: str = "", from_ms: float = 0.0) -> None:
        self.text = before
        self._from_text = len(before)
        self._from_ms = from_ms
        self._found = len(before)
        self._placed: list[PlacedWord] = []
        self._told = 0
        self._sounds_to = len(before)

    @property
    def is_empty(self) -> bool:
        """Whether no word of this part has come."""
        return len(self.text) == self._from_text

    def add(self, text: str) -> None:
        """Add the next text, which runs ahead of its audio."""
        self.text += following(self.text, text) if self.is_empty else text

    def place(self, word: str, audio_ms: float, duration_ms: float) -> None:
        """Note where in the audio `word` begins and how long it lasts, in ms; ignored if it is not in the text that is
        due."""
        start = self.text.find(word, self._found, self._found + MAX_SKIPPED_CHARS + len(word)) if word else -1
        if start >= 0:
            self._found = start + len(word)
            self._placed.append(PlacedWord(start, self._found, audio_ms, audio_ms + duration_ms))

    def take_placed(self, audio_ms: float | None = None) -> list[PlacedWord]:
        """Return the words, each once, whose audio has come: it ends by `audio_ms`; None: all of it has."""
        if self._told == len(self._placed):
            return []
        come = [word for word in self._placed[self._told :] if audio_ms is None or word.ends_ms <= audio_ms]
        self._told += len(come)
        self._sounds_to = max((self._sounds_to, *(word.text_end for word in come)))
        return come

    def sounds_to(self, audio_ms: float) -> int:
        """The end of the text of which audio has come, when `audio_ms` have, and the words with it were told of."""
        return self._sounds_to if self._placed else self._about_to(audio_ms)

    def _about_to(self, audio_ms: float) -> int:
        return self._from_text + int(max(0.0, audio_ms - self._from_ms) / MS_PER_CHAR)

    def said_by(self, audio_ms: float) -> str:
        """The text of the reply whose audio ends by `audio_ms`, in whole words."""
        if self._placed:
            end = max((word.text_end for word in self._placed if word.ends_ms <= audio_ms), default=self._from_text)
        else:
            end = self._about_to(audio_ms)
        return whole_words(self.text, min(end, len(self.text))) if end > self._from_text else self.text[:end]
