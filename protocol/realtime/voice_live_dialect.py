"""The dialect of Azure Voice Live: the beta form of the protocol, with settings of its own."""

import re
from typing import Any

from msgspec import UNSET

from protocol.realtime.commands import CreateResponse
from protocol.realtime.dialect import MAX_TOKENS, common_response, tool_list
from protocol.realtime.session_settings import Detection, SessionSettings, Transcription, TurnDetection, VoiceSettings

OUTPUT_FORMATS = {16_000: "pcm16_16000hz", 24_000: "pcm16"}
"""The service's name for PCM16LE audio, by its sample rate in Hz."""
AZURE_VOICE = re.compile(r"[a-z]{2,3}-[A-Za-z]{2,4}-.+")
"""Matches the names of Azure's voices, which begin with a language; the models' own voices have plain names."""
COOLEST, HOTTEST = 0.6, 1.2
SEMANTIC_MODEL = "azure_semantic_vad_multilingual"


class VoiceLiveDialect:
    """See `Dialect`. The session's settings are flat; audio may be of 16 kHz both ways."""

    name = "voice_live"
    assistant_text = "text"
    audio_delta = "response.audio.delta"
    audio_done = "response.audio.done"
    transcript_delta = "response.audio_transcript.delta"
    transcript_done = "response.audio_transcript.done"
    text_delta = "response.text.delta"

    def session(self, settings: SessionSettings) -> dict[str, Any]:
        session = _audio(settings)
        if settings.only_writes:
            session["modalities"] = ["text"]
        if settings.instructions is not UNSET:
            session["instructions"] = settings.instructions
        if settings.tools is not UNSET:
            session |= {"tools": tool_list(settings.tools), "tool_choice": "auto"}
        if settings.max_tokens is not UNSET:
            session["max_response_output_tokens"] = min(settings.max_tokens, MAX_TOKENS)
        if settings.temperature is not UNSET:
            session["temperature"] = min(max(settings.temperature, COOLEST), HOTTEST)
        if settings.voice is not UNSET and settings.voice.name:
            session["voice"] = _voice(settings.voice)
        if settings.transcription is not UNSET:
            session["input_audio_transcription"] = _transcription(settings.transcription)
        if settings.detection is not UNSET:
            session["turn_detection"] = _turn_detection(settings.detection)
        if settings.word_times is not UNSET:
            session["output_audio_timestamp_types"] = ["word"] if settings.word_times else []
        return session

    def response(self, command: CreateResponse) -> dict[str, Any]:
        # The service would end a response that is being made, unless it is told not to.
        response = {"cancel_previous": False} | common_response(command)
        if command.text:
            content = [{"type": self.assistant_text, "text": command.text}]
            message = {"type": "message", "role": "assistant", "content": content}
            response["pre_generated_assistant_message"] = message
        return response


def _audio(settings: SessionSettings) -> dict[str, Any]:
    session: dict[str, Any] = {}
    if settings.rate_hz is not UNSET:
        if settings.rate_hz not in OUTPUT_FORMATS:
            raise ValueError(f"rate_hz: this service has PCM at 16000 and 24000 Hz, not at {settings.rate_hz}")
        session |= {
            "modalities": ["text", "audio"],
            "input_audio_format": "pcm16",
            "input_audio_sampling_rate": settings.rate_hz,
            "output_audio_format": OUTPUT_FORMATS[settings.rate_hz],
        }
    if settings.noise_reduction is not UNSET:
        reduction = settings.noise_reduction
        session["input_audio_noise_reduction"] = None if reduction is None else {"type": reduction}
    if settings.echo_cancellation is not UNSET:
        cancels = {"type": "server_echo_cancellation"} if settings.echo_cancellation else None
        session["input_audio_echo_cancellation"] = cancels
    return session


def _voice(voice: VoiceSettings) -> dict[str, Any]:
    if not AZURE_VOICE.fullmatch(voice.name):
        return {"type": "openai", "name": voice.name}
    written: dict[str, Any] = {"type": "azure-standard", "name": voice.name}
    if voice.style:
        written["style"] = voice.style
    if voice.rate != 1.0:
        written["rate"] = f"{voice.rate:g}"
    if voice.pitch != 1.0:
        written["pitch"] = f"{(voice.pitch - 1) * 100:+.0f}%"
    return written


def _transcription(transcription: Transcription | None) -> dict[str, Any] | None:
    if transcription is None:
        return None
    written: dict[str, Any] = {"model": transcription.model}
    if transcription.languages:
        written["language"] = ",".join(transcription.languages)
    if transcription.phrases:
        written["phrase_list"] = list(transcription.phrases)
    return written


def _turn_detection(detection: Detection) -> dict[str, Any] | None:
    if detection.kind is TurnDetection.NONE:
        return None
    kind = "server_vad" if detection.kind is TurnDetection.SERVER else detection.semantic_model or SEMANTIC_MODEL
    silence = {} if detection.silence_ms is None else {"silence_duration_ms": detection.silence_ms}
    # It would cut its own memory of a reply by the time since that was sent, as if it were played as it comes.
    return {"type": kind, **silence, "create_response": False, "interrupt_response": False, "auto_truncate": False}
