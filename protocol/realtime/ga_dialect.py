"""The GA dialect: Azure OpenAI at `/openai/v1/realtime`, OpenAI, and whatever is compatible with them."""

from typing import Any

from msgspec import UNSET

from protocol.realtime.commands import CreateResponse
from protocol.realtime.dialect import MAX_TOKENS, common_response, tool_list
from protocol.realtime.session_settings import Detection, SessionSettings, Transcription, TurnDetection

RATE_HZ = 24_000
"""The only sample rate in Hz at which the service takes and makes PCM16LE audio."""
SLOWEST, FASTEST = 0.25, 1.5


class GaDialect:
    """See `Dialect`. The session's settings are nested by input and output."""

    name = "ga"
    assistant_text = "output_text"
    audio_delta = "response.output_audio.delta"
    audio_done = "response.output_audio.done"
    transcript_delta = "response.output_audio_transcript.delta"
    transcript_done = "response.output_audio_transcript.done"
    text_delta = "response.output_text.delta"

    def session(self, settings: SessionSettings) -> dict[str, Any]:
        if settings.rate_hz not in (UNSET, RATE_HZ):
            raise ValueError(f"rate_hz: this service has PCM at {RATE_HZ} Hz only, not at {settings.rate_hz}")
        session: dict[str, Any] = {"type": "realtime"}
        if settings.instructions is not UNSET:
            session["instructions"] = settings.instructions
        if settings.tools is not UNSET:
            session |= {"tools": tool_list(settings.tools), "tool_choice": "auto"}
        if settings.max_tokens is not UNSET:
            session["max_output_tokens"] = min(settings.max_tokens, MAX_TOKENS)
        audio = {"input": _input(settings), "output": _output(settings)}
        if settings.only_writes:
            session["output_modalities"] = ["text"]
        elif settings.rate_hz is not UNSET:
            session["output_modalities"] = ["audio"]
        if given := {direction: part for direction, part in audio.items() if part}:
            session["audio"] = given
        return session

    def response(self, command: CreateResponse) -> dict[str, Any]:
        if command.text:
            raise ValueError("text: this service speaks no text word for word")
        return common_response(command)


def _input(settings: SessionSettings) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if settings.rate_hz is not UNSET:
        part["format"] = {"type": "audio/pcm", "rate": settings.rate_hz}
    if settings.noise_reduction is not UNSET:
        reduction = settings.noise_reduction
        part["noise_reduction"] = None if reduction is None else {"type": reduction}
    if settings.transcription is not UNSET:
        part["transcription"] = _transcription(settings.transcription)
    if settings.detection is not UNSET:
        part["turn_detection"] = _turn_detection(settings.detection)
    return part


def _output(settings: SessionSettings) -> dict[str, Any]:
    part: dict[str, Any] = {}
    if settings.rate_hz is not UNSET:
        part["format"] = {"type": "audio/pcm", "rate": settings.rate_hz}
    if settings.voice is not UNSET:
        if settings.voice.name:
            part["voice"] = settings.voice.name
        if settings.voice.rate != 1.0:
            part["speed"] = min(max(settings.voice.rate, SLOWEST), FASTEST)
    return part


def _transcription(transcription: Transcription | None) -> dict[str, Any] | None:
    if transcription is None:
        return None
    written: dict[str, Any] = {"model": transcription.model}
    if len(transcription.languages) == 1:  # ISO 639-1; of several it has to find the one that is spoken
        written["language"] = transcription.languages[0].partition("-")[0]
    return written


def _turn_detection(detection: Detection) -> dict[str, Any] | None:
    match detection.kind:
        case TurnDetection.NONE:
            return None
        case TurnDetection.SERVER:
            silence = {} if detection.silence_ms is None else {"silence_duration_ms": detection.silence_ms}
            return {"type": "server_vad", **silence, "create_response": False, "interrupt_response": False}
        case TurnDetection.SEMANTIC:
            # Azure takes it and then tells neither of speech that starts nor of speech that stops.
            raise ValueError("detection: semantic is for Azure Voice Live; this service has server or none")
