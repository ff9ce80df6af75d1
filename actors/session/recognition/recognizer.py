"""The recognizer (STT): caller audio in, voice and words out. Hosts voice activity (VAD) and endpointing."""

from typing import Any, assert_never

import msgspec

from actors.errors import ErrorKind, RecognizerError
from actors.messages.caller import CallerAudio
from actors.messages.transcript import (
    EndOfTurnLikely,
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
    ToneEnded,
    TurnEndHeard,
)
from actors.ports.clock import Clock
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionReady
from actors.rules.audio import level_db
from actors.rules.endpointing import ECHO_SAMPLES, Endpointer, EndpointEvent
from actors.rules.tones import ToneDetector
from actors.runtime.address import Address
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.engine_events import RecognitionOpened, RecognitionReported
from actors.session.recognition.audio_ring import REHEARD_MS, AudioRing
from actors.session.recognition.hearing import Hearing
from actors.session.recognition.owed_transcript import OwedTranscript
from actors.session.recognition.recognition_connection import RecognitionConnection
from actors.session.recognition.recognition_stream import RecognitionStream
from actors.session.recognition.turn_end import TurnEnd
from actors.session.recognition.voice_judge import Judged, VoiceJudge

RecognizerMessage = (
    CallerAudio | ReopenRecognition | EndUtterance | TurnEndHeard | RecognitionReported | RecognitionOpened
)

QUIET_DB = -100.0
"""The level in dB that is assumed for a window without voice."""
PRE_ROLL_MS = 300
"""Milliseconds of audio before the onset that belong to the utterance: a detector hears the vowel, not the consonant
before it."""


