"""The port through which telephony gives orders to a telephone network, whichever carrier that is.

Identities are telephone numbers in E.164 or the network's own ids. A method returns when the network has taken the
order; what becomes of it comes as an event.
"""

from typing import Literal, Protocol

import msgspec


class Transcription(msgspec.Struct, frozen=True):
    """Have the service transcribe, with the AI services resource of `cognitive_services_endpoint`."""

    url: str
    cognitive_services_endpoint: str
    locale: str = "en-US"
    start: bool = True
    partials: bool = True


class MediaOptions(msgspec.Struct, frozen=True):
    """Where the service streams a call's audio to and takes ours from: PCM16LE mono, both ways."""

    url: str
    rate_hz: Literal[16_000, 24_000] = 16_000
    mixed: bool = False
    """Whether all voices come in one stream, in place of one stream for each participant."""
    dtmf: bool = True
    """Whether pressed keys are sent on the same socket."""
    start: bool = True
    """Whether the stream starts when the call is connected; if not, it starts when ordered."""
    streams_audio: bool = True
    """Whether audio is streamed; False if the network transcribes the call and the agent neither hears nor speaks."""
    transcription: Transcription | None = None


class CallProperties(msgspec.Struct, frozen=True):
    """A call as the service knows it. `state` in its words: connecting, connected, transferring, disconnected..."""

    call_id: str
    server_call_id: str
    correlation_id: str
    state: str
    media_streaming: str
    """The state of the media stream: active, inactive, disabled; empty if the call was made without one."""
    transcription: str = ""
    """The state of the network's own transcription, in the same words; empty if the call was made without one."""


class OnTheCall(msgspec.Struct, frozen=True):
    """A participant; `phone_number` is None for one without."""

    raw_id: str
    phone_number: str | None
    is_muted: bool
    is_on_hold: bool


class CallControl(Protocol):
    """Orders to a telephone network. Every method but `close` raises `CallControlError`."""

    async def answer(self, handle: str, callback_url: str, media: MediaOptions, operation_context: str = "") -> str:
        """Answer an incoming call, in some five seconds at most; the network's id of the call.

        `handle`: see `IncomingCall`.
        """
        ...

    async def reject(self, handle: str, reason: Literal["none", "busy", "forbidden"] = "busy") -> None:
        """Refuse an incoming call; the caller hears what `reason` stands for at their own network."""
        ...

    async def redirect(self, handle: str, target: str) -> None:
        """Have an incoming call ring at `target` instead."""
        ...

    async def create(
        self, target: str, source: str, callback_url: str, media: MediaOptions, operation_context: str = ""
    ) -> str:
        """Call `target` from the number `source`; the network's id of the call."""
        ...

    async def hang_up(self, call_id: str) -> None:
        """End the call for everybody who is on it, including those to whom it was transferred."""
        ...

    async def leave(self, call_id: str) -> None:
        """Leave a call to the others who are on it; one with fewer than two others ends."""
        ...

    async def join(self, call_id: str, from_call_id: str, target: str, operation_context: str = "") -> None:
        """Move `target`, who is on the call `from_call_id` of ours, to the call `call_id`."""
        ...

    async def transfer(
        self, call_id: str, target: str, transferee: str = "", *, source: str = "", operation_context: str = ""
    ) -> None:
        """Transfer the caller to `target`; `transferee` names the caller if several people are on the call. `source`:
        the number that a `target` on the telephone network is called from.

        `source`: the number that a `target` on the telephone network is called from.
        """
        ...

    async def send_dtmf(self, call_id: str, target: str, keys: str, operation_context: str = "") -> None:
        """Have `target` hear the tones of 0-9 * # A-D; rejected without asking if there are others, or none."""
        ...

    async def hold(self, call_id: str, target: str, operation_context: str = "") -> None:
        """Have `target` wait: they hear nothing of the call and are not heard in it."""
        ...

    async def unhold(self, call_id: str, target: str, operation_context: str = "") -> None:
        """Bring `target` back into the call."""
        ...

    async def start_continuous_dtmf(self, call_id: str, target: str) -> None:
        """Have every key that `target` presses told as an event."""
        ...

    async def stop_continuous_dtmf(self, call_id: str, target: str) -> None:
        """Have the keys of a participant reported no more."""
        ...

    async def start_media_streaming(self, call_id: str) -> None:
        """Open the media socket of a call that was made with media."""
        ...

    async def stop_media_streaming(self, call_id: str) -> None:
        """Have the network close the media socket of a call."""
        ...

    async def start_transcription(self, call_id: str, locale: str) -> None:
        """Open the transcription socket of a call that was made with transcription."""
        ...

    async def stop_transcription(self, call_id: str) -> None:
        """Have the network close the transcription socket of a call."""
        ...

    async def start_recording(self, call_id: str, server_call_id: str = "", callback_url: str = "") -> str:
        """Record a call by its server call id, or by its call id where that is all that is known.

        Returns the id of the recording, a WAV file of all voices; events of its state go to `callback_url`, if any.
        """
        ...

    async def resume_recording(self, recording_id: str) -> None:
        """Have the recording with this id go on after a pause."""
        ...

    async def stop_recording(self, recording_id: str) -> None:
        """Stop the recording with this id."""
        ...

    async def properties(self, call_id: str) -> CallProperties:
        """Ask the network for the state of a call."""
        ...

    async def participants(self, call_id: str) -> tuple[OnTheCall, ...]:
        """Ask the network who is on a call, and who of them is on hold."""
        ...

    async def open(self) -> None:
        """Get ready, so that the first call need not wait; nothing is sent."""
        ...

    async def ready(self) -> None:
        """Check that the service can be reached and accepts the credentials; orders nothing."""
        ...

    async def close(self) -> None:
        """Close the connections to the service and its credential. Raises nothing."""
        ...
