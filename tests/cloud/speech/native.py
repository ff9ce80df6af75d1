"""The real SDK on the emulator: a recognizer and a synthesizer whose events are journals on the loop.

They are let go in an order in which the SDK does not abort the process: stop, wait for the last event, disconnect, and
only then drop the objects, in a thread of ours.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import azure.cognitiveservices.speech as sdk  # type: ignore[import-untyped]
import msgspec
from azure.cognitiveservices.speech.audio import AudioConfig, AudioStreamFormat, PushAudioInputStream  # type: ignore[import-untyped]
from azure.cognitiveservices.speech.transcription import ConversationTranscriber  # type: ignore[import-untyped]

from tests.cloud.journal import Journal
from tests.cloud.speech.emulator import SpeechEmulator

RAW = {
    8_000: sdk.SpeechSynthesisOutputFormat.Raw8Khz16BitMonoPcm,
    16_000: sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm,
    24_000: sdk.SpeechSynthesisOutputFormat.Raw24Khz16BitMonoPcm,
    48_000: sdk.SpeechSynthesisOutputFormat.Raw48Khz16BitMonoPcm,
}


class Event(msgspec.Struct, frozen=True):
    """`kind`: connected, disconnected, started, partial, final, word, audio, canceled (with the code), ended."""

    kind: str
    text: str = ""
    offset_ms: float = 0.0
    duration_ms: float = 0.0
    language: str = ""
    speaker: str = ""
    size_bytes: int = 0


def config_of(
    speech: SpeechEmulator, *, key: str | None, bearer: str | None, path: str, properties: Mapping[str, str]
) -> Any:
    """A SpeechConfig for the emulator; `properties` by name, of the SDK or undocumented."""
    config = sdk.SpeechConfig(endpoint=speech.endpoint + path, subscription=None if bearer else key or speech.key)
    if bearer:
        config.authorization_token = bearer
    config.set_property_by_name("SPEECH-StopRecognitionTimeoutInSeconds", "1")
    for name, value in properties.items():
        if known := getattr(sdk.PropertyId, name, None):
            config.set_property(known, value)
        else:
            config.set_property_by_name(name, value)
    return config


class _Native:
    """What both have in common."""

    def __init__(self) -> None:
        self.events: Journal[Event] = Journal()
        self._loop = asyncio.get_running_loop()
        self._signals: list[Any] = []

    def of(self, kind: str) -> list[Event]:
        """The events of a kind so far."""
        return self.events.where(lambda event: event.kind == kind)

    async def until(self, kind: str, text: str = "", *, count: int = 1, timeout_s: float = 60.0) -> Event:
        """The event number `count` of a kind, and of a text if that is given."""
        seen = 0

        def wanted(event: Event) -> bool:
            nonlocal seen
            seen += event.kind == kind and text in ("", event.text)
            return seen == count

        return await self.events.until(wanted, timeout_s)

    def _on(self, signal: Any, kind: str, read: Any = None) -> None:
        def told(event: Any) -> None:
            noted = read(event) if read else Event(kind)
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self.events.append, noted)

        signal.connect(told)
        self._signals.append(signal)

    def _disconnect(self) -> None:
        for signal in self._signals:
            signal.disconnect_all()
        self._signals.clear()


class NativeRecognizer(_Native):
    """Continuous recognition; several languages are told apart, `diarization` is the SDK's ConversationTranscriber.

    From the first `push` on the line is open: 20 ms of silence go up every 20 ms, as in a call. After a reconnection
    the SDK repeats what the service did not acknowledge only once there is more audio.
    """

    def __init__(
        self,
        speech: SpeechEmulator,
        *,
        languages: Sequence[str] = ("en-US",),
        phrases: Sequence[str] = (),
        diarization: bool = False,
        detailed: bool = False,
        rate_hz: int = 16_000,
        key: str | None = None,
        bearer: str | None = None,
        path: str = "",
        properties: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        properties = {"SPEECH-BytesPerFrame": "640", "SPEECH-USPPollingInterval": "5", **(properties or {})}
        self._config = config_of(speech, key=key, bearer=bearer, path=path, properties=properties)
        if detailed:
            self._config.output_format = sdk.OutputFormat.Detailed
        self._languages, self._phrases, self._diarization = languages, phrases, diarization
        self._input = PushAudioInputStream(AudioStreamFormat(samples_per_second=rate_hz))
        self._silence = bytes(rate_hz // 50 * 2)
        self._line: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._start)
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._hang_up()
        await asyncio.to_thread(self._stop)

    def push(self, pcm: bytes) -> None:
        """Say that."""
        self._input.write(pcm)
        if self._line is None:
            self._line = asyncio.create_task(self._keep_open())

    def finish(self) -> None:
        """There is no more audio."""
        self._hang_up()
        self._input.close()

    def authorize(self, bearer: str) -> None:
        """Use another token from the next connection on."""
        self.sdk.authorization_token = bearer

    async def _keep_open(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self._input.write(self._silence)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.cancel()

    def _start(self) -> None:
        kind = ConversationTranscriber if self._diarization else sdk.SpeechRecognizer
        audio = AudioConfig(stream=self._input)
        if len(self._languages) > 1:
            self._config.set_property(sdk.PropertyId.SpeechServiceConnection_LanguageIdMode, "Continuous")
            choice = sdk.AutoDetectSourceLanguageConfig(languages=list(self._languages))
            self.sdk = kind(self._config, audio, auto_detect_source_language_config=choice)
        else:
            self.sdk = kind(self._config, audio, language=self._languages[0])
        if self._phrases:
            grammar = sdk.PhraseListGrammar.from_recognizer(self.sdk)
            for phrase in self._phrases:
                grammar.addPhrase(phrase)
        self._connection = sdk.Connection.from_recognizer(self.sdk)
        self._on(self._connection.connected, "connected")
        self._on(self._connection.disconnected, "disconnected")
        self._on(self.sdk.speech_start_detected, "started", lambda event: Event("started", "", event.offset / 10_000))
        self._on(self.sdk.canceled, "canceled", lambda event: Event("canceled", _code(event.cancellation_details)))
        self._on(self.sdk.session_stopped, "ended")
        if self._diarization:
            self._on(self.sdk.transcribing, "partial", lambda event: _heard("partial", event.result))
            self._on(self.sdk.transcribed, "final", lambda event: _heard("final", event.result))
            self.sdk.start_transcribing_async().get()
        else:
            self._on(self.sdk.recognizing, "partial", lambda event: _heard("partial", event.result))
            self._on(self.sdk.recognized, "final", lambda event: _heard("final", event.result))
            self.sdk.start_continuous_recognition_async().get()

    def _stop(self) -> None:
        with contextlib.suppress(RuntimeError):
            if self._diarization:
                self.sdk.stop_transcribing_async().get()
            else:
                self.sdk.stop_continuous_recognition_async().get()
        self._input.close()
        self._disconnect()
        del self._connection, self.sdk, self._input


class NativeSynthesizer(_Native):
    """Synthesis to memory. `streaming` uses the endpoint that takes text piece by piece."""

    def __init__(
        self,
        speech: SpeechEmulator,
        *,
        rate_hz: int = 16_000,
        voice: str = "en-US-AvaNeural",
        streaming: bool = False,
        key: str | None = None,
        bearer: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        path = "/tts/cognitiveservices/websocket/v2" if streaming else ""
        self._config = config_of(speech, key=key, bearer=bearer, path=path, properties=properties or {})
        self._config.set_speech_synthesis_output_format(RAW[rate_hz])
        self._config.speech_synthesis_voice_name = voice

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._make)
        return self

    async def __aexit__(self, *failure: object) -> None:
        await asyncio.to_thread(self._let_go)

    async def speak(self, text: str) -> Any:
        """The SDK's result for plain text."""
        return await asyncio.to_thread(lambda: self.sdk.speak_text_async(text).get())

    async def speak_ssml(self, document: str) -> Any:
        """The same, for SSML."""
        return await asyncio.to_thread(lambda: self.sdk.speak_ssml_async(document).get())

    async def speak_pieces(self, *pieces: str) -> Any:
        """The same, for text that comes piece by piece."""
        request = sdk.SpeechSynthesisRequest(input_type=sdk.SpeechSynthesisRequestInputType.TextStream)
        spoken = self.sdk.speak_async(request)
        for piece in pieces:
            request.input_stream.write(piece)
        request.input_stream.close()
        return await asyncio.to_thread(spoken.get)

    async def stop(self) -> None:
        """Speak no more."""
        await asyncio.to_thread(lambda: self.sdk.stop_speaking_async().get())

    def _make(self) -> None:
        self.sdk = sdk.SpeechSynthesizer(self._config, None)
        self._on(self.sdk.synthesis_word_boundary, "word", _word)
        self._on(
            self.sdk.synthesizing,
            "audio",
            lambda event: Event("audio", size_bytes=len(event.result.audio_data)),
        )
        self._on(
            self.sdk.synthesis_canceled,
            "canceled",
            lambda event: Event("canceled", _code(event.result.cancellation_details)),
        )
        self._on(self.sdk.synthesis_completed, "ended")

    def _let_go(self) -> None:
        self._disconnect()
        del self.sdk


def canceled_by(result: Any) -> str:
    """The error code of a result, empty if it is none."""
    return _code(result.cancellation_details) if result.reason == sdk.ResultReason.Canceled else ""


def _code(details: Any) -> str:
    code = details.error_code if hasattr(details, "error_code") else details.code
    return str(code.name if details.reason == sdk.CancellationReason.Error else details.reason.name)


def _heard(kind: str, result: Any) -> Event:
    language = sdk.AutoDetectSourceLanguageResult(result).language or ""
    speaker = getattr(result, "speaker_id", "")
    return Event(kind, result.text, result.offset / 10_000, result.duration / 10_000, language, speaker)


def _word(event: Any) -> Event:
    length_ms = event.duration.total_seconds() * 1000
    return Event("word", event.text, event.audio_offset / 10_000, length_ms)
