"""What of the caller's voice a speech-to-speech model is given, and which item of its conversation that becomes."""

from collections import deque
from typing import TypeVar

from actors.ports.realtime import RealtimeSession
from actors.rules.utterances import bounded_utterance, joined_utterance
from actors.session.realtime.spoken_utterances import (
    MOST_UNTOLD,
    NOT_ANSWERED,
    SpokenUtterance,
    SpokenUtterances,
)
from actors.session.recognition.audio_ring import AudioRing

PRE_ROLL_MS = 300
"""Milliseconds of audio before the onset that belong to the utterance: a detector hears the vowel, not the consonant
before it."""
PIECE_MS = 60
"""The least audio in ms that is given to the model's session at a time: it sends no shorter messages anyway."""
MAX_UNANSWERED_MS = 60_000
"""The most ms of the caller's unanswered speech that are kept for another session of the model."""

T = TypeVar("T")


class CallerSpeech:
    """Gives each utterance to the session, from before its onset, as it is spoken.

    It outlives the orchestrator: a successor, or the agent to which the conversation is handed off, has its session of
    the model hear what was not answered. It may be told the same event twice, since a successor handles again the
    message at which its predecessor has failed.

    Args:
        ring: the caller's recent audio.
    """

    def __init__(self, ring: AudioRing) -> None:
        self._ring = ring
        self._piece_bytes = ring.bytes_of(PIECE_MS)
        self._session: RealtimeSession | None = None
        self.utterances = SpokenUtterances(ring.bytes_of(MAX_UNANSWERED_MS))
        """What has been made turns of the caller."""
        self._next = 0
        self._is_open = False
        self._utterance = bytearray()
        self._overheard, self._overheard_ms = "", 0.0
        """The words of the utterance in hand that the parallel recognizer has reported as final, and where they end, in
        ms."""
        self._discarded: SpokenUtterance | None = None
        self._uncommitted: deque[SpokenUtterance] = deque(maxlen=MOST_UNTOLD)
        """The turns for which the session has not reported yet which item of its conversation they are."""
        self._items: dict[str, SpokenUtterance] = {}
        self._early: dict[str, str] = {}
        """The items that the session has made by itself of the utterance in hand, because it took it for complete, with
        the words of each as far as they are known."""
        self._has_rest = False
        """Whether the utterance went on after the last of these items."""
        self._appended = self._begun = 0
        """Bytes that the session was given, and had been given when the utterance in hand began."""

    def connect(self, session: RealtimeSession | None) -> None:
        """Go on with this session, which is given again what was not answered; None: there is none for now."""
        self._session = session
        self._appended = self._begun = 0
        self._uncommitted.clear()
        self._items.clear()
        self._early.clear()
        if session is None:
            return
        for utterance in self.utterances.to_hear():
            utterance.is_known = bool(utterance.text)
            self._append(utterance.pcm)
            session.commit()
            self._uncommitted.append(utterance)
        self._begun = self._appended
        if self._utterance:
            self._append(bytes(self._utterance))

    def _append(self, pcm: bytes) -> None:
        if self._session is not None:
            self._appended += len(pcm)
            self._session.append(pcm)

    def started(self, onset_ms: float) -> None:
        """Note that voice begins at `onset_ms` of the caller's audio, and begin to give it to the session."""
        self._next = max(self._next, self._ring.bytes_of(max(0.0, onset_ms - PRE_ROLL_MS)))
        self._is_open = True
        self.forward()

    def continued(self, voiced_ms: float, silence_ms: float) -> None:
        """Note that voice has lasted `voiced_ms`, the last of it `silence_ms` ago; this may be the first report."""
        if not self._is_open and silence_ms == 0:
            self.started(self._ring.ms(self._ring.end_bytes) - voiced_ms)
        self._has_rest = self._has_rest or silence_ms == 0
        if self._ring.end_bytes - self._next >= self._piece_bytes:
            self.forward()

    def forward(self) -> None:
        """Give the session the audio of the open utterance that has come in since the last call."""
        if not self._is_open:
            return
        begin, pcm = self._ring.since(self._next)
        if pcm:
            self._next = begin + len(pcm)
            if not self._utterance:
                self._begun = self._appended
            self._utterance += pcm
            self._append(pcm)

    def commit(self, *, is_answered: bool = True) -> None:
        """Make what was spoken a turn of the caller. With `is_answered` False no other session is given its audio."""
        self.forward()
        self._is_open = False
        if not self._utterance:
            return
        spoken = self._pop_utterance()
        if not is_answered:
            spoken.pcm, spoken.turn = b"", NOT_ANSWERED
        self._commit(spoken)

    def _pop_utterance(self) -> SpokenUtterance:
        end_ms, size_ms = self._ring.ms(self._next), self._ring.ms(len(self._utterance))
        spoken = SpokenUtterance(
            pcm=bytes(self._utterance), begun=self._overheard, start_ms=end_ms - size_ms, end_ms=end_ms
        )
        self._utterance.clear()
        self._overheard = ""
        return spoken

    def _commit(self, spoken: SpokenUtterance) -> None:
        self._discarded = None
        self.utterances.add(spoken)
        early, self._early = self._early, {}
        spoken.text = bounded_utterance(" ".join(words for words in early.values() if words))
        for item_id in [item_id for item_id, words in early.items() if not words]:
            _keep(self._items, item_id, spoken)
        if self._session is None:
            return
        if early and not self._has_rest:
            self._session.clear()  # only the silence behind the utterance is left
        else:
            self._uncommitted.append(spoken)
            self._session.commit()

    def discard(self, *, may_be_recalled: bool = False) -> None:
        """Make the session forget what was spoken.

        With `may_be_recalled` its audio is kept for `recall`, until a turn is made or another such utterance replaces
        it.
        """
        self._is_open = False
        if not self._utterance:
            self._overheard = ""
            return
        early, self._early = self._early, {}
        if self._session is not None:
            self._session.clear()
            for item_id in early:
                self._session.delete(item_id)
        spoken = self._pop_utterance()
        if may_be_recalled:
            self._discarded = spoken

    def recall(self) -> None:
        """Make what was discarded last a turn of the caller after all, unless the caller is speaking."""
        spoken = self._discarded
        if spoken is None or self._utterance:
            return
        self._append(spoken.pcm)
        self._commit(spoken)

    def committed(self, item_id: str, end_ms: float = 0.0) -> None:
        """Note that the oldest turn without an item has become this item of the session's conversation.

        Where no turn waits for an item, the session has ended one by itself: either the utterance in hand, which it has
        taken for complete, or noise before it, which was discarded here and whose item is deleted.

        Args:
            item_id: of the session's conversation.
            end_ms: where it ends in all that the session was given, 0 if that is not told.
        """
        if self._uncommitted:
            _keep(self._items, item_id, self._uncommitted.popleft())
        elif self._is_open and not 0 < end_ms <= self._ring.ms(self._begun):
            _keep(self._early, item_id, "")
            self._has_rest = False
        elif self._session is not None:
            self._session.delete(item_id)

    def commit_failed(self) -> None:
        """Note that the session has refused to make an item of the oldest turn without one."""
        if self._uncommitted:
            self._uncommitted.popleft()

    @property
    def heard_bytes(self) -> int:
        """How much audio of the caller has come in, as a position in it."""
        return self._ring.end_bytes

    @property
    def unknown_since(self) -> int:
        """Where in the caller's audio the first unanswered speech begins of which no words are known; else its end."""
        since_ms = self.utterances.unknown_since_ms
        return self._ring.bytes_of(self._ring.ms(self._ring.end_bytes) if since_ms is None else since_ms)

    def take_transcript(self, item_id: str, text: str) -> int:
        """Note the words of an item, and return the turn they belong to; 0 if that is not known, or not yet."""
        if item_id in self._early:
            self._early[item_id] = bounded_utterance(text)
            return 0
        utterance = self._items.pop(item_id, None)
        if utterance is None or utterance.is_known:
            return 0
        utterance.text = joined_utterance(utterance.text, text)
        return utterance.turn

    def keep_overheard(self, end_ms: float, text: str) -> None:
        """Note final words of a recognizer that end inside the open utterance; words that end elsewhere are ignored."""
        begun_ms = self._ring.ms(self._next) - self._ring.ms(len(self._utterance))
        if self._is_open and end_ms > max(begun_ms, self._overheard_ms):
            self._overheard, self._overheard_ms = joined_utterance(self._overheard, text), end_ms


def _keep(items: dict[str, T], item_id: str, value: T) -> None:
    """Keep `value` for an item; where more than MOST_UNTOLD items are kept, the oldest is forgotten."""
    items[item_id] = value
    if len(items) > MOST_UNTOLD:
        del items[next(iter(items))]
