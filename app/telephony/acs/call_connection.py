"""Writes the output of a session to the media socket of its call: audio, and the order to drop audio."""

from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, SessionEnded
from actors.ports.clock import Clock
from app.one_shot_event import OneShotEvent
from app.server.sockets.gated_output import Gate, GatedOutput
from app.server.sockets.socket_writer import SocketWriter
from app.telephony.media.resampling import Resampling, converter
from protocol.acs.media import OutboundCase, audio_message, stop_message


class CallConnection:
    """Writes what a session says to the media socket of its call. Belongs to the loop's thread; `tell` never waits."""

    __slots__ = ("_case", "_clock", "_gated", "_rate_hz", "_resampling", "_sounds_until", "_wire_hz", "_writer")

    def __init__(
        self, writer: SocketWriter, clock: Clock, rate_hz: int, case: OutboundCase, gate: Gate | None = None
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._rate_hz = self._wire_hz = rate_hz
        self._resampling: Resampling | None = None
        self._case = case
        self._sounds_until = 0.0
        self._gated = GatedOutput(self._show, gate) if gate is not None else None

    @property
    def closed(self) -> OneShotEvent:
        """The event that is set once the media socket is closed, so that nothing more can be sent."""
        return self._writer.closed

    @property
    def sounding(self) -> bool:
        """Whether audio was sent that may not all be heard yet; ACS plays it as it comes."""
        return self._clock.now() < self._sounds_until

    def send_at(self, wire_hz: int) -> None:
        """Send audio at this sample rate from now on, whatever the rate of the session.

        Raises:
            UnsupportedRateError: it cannot be converted.
        """
        self._resampling = converter(self._rate_hz, wire_hz)
        self._wire_hz = wire_hz

    def tell(self, message: OutputMessage) -> None:
        """Send audio, and the order to drop audio, to the telephone network; ignore all other messages."""
        if self._gated is not None:
            self._gated.tell(message)
        elif type(message) is AudioFrame:
            self._send(message)
        else:
            self._show(message)

    def _show(self, message: OutputMessage) -> None:
        # By its class, without a pattern: most of what is shown is nothing for a telephone.
        kind = type(message)
        if type(message) is AudioFrame:
            self._send(message)
        elif kind is AudioDiscarded or (kind is SessionEnded and self.sounding):
            self._stop()

    def close(self, code: int, reason: str) -> None:
        """Close the media socket with this close code, once the queued messages have been sent."""
        if self._gated is not None:
            self._gated.drop()
        self._writer.close(code, reason)

    def abandon(self) -> None:
        """Send nothing more, since the telephone network has closed the socket."""
        if self._gated is not None:
            self._gated.drop()
        self._writer.abandon()

    def _send(self, frame: AudioFrame) -> None:
        pcm = frame.pcm
        duration_ms, now, until = len(pcm) * 500 / self._rate_hz, self._clock.now(), self._sounds_until
        self._sounds_until = (until if until > now else now) + duration_ms / 1000
        if self._resampling is not None:
            pcm = self._resampling.finish(pcm) if frame.last else self._resampling.push(pcm)
        if pcm:
            self._writer.put(audio_message(pcm, self._case), duration_ms)

    def _stop(self) -> None:
        self._sounds_until = 0.0
        # What the filter holds belongs to what is dropped.
        self._resampling = converter(self._rate_hz, self._wire_hz)
        self._writer.silence([stop_message(self._case)])
