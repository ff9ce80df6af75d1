"""Text whose audio is made while it is not certain yet that it may be spoken."""

from actors.messages.playback import PrepareText
from actors.rules.playback.playout import Playout
from actors.session.synthesis.synthesis_progress import SynthesisProgress


class PreparedText:
    """Has the audio of the text made that comes next in a reply, one text at a time.

    Where that audio begins is known only when the engine owes no audio of the text before it. Until then the text waits
    here; if it may be spoken by then, it is written like any other text.

    Args:
        progress: gives text to the engine, and knows what that owes.
        playout: holds the audio.
    """

    __slots__ = ("_is_ordered", "_is_unbegun", "_playout", "_prepared", "_progress")

    def __init__(self, progress: SynthesisProgress, playout: Playout) -> None:
        self._progress = progress
        self._playout = playout
        self._prepared: PrepareText | None = None
        self._is_ordered = False
        """The engine was given the text."""
        self._is_unbegun = False
        """Nothing else of its reply was to be spoken yet."""

    def prepare(self, order: PrepareText, *, is_first: bool) -> None:
        """Have the text made as soon as that can be done; `is_first`: it is all that there is of its reply."""
        self._prepared, self._is_ordered, self._is_unbegun = order, False, is_first
        self.look()

    def is_of(self, reply: int) -> bool:
        """Whether a text of this reply is prepared, and not spoken yet."""
        return self._prepared is not None and self._prepared.reply == reply

    def begin(self, reply: int) -> bool:
        """Note that a reply begins; returns whether it is queued already because its first text is prepared."""
        is_known = self._is_unbegun and self.is_of(reply)
        self._is_unbegun = self._is_unbegun and not is_known
        return is_known

    def look(self) -> None:
        """Give the text to the engine if that owes nothing more; forget it if its reply cannot be spoken any more."""
        if (prepared := self._prepared) is None:
            return
        speaking, track = self._progress.replies.get(prepared.reply), self._playout.track(prepared.reply)
        if speaking is None or track is None:
            self._prepared = None
        elif speaking.failure is not None:
            self._prepared = None
            track.drop_held(speaking.ordered_text - len(prepared.text) if self._is_ordered else speaking.ordered_text)
        elif not self._is_ordered and not speaking.owes_audio:
            track.hold()
            self._is_ordered = True
            self._progress.order(prepared.reply, prepared.text)

    def speak(self, reply: int, text: str) -> bool:
        """Have the audio played if it is that of `text`, the next of `reply`; False if that is still to be made."""
        prepared = self._prepared
        if prepared is None or not self.is_of(reply):
            return False
        if not self._is_ordered or prepared.text != text:
            self._is_unbegun = False
            self.discard()
            return False
        self._prepared = None
        if (track := self._playout.track(reply)) is not None:
            track.release()
        return True

    def discard(self) -> None:
        """Have nothing of the text spoken; a reply of which there is no other text is forgotten."""
        prepared, self._prepared = self._prepared, None
        speaking = self._progress.replies.get(prepared.reply) if prepared is not None else None
        if prepared is None or speaking is None:
            return
        if self._is_ordered:
            self._progress.withdraw(prepared.reply, prepared.text)
        if (track := self._playout.track(prepared.reply)) is not None:
            track.drop_held(speaking.ordered_text)
        if self._is_unbegun:
            self._progress.forget(prepared.reply)
            self._playout.forget(prepared.reply)
