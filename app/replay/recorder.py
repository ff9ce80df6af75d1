"""Records the sessions of one worker into files: which of them, and what of them is kept when they are over."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path

import msgspec

from actors.conversation import Ending
from actors.messages.caller import InputLost
from actors.messages.lifecycle import SessionFailed
from actors.messages.model import ReplyFailed
from actors.messages.playback import PlaybackFailed
from actors.ports.clock import Clock
from actors.rules.turn_taking.effects import End, ReportUnexpected
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.recorded_turn_taking import TurnTakingResumed, TurnTakingStep, TurnTakingTold
from actors.session.sessions import SessionEntry
from app.replay.audio_file import AudioFile
from app.replay.audio_tape import AudioTape
from app.replay.encoding import SessionEncoder
from app.replay.files import AUDIO, SessionFiles, file_lost, file_name
from app.replay.recording import Over, Restarted
from config.groups.records import Records

STEPS_AT_A_TIME = 256
"""The most steps that are encoded at a time: a few seconds of a conversation."""
CLOSE_S = 3.0
MOST_KEPT = 200
"""The most ended sessions whose audio can be asked for; the files of others can still be opened."""
TROUBLE = (ReplyFailed, PlaybackFailed, SessionFailed, InputLost)


def recorder_of(
    settings: Records,
    live: Callable[[str], SessionEntry | None],
    uniform: Callable[[float, float], float],
    clock: Clock,
    *,
    content: bool,
) -> "SessionRecorder | None":
    """What records the sessions of a worker; None where none are recorded."""
    if not settings.records_sessions or settings.directory is None:
        return None
    files = SessionFiles(settings.directory, settings.total_mb << 20)
    return SessionRecorder(settings, files, live, uniform, clock, content=content)


class KeptAudio(msgspec.Struct, frozen=True):
    """The audio of a session that is over. `at`: where it begins, in seconds since 1970; `goes_on`: the rest of it was
    recorded by another worker, which has gone on with the session."""

    path: Path
    at: float
    goes_on: bool = False


class SessionRecorder:
    """Records the sessions of one worker that are to be recorded. Belongs to the loop's thread.

    Args:
        settings: which sessions are recorded, and how large a file may become.
        files: writes them.
        live: the live session of an id; None if there is none.
        uniform: a number between two others, by chance.
        clock: the times of the sessions.
        content: whether the files hold what was said.
    """

    def __init__(
        self,
        settings: Records,
        files: SessionFiles,
        live: Callable[[str], SessionEntry | None],
        uniform: Callable[[float, float], float],
        clock: Clock,
        *,
        content: bool,
    ) -> None:
        self._settings = settings
        self._files = files
        self._live = live
        self._uniform = uniform
        self._clock = clock
        self._content = content
        self._open: dict[str, tuple[SessionEntry, SessionTape]] = {}
        self._kept: OrderedDict[str, KeptAudio] = OrderedDict()

    def session_opened(self, session_id: str) -> None:
        """Record a session that begins, if it may be stored and chance has it."""
        entry = self._live(session_id)
        if entry is None or not entry.plan.stored or self._uniform(0.0, 1.0) >= self._settings.recorded_share:
            return
        began = f"{datetime.fromtimestamp(time.time(), UTC):%Y-%m-%dT%H:%M:%SZ}"
        encoder = SessionEncoder(
            session_id=session_id,
            mode=entry.plan.mode,
            began=began,
            content=self._content,
            most_bytes=self._settings.file_mb << 20,
        )
        self._finish(session_id, "")
        self._kept.pop(session_id, None)
        tape = SessionTape(self._files, encoder, file_name(session_id, began), self._audio_of(session_id, entry, began))
        entry.change_plan(record_step=tape.note)
        self._open[session_id] = (entry, tape)

    def _audio_of(self, session_id: str, entry: SessionEntry, began: str) -> AudioTape | None:
        """What takes the audio of a session, where that is to be kept."""
        only_listens = entry.plan.mode == TRANSCRIPTION
        if not self._settings.audio or (only_listens and not self._settings.transcribed_audio):
            return None
        name, now = file_name(session_id, began, AUDIO), self._clock.now
        file = AudioFile(self._files, name, now(), self._settings.audio_mb << 20)
        # An operator who sets that says that somebody else has told those who are heard.
        tape = AudioTape(entry, self._files, file, now, is_told=only_listens)
        tape.start()
        return tape

    def audio_of(self, session_id: str) -> KeptAudio | None:
        """The audio of a session that is over and was recorded here; None if there is none, or none any more."""
        return self._kept.get(session_id)

    def session_moved(self, session_id: str) -> None:
        """End the recording of a session with which another worker has gone on, and which it records from there."""
        self._finish(session_id, "")
        if (kept := self._kept.get(session_id)) is not None:
            self._kept[session_id] = msgspec.structs.replace(kept, goes_on=True)

    def session_over(self, session_id: str) -> None:
        """Write the file of a session that is over, if it is to be kept."""
        known = self._open.get(session_id)
        if known is not None:
            self._finish(session_id, known[0].checkpoint.ending or "")

    async def close(self) -> None:
        """Write what is to be kept, for CLOSE_S at most. Called when the sessions are over."""
        for session_id in tuple(self._open):
            self._finish(session_id, "")
        await asyncio.to_thread(self._files.close, CLOSE_S)

    def _finish(self, session_id: str, ending: str) -> None:
        if (known := self._open.pop(session_id, None)) is None:
            return
        entry, tape = known
        went_wrong = tape.went_wrong or bool(entry.restarts) or entry.rebuilt > 0 or ending == Ending.ERROR
        if self._settings.keeps_errors_only and not went_wrong:
            tape.discard()
            return
        restarts = tuple(Restarted(at=each.at, actor=each.actor, error=each.error) for each in entry.restarts)
        tape.finish(Over(ending=ending, restarts=restarts))
        if tape.audio is not None and tape.audio.has_audio:
            self._keep(session_id, tape.audio)

    def _keep(self, session_id: str, audio: AudioTape) -> None:
        at = audio.file.began_at - self._clock.now() + self._clock.wall()
        self._kept[session_id] = KeptAudio(audio.file.path, at)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


class _Tape(Enum):
    """How far a tape has come, in this order."""

    EMPTY = auto()
    RECORDING = auto()
    OVER = auto()
    """The tape takes no more audio."""


class SessionTape:
    """Takes the steps of one session on the event loop, and hands them to the thread that encodes and writes.

    Args:
        files: has the thread.
        encoder: makes the file.
        name: of the file.
        audio: takes the audio of the session; None: nobody does.
    """

    def __init__(self, files: SessionFiles, encoder: SessionEncoder, name: str, audio: AudioTape | None = None) -> None:
        self._files = files
        self._encoder = encoder
        self._name = name
        self.audio = audio
        self._waiting: list[TurnTakingStep] = []
        self._state = _Tape.EMPTY
        self.went_wrong = False
        """Whether anything has failed in the session."""

    def note(self, step: TurnTakingStep) -> None:
        """Take a step: a list grows by one, and the thread is told now and then."""
        if self._state is _Tape.OVER:
            return
        is_taken_up = self._state is _Tape.RECORDING and isinstance(step, TurnTakingResumed)
        self.went_wrong = self.went_wrong or _is_trouble(step) or is_taken_up
        self._state = _Tape.RECORDING
        self._waiting.append(step)
        if len(self._waiting) >= STEPS_AT_A_TIME:
            self._hand_over()

    def discard(self) -> None:
        """Forget what was noted, and take no more."""
        self._state = _Tape.OVER
        self._waiting.clear()
        if self.audio is not None:
            self.audio.stop()
            self._files.do(self.audio.file.discard)

    def finish(self, over: Over) -> None:
        """Have the file written; a session in which turn-taking had no part has none."""
        if self._state is _Tape.OVER:
            return
        has_room = self._hand_over()
        if self.audio is not None:
            self.audio.hand_over()
            self.audio.stop()
        if has_room and not self._files.do(partial(self._write, over)):
            self._give_up()
        self._state = _Tape.OVER

    def _hand_over(self) -> bool:
        """Have the steps encoded that wait; False if there is no room for them, and the tape is given up."""
        steps, self._waiting = self._waiting, []
        if steps and not self._files.do(partial(self._encoder.add, steps)):
            self._give_up()
            return False
        return True

    def _give_up(self) -> None:
        self.discard()
        file_lost("overflow", "there is no room for it among what waits to be written")

    def _write(self, over: Over) -> None:
        if self.audio is not None:
            over = msgspec.structs.replace(over, audio=self.audio.file.finish())
        if not self._encoder.is_empty:
            self._files.write(self._name, self._encoder.finished(over))


def _is_trouble(step: TurnTakingStep) -> bool:
    if isinstance(step, TurnTakingTold) and (step.error or isinstance(step.event, TROUBLE)):
        return True
    return any(
        isinstance(e, ReportUnexpected) or (isinstance(e, End) and e.ending is Ending.ERROR) for e in step.effects
    )
