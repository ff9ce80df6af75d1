"""The connection of one recognizer to its engine: at most one stream is open, or is being opened, at a time."""

import asyncio

from actors.ports.stt import RecognitionEvent
from actors.runtime.session_trace import Stage, peer_of
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.engine_events import RecognitionOpened, RecognitionReported
from actors.session.engine_violations import EngineViolations, required_stream
from actors.session.recognition.audio_track import AudioTrack
from actors.session.recognition.hearing import Hearing
from actors.session.recognition.recognition_stream import RecognitionStream

OPEN_TIMEOUT_S = 5.0


class RecognitionConnection:
    """Opens and closes the engine's streams, and asks the present one for the final transcripts of utterances.

    Args:
        actor: whose tasks open the streams: it fails with one that cannot be opened. It is told each event as
            `RecognitionReported`, and `RecognitionOpened` behind the audio that a new stream is given again.
        hearing: the engine, and what is asked of it.
        stream: gives the audio to whichever of the engine's streams is open.
        track: says up to where the speaker's audio is settled: a new stream is given what lies behind that.
    """

    def __init__(self, actor: SupervisedActor, hearing: Hearing, stream: RecognitionStream, track: AudioTrack) -> None:
        self._actor = actor
        self._hearing = hearing
        self._stream = stream
        self._track = track
        self._violations = EngineViolations("recognizer")
        self._number = 0
        """The number of the engine's stream; reports of an older one are ignored."""
        self._is_asked = False
        """Whether the stream was asked for the final of an utterance."""
        self._is_unfinished = False
        """Whether an utterance ended while there was no stream, so that its final has to be asked of the next one."""

    def open(self) -> None:
        """Open a stream, as a task of the actor."""
        self._number += 1
        self._is_asked = False
        self._actor.trace.peers[Stage.RECOGNITION] = peer_of(self._hearing.engine)
        self._actor.spawn(self._open(self._number), "open")

    def reopen(self, *, is_unfinished: bool) -> None:
        """Open another stream in place of the present one. `is_unfinished`: it is asked for a final at once."""
        self._is_unfinished = is_unfinished
        self._stream.close()
        self.open()

    def close(self) -> None:
        """Close the stream in the background."""
        self._stream.close()

    def is_current(self, number: int) -> bool:
        """Whether this is the number of the present stream, and not of one that was closed."""
        return number == self._number

    def finish_utterance(self) -> None:
        """Ask for the final transcript of an utterance that is over; as soon as there is a stream, if there is none."""
        self._is_asked = self._stream.finish_utterance()
        if not self._is_asked:
            self._is_unfinished = True

    def finish_what_is_over(self, *, is_over: bool) -> None:
        """Ask the stream, which is new, for the final transcript of an utterance that was over before it was open.

        `is_over`: a former recognizer has left such an utterance, and nobody speaks; it is asked for once.
        """
        if self._is_unfinished or (is_over and not self._is_asked):
            self._is_unfinished = False
            self.finish_utterance()

    async def _open(self, number: int) -> None:
        actor_ref = self._actor.actor_ref

        def report(event: object) -> None:
            if not isinstance(event, RecognitionEvent):
                self._violations.pass_over(type(event).__name__)
            elif actor_ref.is_alive():
                actor_ref.tell(RecognitionReported(number, event))

        # Not `wait_for`, which would open it in a task of its own: what that raises could stop the loop.
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            recognition = required_stream(await self._hearing.engine.open(self._hearing.options, report))
        if number != self._number or not actor_ref.is_alive():
            await recognition.close()
            return
        # All that has not become a final transcript yet is heard again: nothing is lost by a restart.
        self._actor.trace.peers[Stage.RECOGNITION] = peer_of(recognition, self._hearing.engine)
        self._stream.opened(recognition, self._track.settled_bytes)
        # Behind the audio that is heard again, which tells whether the caller still speaks.
        actor_ref.tell(RecognitionOpened(number))
