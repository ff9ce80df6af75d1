"""What of a reply the text-to-speech engine was given, and what it owes."""

import msgspec

from actors.errors import ErrorKind
from actors.rules.reply_bounds import most_audio_ms


class ReplySynthesis(msgspec.Struct, kw_only=True):
    """How far the synthesizer has come with one reply. Positions are in characters of the reply's text."""

    text_start: int
    """Position in the text, in characters, from which on the engine speaks: what is before it was heard, or has other
    audio."""
    audio_start_ms: float = 0.0
    """Position in the reply's audio, in ms, at which the engine's audio begins, behind that of kept phrases and of a
    speech-to-speech model."""
    owed: bool = False
    """Whether the engine has text of the reply and has not reported that it is done."""
    ordered_text: int = 0
    """The end of the text that the engine was given, in characters of the reply."""
    told_text: int = 0
    """The end of the text that the engine has spoken, by its own report."""
    has_audio: bool = False
    """Whether the engine has made any audio of the reply."""
    has_end: bool = False
    """Whether the engine was told that the text is complete."""
    audio_ms: float = 0.0
    """Milliseconds of audio that the engine has made of the reply."""
    words: int = 0
    """The number of words whose place in the audio the engine has told."""
    pieces: int = 0
    """The number of pieces of text that the engine has reported as spoken."""
    last_text: int | None = None
    """The end of the last sentence that is to be heard; None if all of the text is."""
    is_withdrawn: bool = False
    """Whether the engine was told to stop, since its last text is not to be spoken; it takes no further text."""
    failure: ErrorKind | None = None
    """Why no more of the reply can be spoken; reported once what was made of it has been heard."""

    def pass_over(self, characters: int, audio_ms: float) -> None:
        """Note text that the engine is not given, because its audio is there already."""
        self.text_start += characters
        self.ordered_text += characters
        self.told_text += characters
        self.audio_start_ms += audio_ms

    def place(self, offset: int) -> int:
        """Where in the reply's text a place lies that the engine tells: in what it was given, whatever it says."""
        at = self.text_start + offset if offset > 0 else self.text_start
        return at if at < self.ordered_text else self.ordered_text

    def has_too_much_audio(self) -> bool:
        """Whether the engine has made more audio than its text can take: it does not end."""
        chars = self.ordered_text - self.text_start
        return self.audio_ms > most_audio_ms(chars)

    def count_word(self) -> bool:
        """Count another word that the engine places; False if there are more than its text can have."""
        self.words += 1
        return self.words <= self._most_places()

    def count_piece(self) -> bool:
        """Count another piece that the engine has spoken; False if there are more than its text can have."""
        self.pieces += 1
        return self.pieces <= self._most_places()

    def _most_places(self) -> int:
        return 2 * (self.ordered_text - self.text_start) + 100

    @property
    def owes_audio(self) -> bool:
        """Whether the engine has to tell anything: all the text that it was given may have been spoken already."""
        return self.owed and (self.has_end or self.told_text < self.ordered_text)
