"""What of a reply the text-to-speech engine was given, and what it owes."""

import msgspec

from actors.errors import ErrorKind


class ReplySynthesis(msgspec.Struct, kw_only=True):
    """How far the synthesizer has come with one reply. Positions are in characters of the reply's text."""

    text_start: int
    """Where the text begins that the engine is given: what is before it was heard, or has audio of its own."""
    audio_start_ms: float = 0.0
    """Where the audio of the engine begins, behind that of kept phrases and of a model that speaks by itself."""
    owed: bool = False
    """The engine has text of it and has not said that it is through."""
    ordered_text: int = 0
    """The end of the text that the engine was given."""
    told_text: int = 0
    """The end of the text that the engine has spoken, as it says."""
    has_audio: bool = False
    """The engine has made any audio of it."""
    has_end: bool = False
    """The engine was told that this is all the text."""
    last_text: int | None = None
    """The end of the last sentence that is to be heard; None: all of it."""
    failure: ErrorKind | None = None
    """Why no more of it can be spoken; that is reported when what was made of it has been heard."""

    def pass_over(self, characters: int, audio_ms: float) -> None:
        """Note text that the engine is not given, because its audio is there already."""
        self.text_start += characters
        self.ordered_text += characters
        self.told_text += characters
        self.audio_start_ms += audio_ms

    def place(self, offset: int) -> int:
        """Where in the reply's text a place lies that the engine tells: in what it was given, whatever it says."""
        return min(max(self.text_start, self.text_start + offset), self.ordered_text)

    @property
    def owes_audio(self) -> bool:
        """Whether the engine has to tell anything: all the text that it was given may have been spoken already."""
        return self.owed and (self.has_end or self.told_text < self.ordered_text)
