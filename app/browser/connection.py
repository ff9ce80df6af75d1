"""Sends the output of a session to one browser's WebSocket."""

from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, SessionEnded
from app.browser.wire_output import BrowserWords
from app.one_shot_event import OneShotEvent
from app.server.lifecycle import Lifecycle
from app.server.sockets.fast_path import Message
from app.server.sockets.gated_output import Gate, GatedOutput
from app.server.sockets.socket_writer import NORMAL, RESTARTING, SocketWriter
from protocol.browser import OUTPUT_RATE_HZ, AudioData, encode


class Connection:
    """Sends one session's output to one browser. Use it on the event loop's thread; `tell` never waits."""

    def __init__(
        self,
        writer: SocketWriter,
        words: BrowserWords,
        lifecycle: Lifecycle,
        *,
        binary: bool = False,
        marks: bool = False,
        rate_hz: int = OUTPUT_RATE_HZ,
        gate: Gate | None = None,
    ) -> None:
        self._writer = writer
        self._lifecycle = lifecycle
        self._words = words
        self._binary = binary
        self._marks = marks
        self._rate_hz = rate_hz
        self._gated = GatedOutput(self._show, gate)
        self._audio_turn: int | None = None

    @property
    def closed(self) -> OneShotEvent:
        """An event that is set when nothing more can be sent."""
        return self._writer.closed

    def tell(self, message: OutputMessage) -> None:
        """Queue an output message; `AudioDiscarded` overtakes queued audio and drops it."""
        self._gated.tell(message)

    def _show(self, message: OutputMessage) -> None:
        match message:
            case AudioFrame():
                self._audio(message)
            case AudioDiscarded():
                self._audio_turn = None
                self._writer.silence([encode(wire) for wire in self._words.say(message)])
            case SessionEnded():
                self._say(message)
                self.close(*closing_of(message, self._lifecycle))
            case _:
                self._say(message)

    def text(self, text: str) -> None:
        """Queue a text message without changing it."""
        self._writer.put(text)

    def close(self, code: int, reason: str) -> None:
        """Close the socket once what is queued has been sent; messages that the gate holds back are dropped."""
        self._gated.drop()
        self._writer.close(code, reason)

    def abandon(self) -> None:
        """Drop what is queued and send nothing more, since the client is gone."""
        self._gated.drop()
        self._writer.abandon()

    def _say(self, message: OutputMessage) -> None:
        for wire in self._words.say(message):
            self._writer.put(encode(wire))

    def _audio(self, audio: AudioFrame) -> None:
        if self._marks and audio.turn != self._audio_turn:
            self._audio_turn = audio.turn
            self._writer.put(encode(self._words.control("audio_start", audio.turn)))
        self._writer.put(self._message(audio), len(audio.pcm) * 500 / self._rate_hz)

    def _message(self, audio: AudioFrame) -> Message:
        if self._binary:
            return audio.pcm
        total = audio.sequence + 1 if audio.last else 0
        return encode(
            AudioData(
                data=audio.pcm,
                frame_index=audio.sequence,
                total_frames=total,
                sample_rate=self._rate_hz,
                is_final=audio.last,
            )
        )


def closing_of(ended: SessionEnded, lifecycle: Lifecycle) -> tuple[int, str]:
    """Return the code and the reason with which the sockets of an ended session are closed.

    The code of a restart makes clients connect again, which leads them to another worker.
    """
    if lifecycle.ends_sessions:
        return RESTARTING, "the server is restarting"
    return NORMAL, ended.reason.value.lower()
