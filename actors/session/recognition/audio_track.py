"""How far the audio of one speaker has been dealt with: what a new recognizer need not hear again."""

import msgspec


class AudioTrack(msgspec.Struct, kw_only=True):
    """The audio of one speaker, or of all whose voices come in one stream, as far as it has been dealt with."""

    is_open: bool = False
    """Whether audio has come in, so that a recognizer has to listen to it."""
    final_owed: bool = False
    """Whether the speaker spoke and the final transcript of it has not come."""
    settled_bytes: int = 0
    """Position in bytes of the audio before which nothing needs to be recognised again."""
    audio_bytes: int = 0
    """Bytes of audio that had come in when this was encoded for another process; not kept up to date otherwise."""

    def mark_final_owed(self, *, is_owed: bool) -> None:
        """Set whether the recognizer owes the final transcript of what was said."""
        self.final_owed = is_owed

    def settle_audio(self, end_bytes: int) -> None:
        """Note that audio up to this position need not be recognised again; it moves no position backwards."""
        if end_bytes > self.settled_bytes:
            self.settled_bytes = end_bytes

    def unsettle_audio(self, begin_bytes: int) -> None:
        """Note that audio from this position on has to be recognised again, because what had recognised it is lost."""
        self.settled_bytes = min(self.settled_bytes, begin_bytes)
