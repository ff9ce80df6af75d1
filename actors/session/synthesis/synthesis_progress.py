"""What the text-to-speech engine was given of each reply, what it owes, and what is done when that does not come."""

from typing import assert_never

from actors.errors import ErrorKind, SynthesizerError
from actors.messages.playback import ProgressChecked
from actors.ports.clock import Clock, Timer
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from actors.rules.unicode_text import is_speakable
from actors.runtime.session_trace import Stage
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.session.checkpoint import Checkpoint
from actors.session.measurements import text_synthesized
from actors.session.synthesis.player import Player
from actors.session.synthesis.reply_synthesis import ReplySynthesis
from actors.session.synthesis.voice_streams import VoiceStreams

STALL_S = 2.5
"""Seconds without a report after which an engine that owes audio has failed."""
CHECK_S = 0.5
"""Seconds between two checks whether the engine is late."""


class SynthesisProgress:
    """Gives text to the engine and its audio to the player, and watches that the engine makes what it owes.

    Args:
        actor: the synthesizer; told `ProgressChecked`, upon which it calls `check`.
        streams: the engine, one stream for each voice.
        player: takes the audio, with where the text is in it.
        checkpoint: knows the text of each reply, and at which the engine has failed before.
        clock: measures the engine's silence.
    """

    def __init__(
        self, actor: SupervisedActor, streams: VoiceStreams, player: Player, checkpoint: Checkpoint, clock: Clock
    ) -> None:
        self._actor = actor
        self._trace = actor.trace
        self._streams = streams
        self._player = player
        self._playout = player.playout
        self._checkpoint = checkpoint
        self._clock = clock
        self.replies: dict[int, ReplySynthesis] = {}
        """The replies that were begun and neither heard to their end nor stopped, by their numbers."""
        self._told_at = self._looked_at = self._silent_s = 0.0
        self._check_timer: Timer | None = None

    def begin(self, reply: int, text_start: int) -> None:
        """Note a reply that is about to be spoken, from character `text_start` of its text on."""
        self.replies[reply] = ReplySynthesis(text_start=text_start, ordered_text=text_start, told_text=text_start)

    def order(self, reply: int, text: str | None) -> None:
        """Give text (None: the end) to the engine, once it is connected.

        Raises:
            SynthesizerError: the engine takes none of this reply any more. A successor has an engine of its own.
        """
        speaking = self.replies[reply]
        if speaking.is_withdrawn:
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "there is more text of a reply that was withdrawn")
        if not speaking.owed:
            self._trace.begin(Stage.SYNTHESIS, reply)
        speaking.owed = True
        if text is None:
            speaking.has_end = True
        else:
            speaking.ordered_text += len(text)
            self._trace.usage.spoken_characters += len(text)
            text_synthesized(len(text))
        if self._check_timer is None:
            self._heard_of_engine()
            self._check_later()
        self._streams.write(reply, text)

    def on_event(self, event: SynthesisEvent) -> None:
        """Have what the engine tells of a reply played; what it tells of one that was given up is ignored.

        Raises:
            SynthesizerError: it failed, for the first time at this reply.
        """
        self._heard_of_engine()
        speaking = self.replies.get(event.reply)
        if speaking is None or not speaking.owed:
            return
        # Of these there are many: looked at first, and without a pattern.
        if type(event) is AudioSynthesized:
            self._audio_came(event.reply, speaking, event.pcm)
            return
        if type(event) is WordSynthesized:
            self._place_word(event, speaking)
            return
        match event:
            case PieceSynthesized():
                self._place_piece(event, speaking)
            case SynthesisFinished(reply):
                self._finished(reply, speaking)
            case SynthesisFailed(reply, kind, detail):
                self._failed(reply, kind, detail)
            case _:
                assert_never(event)

    def _audio_came(self, reply: int, speaking: ReplySynthesis, pcm: bytes) -> None:
        speaking.audio_ms += self._player.duration_ms(pcm)
        if speaking.has_too_much_audio():
            self._failed(reply, ErrorKind.INTERNAL, f"{speaking.audio_ms / 1_000:.0f} s of audio, and no end")
            return
        speaking.has_audio = speaking.has_audio or bool(pcm)
        self._playout.add_audio(reply, pcm)
        self._player.play()

    def _place_word(self, word: WordSynthesized, speaking: ReplySynthesis) -> None:
        if not speaking.count_word():
            return
        begins, ends = speaking.place(word.text_start), speaking.place(word.text_end)
        self._playout.add_word(word.reply, begins, ends, speaking.audio_start_ms + max(0.0, word.audio_ms))

    def _place_piece(self, piece: PieceSynthesized, speaking: ReplySynthesis) -> None:
        if not speaking.count_piece():
            return
        ends = speaking.place(piece.text_end)
        self._playout.add_piece(piece.reply, ends, speaking.audio_start_ms + max(0.0, piece.audio_ms))
        speaking.told_text = max(speaking.told_text, ends)
        self._cut_after_last_sentence(piece.reply, speaking)

    def _finished(self, reply: int, speaking: ReplySynthesis) -> None:
        """The engine says that it is through with a reply: check that it has spoken all of it."""
        if speaking.told_text < speaking.ordered_text:
            self._failed(reply, ErrorKind.UNAVAILABLE, "a reply ended before all its text was spoken")
        elif not speaking.has_audio and self._is_to_be_heard(reply, speaking):
            self._failed(reply, ErrorKind.UNAVAILABLE, "a reply ended without any audio")
        else:
            self._spoken(reply, speaking)

    def check(self) -> None:
        """See whether the engine, if it owes audio, has told anything lately, and look again while it owes any.

        A look that comes late counts as one: a loop that stood still has heard nothing, whatever the engine has made.

        Raises:
            SynthesizerError: it has not, for the first time at this reply.
        """
        self._check_timer = None
        owed = [reply for reply, speaking in self.replies.items() if speaking.owed]
        texts = [reply for reply in owed if self.replies[reply].owes_audio and self._has_text(reply)]
        if not texts or self._player.is_fed:
            self._heard_of_engine()
        else:
            now = self._clock.now()
            self._silent_s += min(CHECK_S, now - max(self._told_at, self._looked_at))
            self._looked_at = now
            if self._silent_s > STALL_S:
                self._stalled(texts[0])
        if owed:
            self._check_later()

    def _heard_of_engine(self) -> None:
        """Begin to count the engine's silence anew."""
        self._told_at, self._silent_s = self._clock.now(), 0.0

    def _check_later(self) -> None:
        self._check_timer = self._clock.call_later(CHECK_S, self._actor.actor_ref, ProgressChecked())

    def _has_text(self, reply: int) -> bool:
        pending = self._checkpoint.pending_replies.get(reply)
        return pending is not None and bool(pending.pieces)

    def _spoken(self, reply: int, speaking: ReplySynthesis) -> None:
        """The engine owes nothing more of a reply."""
        speaking.owed = False
        self._trace.end(Stage.SYNTHESIS, reply)
        self._playout.end(reply)
        self._player.play()

    def _is_to_be_heard(self, reply: int, speaking: ReplySynthesis) -> bool:
        """Whether the text that the engine was given has anything to pronounce."""
        pending = self._checkpoint.pending_replies.get(reply)
        return pending is not None and is_speakable(pending.text[speaking.text_start : speaking.ordered_text])

    def _stalled(self, reply: int) -> None:
        """The engine was silent for too long. A reply that only lacks the report of its end counts as made."""
        speaking = self.replies[reply]
        if speaking.has_end and speaking.told_text >= speaking.ordered_text:
            logger.warning("an engine has spoken all of a reply and has not said so")
            self._streams.cancel(reply)
            self._spoken(reply, speaking)
        else:
            self._failed(reply, ErrorKind.TIMEOUT, f"no audio for {STALL_S:.0f} s")

    def _failed(self, reply: int, kind: ErrorKind, detail: str) -> None:
        """Fail the actor, whose successor takes the reply up; at the second failure in a reply, give that one up."""
        self._trace.end(Stage.SYNTHESIS, reply, error=kind)
        if self._checkpoint.synthesis_failed(reply):
            raise SynthesizerError(kind, detail)
        self.give_up(reply, kind)

    def give_up(self, reply: int, kind: ErrorKind) -> None:
        """Have no more of a reply made. What can be heard of it already is heard out before that is reported."""
        speaking = self.replies[reply]
        speaking.failure = kind
        self._trace.end(Stage.SYNTHESIS, reply, error=kind)
        if speaking.owed:
            self._streams.cancel(reply)
        speaking.owed = False
        self._playout.end_early(reply)
        self._player.play()

    def withdraw(self, reply: int, text: str) -> None:
        """Have the engine make no more of a reply, for `text`, which it was given last, is not to be spoken."""
        speaking = self.replies[reply]
        if speaking.owed:
            self._cancel(reply)
        speaking.owed, speaking.is_withdrawn = False, True
        speaking.ordered_text -= len(text)
        speaking.told_text = min(speaking.told_text, speaking.ordered_text)

    def end_at_sentence(self, turn: int) -> None:
        """Let the sentence in hand be the last of what is heard of `turn`."""
        for reply, speaking in self.replies.items():
            pending = self._checkpoint.pending_replies.get(reply)
            if pending is None or pending.turn != turn:
                continue
            speaking.last_text = self._checkpoint.reply_cut_at_sentence(reply, self._playout.text_begun(reply))
            self._cut_after_last_sentence(reply, speaking)
        self._player.play()

    def end_at(self, reply: int, text_end: int) -> None:
        """Have nothing played of a reply behind the character `text_end` of its text: what follows was taken back."""
        speaking = self.replies[reply]
        speaking.last_text = text_end
        self._cut_after_last_sentence(reply, speaking)
        self._player.play()

    def _cut_after_last_sentence(self, reply: int, speaking: ReplySynthesis) -> None:
        """Forget the audio behind the last sentence, as soon as it is known where that ends."""
        if speaking.last_text is None or not self._playout.cut_after(reply, speaking.last_text):
            return
        if speaking.owed:
            self._cancel(reply)
        speaking.owed = False

    def forget(self, reply: int) -> ReplySynthesis | None:
        """Have no more of a reply made, and return what was known of it; None for one that was not begun."""
        speaking = self.replies.pop(reply, None)
        if speaking is not None and speaking.owed:
            self._cancel(reply)
        return speaking

    def _cancel(self, reply: int) -> None:
        self._streams.cancel(reply)
        self._trace.end(Stage.SYNTHESIS, reply, {"earshot.cancelled": True})

    def stop(self) -> None:
        """Watch the engine no longer."""
        if self._check_timer is not None:
            self._check_timer.cancel()
