"""What a session is told of itself: refused where the service would refuse it, and read for the state machine."""

import copy
from typing import Any

import msgspec

from tests.cloud.realtime.dialects import FIRST_GA, FIRST_VOICE_LIVE, GA, Dialect

GA_AUDIO_KEYS = {
    "input": {"format", "noise_reduction", "transcription", "turn_detection"},
    "output": {"format", "voice", "speed"},
}
DETECTIONS = {
    "ga": {"server_vad", "semantic_vad"},
    "voice live": {
        *("server_vad", "semantic_vad", "azure_semantic_vad", "azure_semantic_vad_en"),
        "azure_semantic_vad_multilingual",
    },
}
FORMATS_HZ = {"pcm16": 24_000, "pcm16_16000hz": 16_000, "pcm16_8000hz": 8_000}


class RefusedError(Exception):
    """A message that the service refuses, with the error that it sends."""

    def __init__(
        self, code: str, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.error = {"type": kind, "code": code or None, "message": message, "param": param}


class Settings:
    """The settings of one session, in its dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.session: dict[str, Any] = copy.deepcopy(FIRST_GA if dialect is GA else FIRST_VOICE_LIVE)

    def update(self, given: Any, *, has_spoken: bool) -> None:
        """Take what is given; what is not given stays.

        Raises:
            RefusedError: the service takes none of it.
        """
        if not isinstance(given, dict):
            raise RefusedError("missing_required_parameter", "Missing required parameter: 'session'.", "session")
        self._check(given)
        merged = _merged(self.session, given)
        if has_spoken and _voice(merged) != _voice(self.session):
            raise RefusedError("cannot_update_voice", "Cannot update a conversation's voice if audio is present.")
        self.session = merged

    @property
    def detection(self) -> dict[str, Any] | None:
        """How the ends of turns are found; None if the client says where they are."""
        source = self._input if self._dialect is GA else self.session
        found: dict[str, Any] | None = source.get("turn_detection")
        return found

    @property
    def transcription(self) -> dict[str, Any] | None:
        """What writes the caller's words down, if anything does."""
        name = "transcription" if self._dialect is GA else "input_audio_transcription"
        found: dict[str, Any] | None = (self._input if self._dialect is GA else self.session).get(name)
        return found

    @property
    def input_hz(self) -> int:
        """The rate of what is appended."""
        if self._dialect is GA:
            return int(self._input["format"]["rate"])
        return int(self.session["input_audio_sampling_rate"])

    @property
    def output_hz(self) -> int:
        """The rate of what is spoken."""
        return 24_000 if self._dialect is GA else FORMATS_HZ[self.session["output_audio_format"]]

    @property
    def only_writes(self) -> bool:
        """Whether it answers in text alone."""
        return bool(self.session["output_modalities" if self._dialect is GA else "modalities"] == ["text"])

    @property
    def word_times(self) -> bool:
        """Whether words come with their times."""
        return "word" in (self.session.get("output_audio_timestamp_types") or ())

    @property
    def _input(self) -> dict[str, Any]:
        found: dict[str, Any] = self.session["audio"]["input"]
        return found

    def _check(self, given: dict[str, Any]) -> None:
        _known(given, set(self._dialect.session_keys), "session")
        if self._dialect is GA:
            self._check_ga(given)
        else:
            self._check_voice_live(given)

    def _check_ga(self, given: dict[str, Any]) -> None:
        if "type" not in given:
            raise RefusedError(
                "missing_required_parameter", "Missing required parameter: 'session.type'.", "session.type"
            )
        if "model" in given and given["model"] != self.session.get("model"):
            raise RefusedError("invalid_value", "The model of a session cannot be changed.", "session.model")
        _one_of(given.get("output_modalities", ["audio"]), (["audio"], ["text"]), "session.output_modalities")
        audio = given.get("audio", {})
        _known(audio, set(GA_AUDIO_KEYS), "session.audio")
        for direction, part in audio.items():
            _known(part, GA_AUDIO_KEYS[direction], f"session.audio.{direction}")
            if "format" in part:
                _one_of(part["format"], ({"type": "audio/pcm", "rate": 24_000},), f"session.audio.{direction}.format")
        self._check_detection(audio.get("input", {}).get("turn_detection"), "session.audio.input.turn_detection")

    def _check_voice_live(self, given: dict[str, Any]) -> None:
        _one_of(given.get("input_audio_format", "pcm16"), ("pcm16",), "session.input_audio_format")
        rates = (8_000, 16_000, 24_000)
        _one_of(given.get("input_audio_sampling_rate", 24_000), rates, "session.input_audio_sampling_rate")
        _one_of(given.get("output_audio_format", "pcm16"), tuple(FORMATS_HZ), "session.output_audio_format")
        if not 0.6 <= given.get("temperature", 0.8) <= 1.2:
            raise RefusedError("invalid_value", "temperature must be in [0.6, 1.2].", "session.temperature")
        self._check_detection(given.get("turn_detection"), "session.turn_detection")

    def _check_detection(self, detection: Any, param: str) -> None:
        if detection is not None:
            _one_of(detection.get("type"), tuple(DETECTIONS[self._dialect.name]), f"{param}.type")


class Edges(msgspec.Struct, frozen=True):
    """How detection frames speech, in ms."""

    padding_ms: int
    silence_ms: int


def edges(detection: dict[str, Any]) -> Edges:
    """The padding before speech and the silence after it, as the session has them or as the service does."""
    return Edges(int(detection.get("prefix_padding_ms", 300)), int(detection.get("silence_duration_ms", 500)))


def _voice(session: dict[str, Any]) -> Any:
    return session["audio"]["output"]["voice"] if "audio" in session else session["voice"]


def _known(given: Any, keys: set[str], param: str) -> None:
    if not isinstance(given, dict):
        raise RefusedError("invalid_type", f"Invalid type for '{param}': expected an object.", param)
    for name in given:
        if name not in keys:
            raise RefusedError("unknown_parameter", f"Unknown parameter: '{param}.{name}'.", f"{param}.{name}")


def _one_of(value: Any, allowed: tuple[Any, ...], param: str) -> None:
    if value not in allowed:
        raise RefusedError("invalid_value", f"Invalid value for '{param}'.", param)


def _merged(former: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    merged = dict(former)
    for name, value in given.items():
        inner = former.get(name)
        nested = isinstance(value, dict) and isinstance(inner, dict) and name in ("audio", "input", "output")
        merged[name] = _merged(inner, value) if nested and inner is not None else value
    return merged
