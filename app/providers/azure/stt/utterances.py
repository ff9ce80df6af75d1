"""From what the service sends to what the port promises: an outcome for each utterance, and no final twice. Pure.

The service cuts speech into segments by its own rules; the session's endpointing says what an utterance is. Segments
are therefore held, and told as partials, until the utterance is finished; then they are one final. Times are seconds,
positions are ms of the caller's audio.
"""

from collections import deque

import msgspec

from actors.conversation import SpokenWord
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized

ANSWER_S = 2.0
"""Seconds after the end of an utterance within which the service has to report anything of it."""
FINAL_S = 2.4
"""Seconds after the last interim transcript of an ended utterance within which its final is due: less than turn-taking
waits."""
GRACE_S = 0.5
"""Seconds within which another final has to follow one that ends long before the utterance does."""
HELD_S = 2.0
"""Seconds for which a final is held until the utterance ends; after that, voice activity detection must have missed the
end."""
UNENDED_S = 3.0
"""Seconds for which an unfinished utterance may wait for its next word; then silence is sent, which ends it for the
service."""
ABANDONED_S = 6.0
"""Seconds after which an unfinished utterance is given up."""
RECENT_MS = 1_500
"""A final is the last of its utterance if it ends at most this many ms before the utterance does."""
OVERLAP_MS = 100
"""A result that begins more than this many ms before the end of what was reported already is a repetition."""

Outcome = InterimTranscript | FinalTranscript | NoSpeechRecognized


class Stalled(msgspec.Struct, frozen=True):
    """The service owes something and does not send it."""

    detail: str


