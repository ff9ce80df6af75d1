"""The URLs at which the telephone network reaches this server about a call, and how it streams the audio."""

from typing import Literal
from urllib.parse import urlsplit

from app.telephony.call_control import MediaOptions, Transcription
from app.telephony.errors import NotConfiguredError
from config.settings import Settings


class MediaAddresses:
    """Implements `CallAddresses`: of one server, by BASE_URL; each address carries the secret of its call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def known(self) -> bool:
        """Whether the telephone network can be told an address of this server (BASE_URL)."""
        return bool(urlsplit(self._settings.server.base_url).scheme)

    def require(self) -> None:
        """Raise NotConfiguredError if ACS cannot reach this server."""
        if not self.known:
            raise NotConfiguredError("the telephone network cannot reach this server: set BASE_URL")

    def callback(self, secret: str) -> str:
        """The HTTPS URL to which the telephone network sends the events of the call with this secret."""
        return f"{self._base_url}/api/v1/calls/callbacks/{secret}"

    def media(self, secret: str, transcribed_in: str = "") -> MediaOptions:
        """The WebSocket URL and the format in which the audio of the call with this secret is streamed; or where its
        transcript is, if the network transcribes it in this language."""
        settings = self._settings
        url = f"ws{self._base_url.removeprefix('http')}/api/v1/media/stream/{secret}"
        rate_hz: Literal[16_000, 24_000] = 24_000 if settings.telephony.sample_rate == 24_000 else 16_000
        if transcribed_in:
            transcription = Transcription(url, settings.acs.cognitive_services_endpoint, locale=transcribed_in)
            return MediaOptions(url, rate_hz, streams_audio=False, transcription=transcription)
        return MediaOptions(url, rate_hz, mixed=settings.telephony.mixed_audio)

    @property
    def _base_url(self) -> str:
        return self._settings.server.base_url.rstrip("/")
