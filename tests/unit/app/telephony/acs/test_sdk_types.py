"""What is sent to Call Automation, in the SDK's types."""

import pytest
from azure.communication.callautomation import (
    CommunicationUserIdentifier,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsUserIdentifier,
    PhoneNumberIdentifier,
    UnknownIdentifier,
)

from app.telephony.acs.sdk_types import identifier, media_arguments, tones
from app.telephony.call_control import MediaOptions, Transcription
from app.telephony.errors import CallControlError, Trouble


@pytest.mark.parametrize(
    ("identity", "kind", "raw_id"),
    [
        ("+15550100", PhoneNumberIdentifier, "4:+15550100"),
        ("4:+15550100", PhoneNumberIdentifier, "4:+15550100"),
        ("8:acs:resource_user", CommunicationUserIdentifier, "8:acs:resource_user"),
        ("8:orgid:an-id", MicrosoftTeamsUserIdentifier, "8:orgid:an-id"),
        ("28:orgid:an-app", MicrosoftTeamsAppIdentifier, "28:orgid:an-app"),
        ("4:anonymous", PhoneNumberIdentifier, "4:anonymous"),
        ("somebody", UnknownIdentifier, "somebody"),
    ],
)
def test_whom_an_identity_means(identity: str, kind: type, raw_id: str) -> None:
    found = identifier(identity)
    assert isinstance(found, kind)
    assert found.raw_id == raw_id


def test_keys_are_tones() -> None:
    assert tones("1*#a") == ["one", "asterisk", "pound", "a"]


@pytest.mark.parametrize("keys", ["", "1x", "12 3"])
def test_what_is_no_key_is_not_sent(keys: str) -> None:
    with pytest.raises(CallControlError) as caught:
        tones(keys)
    assert caught.value.trouble is Trouble.REJECTED


@pytest.mark.parametrize(("rate_hz", "said"), [(16_000, "pcm16KMono"), (24_000, "pcm24KMono")])
def test_media_are_streamed_both_ways_at_the_rate_asked_for(rate_hz: int, said: str) -> None:
    arguments = media_arguments(MediaOptions("wss://example.com/media", rate_hz))  # type: ignore[arg-type]
    streaming = arguments["media_streaming"]
    assert streaming.enable_bidirectional
    assert streaming.audio_format.lower() == said.lower()
    assert streaming.transport_url == "wss://example.com/media"
    assert "transcription" not in arguments


def test_transcription_brings_the_resource_that_does_it() -> None:
    media = MediaOptions(
        "wss://example.com/media", transcription=Transcription("wss://example.com/t", "https://ai", "de")
    )
    arguments = media_arguments(media)
    assert arguments["cognitive_services_endpoint"] == "https://ai"
    assert arguments["transcription"].locale == "de"
