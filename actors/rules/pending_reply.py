"""A reply between the model that writes it and the caller who hears it. It outlives the actors that work on it."""

from collections.abc import Iterator

import msgspec

from actors.conversation import UtteranceKind
from actors.messages.playback import PlaybackFinished, PlaybackPosition
from actors.rules.text.sentences import SentenceSplitter

SENTENCE_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", "\u0964")
"""The characters that end a sentence; a reply that is cut is cut behind one of them."""


class PendingReply(msgspec.Struct, kw_only=True):
    """A reply whose playback has not ended yet: its text so far, piece by piece, and how much of it was heard."""

    reply: int
    turn: int
    kind: UtteranceKind
    agent: str = ""
    """The name of the agent that says the reply."""
    language: str = ""
    """The agent's language when the reply was begun; empty for its first language."""
    pieces: list[str] = []
    finished: bool = False
    resume_at: int = 0
    """Position in the text, in characters, before which all was heard; a restarted synthesizer begins here."""
    heard: PlaybackPosition | None = None
    """How much of the reply was heard, as far as the synthesizer has noted it."""
    playback_finished: PlaybackFinished | None = None
    """The report that all of the reply was heard, until the orchestrator has recorded it."""

    @property
    def text(self) -> str:
        """All text of the reply that has been written so far."""
        return "".join(self.pieces)

    def cut_at_sentence(self, begun: int) -> int:
        """Forget all text behind the sentence that is being heard, of which `begun` characters have begun to sound.

        Returns the length of the text that is left.
        """
        end, kept = 0, list[str]()
        for piece in self._sentences():
            kept.append(piece)
            end += len(piece)
            if end >= begun and piece.rstrip().endswith(SENTENCE_ENDS):
                break
        self.pieces, self.finished = kept, True
        return end

    def _sentences(self) -> Iterator[str]:
        """The pieces, and the sentences of those that have several, as a model has written that speaks by itself."""
        for piece in self.pieces:
            splitter = SentenceSplitter()
            yield from (*splitter.push(piece), *splitter.finish())
