"""Writing of replies that their model speaks by itself: text and audio come side by side, the text ahead."""

from typing import Any

from actors.conversation import ExpectedAnswer, UtteranceKind
from actors.messages.playback import HoldAudio, PlayAudio, TextPlaced, WordPlaced
from actors.rules.realtime.spoken_words import MS_PER_CHAR
from actors.runtime.address import Address
from actors.session.checkpoint import Checkpoint
from actors.session.replies.reply_writer import ReplyWriter


class SpokenReplyWriter(ReplyWriter):
    """Hands audio and text of the model's replies to the synthesizer, and the agent's own phrases as text to speak.

    Args:
        checkpoint: holds the pending replies.
        synthesizer: who plays them.
        rate_hz: of the audio.
        is_held: nothing of a reply is heard before it is judged.
    """

    is_ahead = True

    def __init__(
        self, checkpoint: Checkpoint, synthesizer: Address[Any], rate_hz: int, *, is_held: bool = False
    ) -> None:
        super().__init__(checkpoint, synthesizer)
        self._rate_hz = rate_hz
        self._is_held = is_held
        self._reply = 0
        self._audio_ms = 0.0
        self._placed_text = 0
        self._placed_ms = 0.0

    def begin(self, reply: int, turn: int, kind: UtteranceKind) -> None:
        """Begin the reply number `reply`, which is heard in `turn`."""
        super().begin(reply, turn, kind)
        if kind is UtteranceKind.REPLY:
            self._reply, self._audio_ms, self._placed_text, self._placed_ms = reply, 0.0, 0, 0.0
            if self._is_held:
                self._synthesizer.tell(HoldAudio(reply, 0))

    def judged(self, reply: int, text_end: int) -> None:
        """Have a reply heard up to this place of its text, and behind it as far as no words are known there."""
        if reply == self._reply and self._is_held:
            self._synthesizer.tell(HoldAudio(reply, text_end))

    def play(self, reply: int, turn: int, pcm: bytes) -> float:
        """Add audio to a reply, PCM16LE mono, which begins with it if it has not begun; how many ms that is."""
        if not self.is_begun(reply):
            self.begin(reply, turn, UtteranceKind.REPLY)
        audio_ms = len(pcm) * 500 / self._rate_hz
        self._audio_ms += audio_ms
        self._synthesizer.tell(PlayAudio(reply, pcm))
        return audio_ms

    def place(self, reply: int, text_start: int, text_end: int, audio_ms: float) -> None:
        """Note where a word of the reply begins in its audio, as its model has told."""
        self._synthesizer.tell(WordPlaced(reply=reply, text_start=text_start, text_end=text_end, audio_ms=audio_ms))

    def write(self, reply: int, text: str) -> None:
        """Add a piece of text to a reply that was begun; the model's own is spoken already, or is being."""
        if reply != self._reply:
            super().write(reply, text)
            return
        self._checkpoint.reply_written(reply, text)
        text_end = len(self.text(reply))
        about_ms = max(self._audio_ms, self._placed_ms + (text_end - self._placed_text) * MS_PER_CHAR)
        self._synthesizer.tell(TextPlaced(reply=reply, text_end=text_end, audio_ms=about_ms, is_estimate=True))

    def retract(self, reply: int, text: str) -> None:
        """Make `text` all that was written of a reply: it ends with the audio that has come."""
        super().retract(reply, text)
        if reply == self._reply and self.is_begun(reply):
            self._place_at(len(text))

    def follow(self, text: str) -> None:
        """Note the text of the reply in hand that the model's next words follow; all its audio has come."""
        super().follow(text)
        if text:
            self._place()

    def all_sounds(self, reply: int) -> None:
        """Note that all audio has come of what is written of a reply, of which there may be more."""
        if reply == self._reply and self.is_begun(reply):
            self._place()

    def goes_on(self, reply: int) -> None:
        """Note that another response goes on with a reply: its words lie behind all audio that has come by now, also
        where the model has told no words of that.
        """
        if reply == self._reply and self.is_begun(reply) and self._audio_ms > self._placed_ms:
            self._place_at(len(self.text(reply)))

    def finish(self, reply: int, expected: ExpectedAnswer | None = None) -> None:
        """Note that all text and audio of a reply has come; harmless for one that is over or was never begun."""
        self.all_sounds(reply)
        if self._is_held and reply == self._reply and self.is_begun(reply):
            self._synthesizer.tell(HoldAudio(reply, None))
        super().finish(reply, expected)

    def _place(self) -> None:
        text_end = len(self.text(self._reply))
        if text_end > self._placed_text and self._audio_ms > self._placed_ms:
            self._place_at(text_end)

    def _place_at(self, text_end: int) -> None:
        self._placed_text, self._placed_ms = text_end, self._audio_ms
        self._synthesizer.tell(
            TextPlaced(reply=self._reply, text_end=text_end, audio_ms=self._audio_ms, is_estimate=False)
        )
