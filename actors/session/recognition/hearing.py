"""What a recognizer hears one speaker with: speech to text, voice activity, and when an utterance is over."""

import msgspec

from actors.ports.end_of_turn import EndOfTurn
from actors.ports.stt import RecognitionOptions, SpeechRecognizer
from actors.ports.vad import VoiceActivity
from actors.rules.tones import ToneDetector
from actors.turn_taking_settings import Endpointing


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """The engines of one recognizer, and their settings.

    Raises:
        ValueError: voice activity wants audio of another rate than comes.
    """

    engine: SpeechRecognizer
    """Speech to text (STT)."""
    options: RecognitionOptions
    """The options with which the engine is asked for a stream."""
    detector: VoiceActivity
    """Voice activity detection (VAD), for this recognizer alone."""
    endpointing: Endpointing
    """The agent's settings for where speech begins and ends."""
    end_of_turn: EndOfTurn
    """Decides how much silence ends an utterance."""
    tones: ToneDetector | None = None
    """Finds the tone of an answering machine while one may have answered; else None."""
    tells_likely_end: bool = False
    """Whether the listener is told when the speaker is probably done, before that is certain."""

    def __post_init__(self) -> None:
        wanted_hz, comes_hz = self.detector.rate_hz, self.options.rate_hz
        if wanted_hz != comes_hz:
            raise ValueError(f"voice activity wants {wanted_hz} Hz, the caller's audio has {comes_hz} Hz")

    @property
    def window_bytes(self) -> int:
        """The size of the windows of PCM16 mono that voice activity is asked about."""
        return self.detector.window_samples * 2

    @property
    def window_ms(self) -> float:
        """The length of such a window in milliseconds."""
        return self.detector.window_samples * 1000 / self.detector.rate_hz

    @property
    def only_language(self) -> str:
        """The language of the speaker if they speak only one; empty if it may be one of several."""
        languages = self.options.languages
        return languages[0] if len(languages) == 1 else ""
