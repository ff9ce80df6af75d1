"""Takes the audio of both sides of one session on the event loop, and hands it to the thread that writes it.

Of what came before the caller has heard that they may be recorded, only the notice itself is kept.
"""

from collections.abc import Callable, Iterable
from functools import partial

from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
)
from actors.session.live_session import LiveSession
from app.agents.recording_notice import is_notice_in, notices_of, was_notified
from app.replay.audio_file import AudioFile
from app.replay.audio_lanes import AgentDiscarded, AgentHeld, AgentPiece, AgentReleased, CallerPiece, Piece
from app.replay.files import SessionFiles, file_lost

BYTES_AT_A_TIME = 64 << 10
"""Bytes that are written at a time: a second of a call, or half a second of what a browser is sent."""
MOST_UNTOLD_BYTES = 8 << 20
"""The most bytes that wait until it is known that the recording notice was heard; of more, all are dropped."""


class AudioTape:
    """The audio of one session. It never raises and never waits. Belongs to the loop's thread.

    Args:
        session: whose audio it is.
        files: has the thread.
        file: lays the audio down, and writes it.
        now: the session's clock, in seconds.
        is_told: whether those who are heard know already that they may be recorded.
    """

    def __init__(
        self,
        session: LiveSession,
        files: SessionFiles,
        file: AudioFile,
        now: Callable[[], float],
        *,
        is_told: bool = False,
    ) -> None:
        self._session = session
        self._files = files
        self.file = file
        self._now = now
        self._rate_hz = session.tracks.all_voices.rate_hz
        self._waiting: list[Piece] = []
        self._waiting_bytes = 0
        self._notices: list[list[str]] | None = None
        self._is_told = is_told
        self._has_taken = False
        self._is_over = False

    def start(self) -> None:
        """Take what the session hears and shows from now on."""
        self._session.take_audio = self._take_caller
        self._session.connection.tap = self._take_shown

    @property
    def has_audio(self) -> bool:
        """Whether there is anything that was or will be written."""
        return self._is_told and self._has_taken and not self.file.has_failed

    def stop(self) -> None:
        """Take nothing more of the session, and forget what waits."""
        self._is_over = True
        self._waiting, self._waiting_bytes = [], 0
        # Another tape may have taken over, where a session of the same id has begun.
        if self._session.take_audio == self._take_caller:
            self._session.take_audio = self._session.connection.tap = None

    def hand_over(self) -> None:
        """Give what waits to the thread, if the caller knows that they are recorded."""
        if self._is_over or not self._is_told:
            return
        pieces, self._waiting = self._waiting, []
        size, self._waiting_bytes = self._waiting_bytes, 0
        if pieces and not self._files.do(partial(self.file.add, pieces), max(size, 1)):
            self.stop()
            self.file.has_failed = True
            self._files.do(self.file.discard)
            file_lost("overflow", "there is no room for it among what waits to be written", "the audio of a session")

    def _take_caller(self, speaker: str, pcm: bytes) -> None:
        if self._notices is None and self._session.plan.look_up is None:
            self._begin()
        if self._is_told:
            self._note(CallerPiece(self._now(), speaker, self._rate_hz, pcm), len(pcm))

    def _take_shown(self, message: OutputMessage) -> None:
        match message:
            case AudioFrame(pcm=pcm):
                attached = self._session.connection.attached
                if attached is not None:
                    self._note(AgentPiece(self._now(), attached.rate_hz, pcm), len(pcm))
            case AudioDiscarded():
                self._note(AgentDiscarded(self._now()))
            case PlaybackPaused():
                self._note(AgentHeld(self._now()))
            case PlaybackResumed():
                self._note(AgentReleased(self._now()))
            case ReplyHeard(text=text) if not self._is_told:
                self._heard(text)
            case _:
                return

    def _note(self, piece: Piece, size: int = 0) -> None:
        if self._notices is None:
            self._begin()
        self._waiting.append(piece)
        self._waiting_bytes += size
        self._has_taken = True
        if self._is_told:
            if self._waiting_bytes >= BYTES_AT_A_TIME:
                self.hand_over()
        elif self._waiting_bytes > MOST_UNTOLD_BYTES:
            self._waiting, self._waiting_bytes = [], 0

    def _begin(self) -> None:
        """A caller who goes on with a conversation in which they were told need not be told again."""
        self._notices = notices_of(self._session.plan)
        self._is_told = self._is_told or was_notified(self._session.checkpoint.messages, self._notices)

    def _heard(self, text: str) -> None:
        if self._notices is None:
            self._begin()
        notices: Iterable[list[str]] = self._notices or ()
        self._is_told = self._is_told or is_notice_in(text, notices)
        if not self._is_told:
            # They spoke before they were told all of it: nothing of it is kept.
            self._waiting, self._waiting_bytes = [], 0
