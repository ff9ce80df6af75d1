"""Options of the real SDK for calls to an EchoApp."""

from typing import Any

from azure.communication.callautomation import (
    MediaStreamingAudioChannelType,
    MediaStreamingContentType,
    MediaStreamingOptions,
    StreamingTransportType,
    TranscriptionOptions,
)

from tests.cloud.echo_app import EchoApp


def media_options(
    app: EchoApp, channels: MediaStreamingAudioChannelType = MediaStreamingAudioChannelType.UNMIXED, **options: Any
) -> MediaStreamingOptions:
    """Both ways, keys included, from the beginning of the call, unless `options` say otherwise."""
    return MediaStreamingOptions(
        transport_url=app.media_url,
        transport_type=StreamingTransportType.WEBSOCKET,
        content_type=MediaStreamingContentType.AUDIO,
        audio_channel_type=channels,
        **{"start_media_streaming": True, "enable_bidirectional": True, "enable_dtmf_tones": True, **options},
    )


def transcription_options(app: EchoApp) -> TranscriptionOptions:
    """Not from the beginning."""
    return TranscriptionOptions(
        transport_url=app.media_url,
        transport_type=StreamingTransportType.WEBSOCKET,
        locale="en-US",
        start_transcription=False,
    )