class Segment(msgspec.Struct, frozen=True):
    """What the service recognised in one stretch of audio; an utterance has one or several."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    language: str = ""
    words: tuple[SpokenWord, ...] = ()


class _Finish(msgspec.Struct):
    """The end of an utterance, whose outcome is owed."""

    at_ms: float
    asked_at: float
    suspicious: bool
    """Whether there was enough sound that an answer must come."""


class Utterances:
    """The utterances of one stream."""

    def __init__(self) -> None:
        self._held: list[Segment] = []
        self._partial: Segment | None = None
        self._owed: deque[_Finish] = deque()
        self._told_end_ms = 0
        self._last_event_at = 0.0
        self._unclaimed = False
        self._doubted = False
        """Whether partly recognised speech was reported as no speech afterwards, which the service does to real speech
        as well."""
        self._nothing_end_ms = -RECENT_MS
        self._shown_end = False

    @property
    def idle(self) -> bool:
        """Whether the service owes no transcript, and none waits to be told."""
        return not self._held and self._partial is None and not self._owed

    def partial(self, segment: Segment, now: float) -> list[Outcome]:
        """Take up an interim transcript of the service: what it takes a segment of speech for, so far."""
        if not segment.text or self._known(segment):
            return []
        self._last_event_at = now
        if segment == self._partial:
            return []
        self._partial = segment
        self._doubted = self._shown_end = False
        return [self._so_far()]

    def final(self, segment: Segment, now: float) -> list[Outcome]:
        """The service is sure of a segment; one without text is how it says that it was no speech."""
        if self._known(segment):
            return []
        self._last_event_at = now
        if not segment.text:
            return self._no_speech(segment.end_ms, now)
        self._partial = None
        self._doubted = False
        self._held.append(segment)
        if self._shown_end and not self._owed:
            return [self._unasked()]
        return self._concluded(now) if self._owed else [self._so_far()]

    def _no_speech(self, end_ms: int, now: float) -> list[Outcome]:
        if self._partial is not None:
            self._doubted = True
            return []
        if self._held:
            return self._concluded(now)
        if self._owed:
            return [NoSpeechRecognized(round(self._owed.popleft().at_ms))]
        self._nothing_end_ms = end_ms
        return []

    def finish(self, at_ms: float, suspicious: bool, now: float) -> list[Outcome]:
        """Note that the caller's utterance has ended at `at_ms`: the service owes its final transcript."""
        self._owed.append(_Finish(at_ms, now, suspicious))
        known = self._unclaimed or self._nothing_end_ms >= at_ms - RECENT_MS
        self._unclaimed = False
        if known and len(self._owed) == 1 and not self._held and self._partial is None:
            # It was told already, or called no speech.
            self._owed.popleft()
            return [NoSpeechRecognized(round(at_ms))]
        return self._concluded(now)

    @property
    def wants_silence(self) -> bool:
        """Whether the service has to be shown that the utterance is over."""
        return bool(self._owed)

    def note_unended(self, now: float) -> bool:
        """Return True once if silence has to be sent to end an utterance, which the service misses in loud noise."""
        waits = self._partial is not None and not self._owed and now - self._last_event_at >= UNENDED_S
        if not waits or self._shown_end:
            return False
        self._shown_end = True
        return True

    def tick(self, now: float) -> "list[Outcome] | Stalled":
        """Give up what the service owes and has not sent by `now`: the outcomes of that, or that it has stalled."""
        if self._doubted and now - self._last_event_at >= GRACE_S:
            self._partial = None
            self._doubted = False
            if self._owed and not self._held:
                return [NoSpeechRecognized(round(self._owed.popleft().at_ms))]
        if not self._owed:
            if self._partial is not None and now - self._last_event_at >= ABANDONED_S:
                return Stalled("no final for what was partly recognised")
            if self._held and self._partial is None and now - self._last_event_at >= HELD_S:
                return [self._unasked()]
            return []
        owed = self._owed[0]
        waited = now - max(owed.asked_at, self._last_event_at)
        if self._partial is not None:
            return Stalled("no final for what was partly recognised") if waited >= FINAL_S else []
        if self._held:
            return self._concluded(now)
        if waited < ANSWER_S:
            return []
        if owed.suspicious:
            return Stalled("speech without any answer")
        self._owed.popleft()
        return [NoSpeechRecognized(round(owed.at_ms))]

    def _concluded(self, now: float) -> list[Outcome]:
        told: list[Outcome] = []
        while self._owed and self._held and self._partial is None:
            owed = self._owed[0]
            recent = self._held[-1].end_ms >= owed.at_ms - RECENT_MS
            if not recent and now - max(owed.asked_at, self._last_event_at) < GRACE_S:
                break
            self._owed.popleft()
            # Two ends can only be owed at once when no final came between: what is held belongs to the last of them.
            told += [NoSpeechRecognized(round(owed.at_ms))] if self._owed else [self._final(owed.at_ms)]
        return told

    def _so_far(self) -> InterimTranscript:
        segments = [*self._held, *([self._partial] if self._partial is not None else [])]
        start_ms = max(segments[0].start_ms, self._told_end_ms)
        return InterimTranscript(
            _text(segments),
            start_ms,
            max(segments[-1].end_ms, start_ms + 1),
            ended_by_engine=self._partial is None,
        )

    def _unasked(self) -> FinalTranscript:
        """What is held, though nobody has told of an end: if that comes, there is nothing more to it."""
        self._unclaimed, self._shown_end = True, False
        return self._final(self._held[-1].end_ms)

    def _final(self, at_ms: float) -> FinalTranscript:
        segments, self._held = self._held, []
        start_ms = max(segments[0].start_ms, self._told_end_ms)
        end_ms = max(min(segments[-1].end_ms, round(at_ms)), start_ms + 1)
        self._told_end_ms = end_ms
        confidence = min(segment.confidence for segment in segments)
        language = next((segment.language for segment in segments if segment.language), "")
        return FinalTranscript(
            text=_text(segments),
            start_ms=start_ms,
            end_ms=end_ms,
            confidence=confidence,
            language=language,
            words=tuple(word for segment in segments for word in segment.words),
        )

    def _known(self, segment: Segment) -> bool:
        """Whether this was told or is held: after a lost connection the SDK sends audio again, and hears it again."""
        end_ms = self._held[-1].end_ms if self._held else self._told_end_ms
        latest = self._held[-1].start_ms if self._held else -1
        return segment.start_ms <= latest or segment.start_ms < end_ms - OVERLAP_MS


def _text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)