class Recognizer(SupervisedActor):
    """Listens to one caller.

    Args:
        name: of this actor among the children of the session.
        speaker: whose voice it hears, by label; empty for all voices in one stream.
        addresses: the session's; the supervisor is this actor's parent.
        listener: who is told of voice and words.
        checkpoint: says up to where the speaker's audio is settled, and whether a final transcript is owed.
        ring: the speaker's recent audio; it is replayed from where it is not settled when this actor starts.
        connection: the session's; says whether the client takes our own voice out of what it sends.
        hearing: the engines that it hears with, and their settings.
    """

    def __init__(
        self,
        *,
        name: str,
        speaker: str,
        addresses: Addresses,
        listener: Address[Any],
        checkpoint: Checkpoint,
        ring: AudioRing,
        connection: SessionConnection,
        hearing: Hearing,
        clock: Clock,
        trace: Trace,
    ) -> None:
        super().__init__(name, addresses.supervisor, trace)
        self._speaker = speaker
        self._checkpoint = checkpoint
        self._track = checkpoint.track(speaker)
        self._owed = OwedTranscript(self._track)
        self._ring = ring
        self._connection = connection
        self._listener = listener
        self._clock = clock
        self._window_bytes = hearing.window_bytes
        self._detector = hearing.detector
        self._judge = VoiceJudge(hearing.detector, hearing.window_ms)
        self._endpointer = Endpointer(hearing.endpointing, hearing.window_ms)
        self._pre_roll_bytes = ring.bytes_of(PRE_ROLL_MS)
        self._turn_end = TurnEnd(hearing.end_of_turn, hearing.endpointing, checkpoint, hearing.only_language)
        self._sent_before_ms = 0.0
        """How much audio of the agent had been sent when the last utterance was over."""
        self._tells_likely_end = hearing.tells_likely_end
        self._shown_interim: InterimTranscript | None = None
        self._tones = hearing.tones
        self._rest = b""
        self._next_bytes = 0
        self._recognition = RecognitionStream(ring, trace, speaker, hearing.only_language)
        self._engine = RecognitionConnection(self, hearing, self._recognition, self._track)

    def on_start(self) -> None:
        """Connect the engine, whose audio waits in the ring; hear again what a former recognizer had in hand."""
        ring = self._ring
        recent = max(self._track.settled_bytes, ring.end_bytes - ring.bytes_of(REHEARD_MS))
        reheard = ring.pieces_since(recent)
        self._next_bytes = reheard[0][0] if reheard else ring.end_bytes
        self._endpointer.reset(ring.ms(self._next_bytes))
        for offset, pcm in reheard:
            self.actor_ref.tell(CallerAudio(pcm, offset, ring.ms(len(pcm))))
        self._engine.open()

    def on_end(self) -> None:
        """Close the engine's stream in the background."""
        self._engine.close()

    def on_receive(self, message: RecognizerMessage) -> None:
        """Handle audio of the caller, a report of the engine, or an order."""
        # Looked at first, and without a pattern: it comes 50 times a second.
        if isinstance(message, CallerAudio):
            self._listen(message.pcm, message.offset_bytes)
            return
        match message:
            case RecognitionReported(stream, event):
                if self._engine.is_current(stream):
                    self._on_event(event)
            case RecognitionOpened(stream):
                if self._engine.is_current(stream):
                    is_over = self._owed.is_inherited and not self._endpointer.in_speech
                    self._engine.finish_what_is_over(is_over=is_over)
            case ReopenRecognition(again):
                self._reopen(again)
            case EndUtterance():
                self._end_utterance()
            case TurnEndHeard():
                self._turn_end.ended_by_model()
            case _:
                assert_never(message)

    # the engine's stream

    def _reopen(self, again: bool) -> None:
        if not again and not self._endpointer.in_speech:
            self._owed.give_up(self._ring.end_bytes)
        is_unfinished = self._track.final_owed and not self._endpointer.in_speech
        logger.warning("the final transcript of an utterance did not come in time: recognition is opened anew")
        self._engine.reopen(is_unfinished=is_unfinished)

    def _on_event(self, event: RecognitionEvent) -> None:
        match event:
            case RecognitionReady():
                return
            case InterimTranscript():
                self._on_interim(self._recognition.in_session_time(event))
            case FinalTranscript():
                final = self._recognition.in_session_time(event)
                self._settle(final.end_ms)
                self._listener.tell(final if final.text else NoSpeechRecognized(final.end_ms, self._speaker))
            case NoSpeechRecognized(end_ms):
                end_ms = self._recognition.end_ms(end_ms)
                self._settle(end_ms)
                self._listener.tell(NoSpeechRecognized(end_ms, self._speaker))
            case RecognitionFailed(kind, detail):
                raise RecognizerError(kind if isinstance(kind, ErrorKind) else ErrorKind.INTERNAL, detail)
            case _:
                assert_never(event)

    def _settle(self, end_ms: float) -> None:
        self._owed.settle(end_ms, self._ring.bytes_of(end_ms), is_speaking=self._endpointer.in_speech)

    def _on_interim(self, interim: InterimTranscript) -> None:
        """Show words that changed. Unchanged words of more audio, or none, count for the end of the utterance alone."""
        self._turn_end.heard(interim)
        if not interim.text:
            return
        shown, self._shown_interim = self._shown_interim, interim
        if shown is None or (shown.text, shown.start_ms) != (interim.text, interim.start_ms):
            self._listener.tell(interim)

    # audio

    def _listen(self, pcm: bytes, offset_bytes: int) -> None:
        size_bytes = len(pcm)
        end_bytes = offset_bytes + size_bytes
        self._recognition.push(pcm, offset_bytes)
        if offset_bytes != self._next_bytes and not self._endpointer.in_speech:
            self._judge.forget()
            self._endpointer.reset(self._ring.ms(offset_bytes))
        self._next_bytes = end_bytes
        if self._tones is not None:
            self._listen_for_tones(self._tones, pcm, offset_bytes)
        if size_bytes == self._window_bytes and not self._rest:
            self._window(pcm)
        else:
            self._windows(self._rest + pcm)
        # Silence that nobody has to hear again keeps the replay short. What voice activity has not judged may be voice.
        if not self._track.final_owed and not self._judge.is_behind:
            self._track.settle_audio(end_bytes - self._pre_roll_bytes)

    def _listen_for_tones(self, tones: ToneDetector, pcm: bytes, offset_bytes: int) -> None:
        turn = self._checkpoint.turn
        if turn is not None and turn.screening is None:
            self._tones = None
        elif (tone := tones.process(pcm, self._ring.ms(offset_bytes))) is not None:
            self._listener.tell(ToneEnded(tone.end_ms, tone.duration_ms))

    def _windows(self, data: bytes) -> None:
        """Ask voice activity about each whole window in `data`; what is left of it waits for more audio."""
        size = self._window_bytes
        end = len(data) - len(data) % size
        for begin in range(0, end, size):
            self._window(data[begin : begin + size])
        self._rest = data[end:]

    def _window(self, window: bytes) -> None:
        judge = self._judge
        if judge.is_behind:
            judge.put_off(window, self._echo_bound())
            for late in judge.catch_up():
                if not self._endpointer.pass_over(late.probability):
                    self._judged(late.window, late.probability, late)
            return
        # Asked here and not by the judge, which answers for the windows that are put off: this is done for each.
        try:
            probability = self._detector.probability(window)
            failed: BaseException | None = None if 0.0 <= probability <= 1.0 else ValueError("no probability")
        except BaseException as error:  # noqa: BLE001 - somebody's own code may raise or answer anything
            failed = error
        if failed is not None:
            judge.unanswered(failed)
            judge.put_off(window, self._echo_bound())
        elif not self._endpointer.pass_over(probability):
            self._judged(window, probability, None)

    def _judged(self, window: bytes, probability: float, late: Judged | None) -> None:
        endpointer = self._endpointer
        level, echo = QUIET_DB, None
        if endpointer.may_be_voiced(probability):
            echo = late.echo_db if late is not None else self._echo_bound()
            # Its level makes a difference only where the agent's own voice may come back as echo.
            level = QUIET_DB if echo is None else level_db(window, ECHO_SAMPLES)
        if endpointer.in_pause():
            self._wait_in_pause()
        for event in endpointer.process(probability, level, echo):
            self._endpoint(event)

    def _wait_in_pause(self) -> None:
        voice_end_ms = self._endpointer.voice_end_ms
        silence_ms = self._turn_end.silence_ms(voice_end_ms)
        self._endpointer.wait_for(silence_ms)
        if self._tells_likely_end and (text := self._turn_end.likely_end(voice_end_ms, silence_ms)):
            self._listener.tell(EndOfTurnLikely(text, self._speaker))

    def _echo_bound(self) -> float | None:
        """How loud our own voice may come back just now; None where the client takes it out of what it sends."""
        attached = self._connection.attached
        if attached is not None and attached.cancels_echo:
            return None
        return self._connection.echo.bound(self._clock.now() * 1000)

    def _endpoint(self, event: EndpointEvent) -> None:
        match event:
            # Looked at first: it comes with each window of speech.
            case SpeechContinued():
                self._turn_end.continued(event.silence_ms)
                if event.silence_ms == 0:
                    self._checkpoint.user_active(self._clock.now())
            case SpeechStarted(onset_ms):
                self._owed.owe(onset_ms)
                self._turn_end.started(onset_ms, self._listened_ms())
                self._checkpoint.user_active(self._clock.now())
            case SpeechStopped(end_ms=end_ms):
                self._turn_end.stopped(end_ms)
                self._sent_before_ms = self._connection.all_sent_ms
                self._engine.finish_utterance()
            case NoiseStopped():
                self._owed.forget_noise()
            case _:
                assert_never(event)
        self._listener.tell(msgspec.structs.replace(event, speaker=self._speaker) if self._speaker else event)

    def _listened_ms(self) -> float:
        """How much of the agent the caller has heard at least since their last utterance was over."""
        attached = self._connection.attached
        ahead_ms = attached.lead.lead_ms if attached is not None else 0
        return self._connection.all_sent_ms - self._sent_before_ms - ahead_ms

    def _end_utterance(self) -> None:
        """The transport sends no audio any more: what was said so far is all there is."""
        self._judge.forget()
        for event in self._endpointer.force_end():
            self._endpoint(event)
