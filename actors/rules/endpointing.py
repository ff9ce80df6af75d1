"""When speech begins and ends, from the probabilities of voice activity (VAD). Counted in ms of audio.

A window is voiced when its probability passes a threshold, which is lower inside speech than before it, and when it is
louder than the agent's own voice can be that comes back as echo.
"""

from actors.messages.transcript import NoiseStopped, SpeechContinued, SpeechStarted, SpeechStopped
from actors.rules.audio import level_db
from actors.turn_taking_settings import Endpointing

CONTINUE_BELOW = 0.15
"""By how much the threshold is lower inside speech than before it, as a probability; it is at least half as high."""

NOISE_SILENCE_MS = 200
"""Milliseconds of silence that end a sound that was too short for an utterance."""

ECHO_MARGIN_DB = 12.0
"""By how many dB echo is at least quieter than the audio that was sent; a caller is louder than that. Echo is at about
-20 dB, which leaves 8 dB for fluctuation."""

ECHO_SAMPLES = 50
"""About how many samples of each sent frame are looked at for its level, of which the loudest of fifteen frames counts;
and of each window of the caller's that is compared with it."""

ECHO_MS = 300
"""The longest delay in ms after which sent audio comes back as echo."""


EndpointEvent = SpeechStarted | SpeechContinued | SpeechStopped | NoiseStopped


class Endpointer:
    """The endpointing of one stream of audio, which comes in windows of `window_ms`."""

    def __init__(self, settings: Endpointing, window_ms: float) -> None:
        self._settings = settings
        self._window_ms = window_ms
        self._start_threshold = settings.threshold
        self._continue_threshold = max(settings.threshold - CONTINUE_BELOW, settings.threshold / 2)
        self._noise_silence_ms = min(NOISE_SILENCE_MS, settings.end_silence_ms)
        self._end_silence_ms = float(settings.end_silence_ms)
        self.reset()

    def reset(self, audio_ms: float = 0.0) -> None:
        """Forget all audio; the next window begins at `audio_ms`."""
        self.audio_ms = audio_ms
        self._start_ms: float | None = None
        self._end_ms = audio_ms
        self._voiced_ms = 0.0

    def wait_for(self, silence_ms: float) -> None:
        """Have the utterance in hand, and those to come, end with so much silence."""
        self._end_silence_ms = silence_ms

    def in_pause(self) -> bool:
        """Whether speech that is more than a noise has begun, and is silent now."""
        # With each window of speech: what is nearly always false comes first, and without a call.
        return self.audio_ms > self._end_ms and self._start_ms is not None and not self._is_noise()

    @property
    def voice_end_ms(self) -> float:
        """Where the last voiced window ended."""
        return self._end_ms

    @property
    def in_speech(self) -> bool:
        """Whether speech has begun and has not ended yet."""
        return self._start_ms is not None

    def may_be_voiced(self, probability: float) -> bool:
        """Whether a window so likely to be speech is voiced, if it is no echo; else its level makes no difference."""
        return probability >= (self._start_threshold if self._start_ms is None else self._continue_threshold)

    def pass_over(self, probability: float) -> bool:
        """Take a window of silence in which nobody speaks, as most of a call is; False: `process` is to judge it."""
        if self._start_ms is not None or probability >= self._start_threshold:
            return False
        self.audio_ms += self._window_ms
        return True

    def process(self, probability: float, level_db: float, echo_db: float | None) -> list[EndpointEvent]:
        """Judge the next window of audio, and return what it begins, continues or ends.

        Args:
            probability: how likely the window is speech, from 0 to 1.
            level_db: how loud it is, in dB below full scale.
            echo_db: the loudest of the agent's own audio that may echo in it, in dB; None if no echo can come back.
        """
        begin_ms, self.audio_ms = self.audio_ms, self.audio_ms + self._window_ms
        voiced = self._is_voiced(probability, level_db, echo_db)
        if self._start_ms is None and not voiced:
            return []
        events: list[EndpointEvent] = []
        if self._start_ms is None:
            self._start_ms, self._voiced_ms = begin_ms, 0.0
            events.append(SpeechStarted(begin_ms))
        if voiced:
            self._voiced_ms += self._window_ms
            self._end_ms = self.audio_ms
        events.append(self._end(self._start_ms) if self._is_over(self._start_ms) else self._progress())
        return events

    def force_end(self) -> list[EndpointEvent]:
        """End the speech in hand now, as silence would, and return what that makes of it; nothing if nobody speaks."""
        return [] if self._start_ms is None else [self._end(self._start_ms)]

    def _is_voiced(self, probability: float, level_db: float, echo_db: float | None) -> bool:
        if echo_db is not None and level_db <= echo_db - ECHO_MARGIN_DB:
            return False
        return self.may_be_voiced(probability)

    def _is_noise(self) -> bool:
        return self._voiced_ms < self._settings.min_speech_ms

    def _is_over(self, start_ms: float) -> bool:
        enough_ms = self._noise_silence_ms if self._is_noise() else self._end_silence_ms
        too_long = self.audio_ms - start_ms >= self._settings.max_utterance_ms
        return too_long or self.audio_ms - self._end_ms >= enough_ms

    def _progress(self) -> SpeechContinued:
        return SpeechContinued(self._voiced_ms, self.audio_ms - self._end_ms)

    def _end(self, start_ms: float) -> SpeechStopped | NoiseStopped:
        self._start_ms = None
        if self._is_noise():
            return NoiseStopped()
        return SpeechStopped(
            start_ms=start_ms, end_ms=self._end_ms, voiced_ms=self._voiced_ms, silence_ms=self.audio_ms - self._end_ms
        )


class EchoWindow:
    """The loudest of the agent's audio that was sent in the last `ECHO_MS`. Times never run backwards.

    The level of a frame is computed only when it is asked for, which is while there may be a voice: computing it for
    each frame that is sent was 5 % of the CPU time of a telephone call.
    """

    __slots__ = ("_loudest", "_sent")

    def __init__(self) -> None:
        # Lists: a deque takes 600 bytes more, and neither ever holds more than fifteen frames or so.
        self._sent: list[tuple[float, bytes]] = []
        """Sent audio whose level is not known yet, each piece with its time in ms."""
        self._loudest: list[tuple[float, float]] = []
        """Times and levels of sent audio, each level lower than the one before it, so that the first is the loudest."""

    def sent(self, at_ms: float, pcm: bytes) -> None:
        """Note that a frame of the agent's audio, PCM16LE mono, goes out at `at_ms`."""
        sent = self._sent
        sent.append((at_ms, pcm))
        while at_ms - sent[0][0] > ECHO_MS:
            del sent[0]

    def bound(self, at_ms: float) -> float | None:
        """The loudest level sent in the last `ECHO_MS`, in dB below full scale; None if nothing was sent."""
        sent, loudest = self._sent, self._loudest
        for sent_at_ms, pcm in sent:
            if at_ms - sent_at_ms > ECHO_MS:
                continue  # the end of a reply that was heard out
            level = level_db(pcm, ECHO_SAMPLES)
            while loudest and loudest[-1][1] <= level:
                loudest.pop()
            loudest.append((sent_at_ms, level))
        sent.clear()
        while loudest and at_ms - loudest[0][0] > ECHO_MS:
            del loudest[0]
        return loudest[0][1] if loudest else None
