"""One synthesizer of the SDK, in our terms. Its methods may block; its listener is told in SDK threads.

Audio goes to memory only: without an audio output (`None`, said expressly) the SDK opens no device.
"""

import contextlib
from typing import Any, Protocol

from azure.cognitiveservices.speech import (  # type: ignore[import-untyped]
    Connection,
    PropertyId,
    ResultReason,
    SpeechSynthesisBoundaryType,
    SpeechSynthesisOutputFormat,
    SpeechSynthesisRequest,
    SpeechSynthesisRequestInputType,
    SpeechSynthesizer,
)

from app.providers.azure import exit_guard
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.sdk_config import speech_config, streaming_config
from app.providers.azure.tts import sdk_voice_events
from app.providers.azure.tts.prosody import Prosody

FORMATS = {
    16_000: SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm,
    24_000: SpeechSynthesisOutputFormat.Raw24Khz16BitMonoPcm,
    48_000: SpeechSynthesisOutputFormat.Raw48Khz16BitMonoPcm,
}


class VoiceListener(Protocol):
    """What a voice's events are reported to, in threads of the SDK and in no certain order. `request` is the SDK's
    name for it."""

    def audio(self, request: str, pcm: bytes) -> None:
        """The service sends more PCM of the request that is being spoken."""
        ...

    def word(self, request: str, word: str, start_ms: float, end_ms: float) -> None:
        """A word lies there in the audio."""
        ...

    def completed(self, request: str, pcm: bytes) -> None:
        """It is complete, with all its audio."""
        ...

    def canceled(self, request: str, code: str, text: str) -> None:
        """It failed with this `CancellationErrorCode`, or was stopped by us, which is NoError."""
        ...

    def connected(self, up: bool) -> None:
        """The connection came up, or was lost."""
        ...


class SdkVoice:
    """A synthesizer. It speaks one request at a time. Whatever it is told after `leave`, or while that works in another
    thread, does nothing.

    Raises:
        RuntimeError, ValueError: the SDK does not like something.
    """

    def __init__(
        self, resource: SpeechResource, use: SpeechUse, token: str | None, rate_hz: int, listener: VoiceListener
    ) -> None:
        self._resource = resource
        make = streaming_config if use.text_streaming else speech_config
        config = make(resource, use, token, rate_hz)
        config.set_speech_synthesis_output_format(FORMATS[rate_hz])
        self._synthesizer: Any = SpeechSynthesizer(config, audio_config=None)
        self._connection: Any = Connection.from_speech_synthesizer(self._synthesizer)
        self._speaking: Any = None
        self._streaming: Any = None
        synthesizer = self._synthesizer
        self._light = 0
        if use.undocumented and sdk_voice_events.available:
            self._light = sdk_voice_events.listen(synthesizer._handle, listener)
        else:
            synthesizer.synthesizing.connect(
                lambda event: listener.audio(event.result.result_id, event.result.audio_data)
            )
            synthesizer.synthesis_word_boundary.connect(lambda event: _word(event, listener))
        synthesizer.synthesis_completed.connect(
            lambda event: listener.completed(event.result.result_id, event.result.audio_data)
        )
        synthesizer.synthesis_canceled.connect(lambda event: _canceled(event, listener))
        self._connection.connected.connect(lambda _: listener.connected(True))
        self._connection.disconnected.connect(lambda _: listener.connected(False))
        self._gone = False
        exit_guard.guard(self)

    def warm(self) -> None:
        """Connect, so that the first request need not."""
        connection = self._connection
        if not self._gone and connection is not None:
            with contextlib.suppress(RuntimeError):  # the request will say it better
                connection.open(True)

    def speak(self, ssml: str) -> None:
        """Begin to speak a request; its events go to the listener."""
        synthesizer = self._synthesizer
        if not self._gone and synthesizer is not None:
            self._speaking = synthesizer.speak_ssml_async(ssml)

    def stream(self, prosody: Prosody) -> None:
        """Begin a request whose text is still to be written."""
        synthesizer = self._synthesizer
        if self._gone or synthesizer is None:
            return
        request = SpeechSynthesisRequest(SpeechSynthesisRequestInputType.TextStream)
        if prosody.style:
            request.style = prosody.style
        if prosody.rate:
            request.rate = prosody.rate
        if prosody.pitch:
            request.pitch = prosody.pitch
        properties = synthesizer.properties
        properties.set_property(PropertyId.SpeechServiceConnection_SynthVoice, prosody.name)
        properties.set_property(PropertyId.SpeechServiceConnection_SynthLanguage, prosody.language)
        self._speaking = synthesizer.speak_async(request)
        self._streaming = request

    def write(self, text: str) -> None:
        """Send more text of a request whose text is streamed."""
        if self._streaming is not None:
            with contextlib.suppress(RuntimeError):  # it is over: its listener was told
                self._streaming.input_stream.write(text)

    def end_text(self) -> None:
        """Tell the service that the text of the streamed request is complete."""
        if self._streaming is not None:
            with contextlib.suppress(RuntimeError):
                self._streaming.input_stream.close()

    def finish(self) -> None:
        """Release the objects of the SDK that belong to a request that is over."""
        # A request that waits for text would keep the SDK's destructor waiting, for ever.
        self.end_text()
        speaking, self._speaking, self._streaming = self._speaking, None, None
        if speaking is not None:
            with contextlib.suppress(RuntimeError):
                speaking.get()

    def stop(self) -> None:
        """Stop the request, if there is one, and release it."""
        synthesizer = self._synthesizer
        if synthesizer is not None:
            with contextlib.suppress(RuntimeError):
                synthesizer.stop_speaking_async().get()
        self.finish()

    def authorize(self, token: str) -> None:
        """Use another token, from the next connection on."""
        synthesizer = self._synthesizer
        if not self._gone and synthesizer is not None:
            synthesizer.authorization_token = self._resource.bearer(token)

    def leave(self) -> None:
        """Stop the request in hand, disconnect, and release the objects of the SDK."""
        if self._gone:
            return
        self._gone = True
        self.stop()
        with contextlib.suppress(RuntimeError):
            self._connection.close()
        synthesizer, connection = self._synthesizer, self._connection
        signals = [synthesizer.synthesis_completed, synthesizer.synthesis_canceled]
        if self._light:
            sdk_voice_events.ignore(synthesizer._handle, self._light)
        else:
            signals += [synthesizer.synthesizing, synthesizer.synthesis_word_boundary]
        for signal in (*signals, connection.connected, connection.disconnected):
            signal.disconnect_all()
        # The last references go here, in a thread of ours: in a callback the SDK's destructor would wait for itself.
        self._connection = self._synthesizer = None
        del signal, signals, synthesizer, connection
        exit_guard.release(self)


def _word(event: Any, listener: VoiceListener) -> None:
    if event.boundary_type == SpeechSynthesisBoundaryType.Word:
        start_ms = event.audio_offset / 10_000
        listener.word(event.result_id, event.text, start_ms, start_ms + event.duration.total_seconds() * 1000)


def _canceled(event: Any, listener: VoiceListener) -> None:
    result = event.result
    details = result.cancellation_details if result.reason == ResultReason.Canceled else None
    if details is None:
        listener.canceled(result.result_id, "NoError", "")
    else:
        listener.canceled(result.result_id, details.error_code.name, details.error_details)
