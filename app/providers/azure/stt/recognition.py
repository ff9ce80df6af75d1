"""The stream of one caller's audio to Azure Speech, fed to one recognizer of the SDK, in blocks as long as those that
the SDK sends, and in longer ones while the caller is silent (`QuietFrames`).

The SDK says nothing when the service does not answer, so that the stream watches it; and it reconnects by itself and
then repeats itself (`Utterances`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from actors.conversation import SpokenWord
from actors.errors import ErrorKind, RecognizerError
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from app.providers.azure.failures import Failure, failure
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.stt.loudness import Loudness
from app.providers.azure.stt.positions import Positions
from app.providers.azure.stt.quiet_frames import QuietFrames
from app.providers.azure.stt.signs_of_life import CONNECT_S, SignsOfLife
from app.providers.azure.stt.suspicions import Suspicions
from app.providers.azure.stt.utterances import Outcome, Segment, Stalled, Utterances

if TYPE_CHECKING:
    from app.providers.azure.stt.results import Heard, TimedWord
    from app.providers.azure.stt.sdk_recognizer import SdkRecognizer

log = logging.getLogger(__name__)

RENEW_AGAIN_S = 10.0
"""Seconds after a failed replacement of a recognizer until the next attempt."""
SUSPICIOUS_MS = 500.0
"""Milliseconds of loud audio in an utterance after which a missing answer means that the service has stalled."""
CHECK_S = 0.1
SILENCE_AFTER_MS = 200
"""Milliseconds of silence that are sent after an utterance beyond those that end it for the service."""
CLOSE_S = 0.8
"""Seconds for which a stream that is being closed waits for the SDK."""
TICKS_PER_MS = 10_000

Report = Callable[[RecognitionEvent], None]


class SdkListener:
    """What SDK threads call; hands all over to the loop."""

    def __init__(self, stream: "RecognitionStream") -> None:
        self._loop = asyncio.get_running_loop()
        self._stream: RecognitionStream | None = stream

    def _tell(self, told: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(told, *arguments)

    def forget(self) -> None:
        """Report nothing to the stream any more, whatever the SDK still says."""
        self._stream = None

    def heard(self, final: bool, heard: "Heard") -> None:
        """Pass part of a transcript on to the event loop; see `RecognizerListener`."""
        if (stream := self._stream) is not None:
            self._tell(stream.heard, final, heard)

    def connected(self, up: bool) -> None:
        """Pass on that the connection stands; see `RecognizerListener`."""
        if (stream := self._stream) is not None:
            self._tell(stream.connected, up)

    def lively(self) -> None:
        """Pass on a sign of life of the service; see `RecognizerListener`."""
        if (stream := self._stream) is not None:
            self._tell(stream.lively)

    def ended(self, code: str, text: str) -> None:
        """Pass on that the SDK's session is over; see `RecognizerListener`."""
        if (stream := self._stream) is not None:
            self._tell(stream.ended, code, text)


class RecognitionEngine(Protocol):
    """What the stream of one caller's audio needs of the engine."""

    resource: SpeechResource
    use: SpeechUse
    renew_ms: float
    suspicions: Suspicions

    async def make(self, options: RecognitionOptions, listener: SdkListener) -> "SdkRecognizer":
        """A recognizer of the SDK that listens.

        Raises:
            RecognizerError: there is none to be had.
        """
        ...

    def let_go(self, stream: "RecognitionStream", native: "SdkRecognizer") -> "asyncio.Future[None]":
        """A stream is over. The future is done when nothing of it is left."""
        ...

    def leave(self, native: "SdkRecognizer") -> "asyncio.Future[None]":
        """A recognizer of the SDK is not used any more."""
        ...

    def replaced(self, stream: "RecognitionStream", former: "SdkRecognizer", native: "SdkRecognizer") -> None:
        """Note that a stream goes on with `native`."""
        ...

    def doubt_token(self) -> None:
        """Note that the service refuses what proves who we are."""
        ...


class RecognitionStream:
    """The stream of one caller's audio to Azure Speech, as the port `Recognition` wants it."""

    def __init__(self, engine: RecognitionEngine, options: RecognitionOptions, report: Report) -> None:
        self._engine = engine
        self._options = options
        self._report: Report | None = report
        self._loop = asyncio.get_running_loop()
        self._native: SdkRecognizer | None = None
        self.listener = SdkListener(self)
        self._utterances = Utterances()
        self._positions = Positions()
        self._ready = False
        self._loudness = Loudness(options.rate_hz)
        self._quiet = QuietFrames(0)
        now = self._loop.time()
        self._signs = SignsOfLife(now)
        self._renew_at = now
        self._timer: asyncio.TimerHandle | None = None
        self._odd = b""
        self._renewing: asyncio.Task[None] | None = None

    def begin(self, native: "SdkRecognizer") -> None:
        """Use the SDK's recognizer, now that it exists."""
        self._native = native
        self._quiet = QuietFrames(native.together_ms)
        self._check_later()

    # the port

    def push(self, pcm: bytes) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._native is None:
            return
        if self._odd or len(pcm) % 2:
            pcm = self._odd + pcm
            self._odd = pcm[len(pcm) - len(pcm) % 2 :]
            pcm = pcm[: len(pcm) - len(pcm) % 2]
        if not pcm:
            return
        length_ms = len(pcm) * 500 / self._options.rate_hz
        loud_ms = self._loudness.loud_ms(pcm)
        signs = self._signs
        signs.loud_ms += loud_ms
        signs.unanswered_ms += length_ms
        self._positions.sent(length_ms)
        if due := self._quiet.add(pcm, length_ms, is_wanted=loud_ms > 0.0 or not self._utterances.idle):
            self._native.push(due)

    def finish_utterance(self) -> None:
        """See `actors.ports.stt.Recognition`. The service is sent so much silence that it sees the end too."""
        if self._native is None:
            return
        suspicious = self._signs.loud_ms >= SUSPICIOUS_MS and self._engine.suspicions.may_suspect(
            self._options.session_id
        )
        outcomes = self._utterances.finish(self._positions.caller_ms, suspicious, self._loop.time())
        if self._utterances.wants_silence:
            self._show_end(self._native)
        self._signs.loud_ms = 0.0
        self._tell_outcomes(outcomes)

    async def close(self) -> None:
        """See `actors.ports.stt.Recognition`."""
        left = self._end()
        if left is not None:
            await asyncio.wait([left], timeout=CLOSE_S)

    # the SDK's events, on the loop

    def heard(self, final: bool, heard: "Heard") -> None:
        """Part of what was said, by the service's clock, which knows of the silence that we add."""
        if self._report is None:
            return
        self.lively()
        self._engine.suspicions.trust(self._options.session_id)
        self._tell_ready()
        segment = self._segment(heard)
        now = self._loop.time()
        outcomes = self._utterances.final(segment, now) if final else self._utterances.partial(segment, now)
        if outcomes:
            self._signs.progressed()
        self._tell_outcomes(outcomes)

    def connected(self, up: bool) -> None:
        """Note that the connection came up, or was lost: then the SDK opens another."""
        self._signs.connected(up, self._loop.time())
        if up:
            self._tell_ready()
        elif self._signs.is_lost_again_and_again:
            self.failed(Failure(ErrorKind.UNAVAILABLE, "Azure Speech: the connection is lost again and again"))

    def lively(self) -> None:
        """Note that the service noticed something; whether it will say what, is another matter."""
        self._signs.lively(self._loop.time())

    def ended(self, code: str, text: str) -> None:
        """Handle that the service has ended the session, asked for or not."""
        why = failure(code, text, self._engine.resource.proof)
        if why.kind is ErrorKind.AUTHENTICATION:
            self._engine.doubt_token()
        self.failed(why)

    def failed(self, why: Failure) -> None:
        """Report a failure of the service, once, and finish the stream."""
        report = self._report
        self._end()
        if report is not None:
            report(RecognitionFailed(why.kind, why.detail))

    def _show_end(self, native: "SdkRecognizer") -> None:
        silence_ms = self._engine.use.segmentation_ms + SILENCE_AFTER_MS
        native.push(self._quiet.take() + bytes(silence_ms * self._options.rate_hz // 1000 * 2))
        self._positions.added(silence_ms)

    def _segment(self, heard: "Heard") -> Segment:
        start_ms, end_ms = map(int, self._place(heard))
        words = tuple(SpokenWord(word.text, *self._place(word)) for word in heard.words)
        return Segment(heard.text.strip(), start_ms, max(end_ms, start_ms + 1), heard.confidence, heard.language, words)

    def _place(self, heard: "Heard | TimedWord") -> tuple[float, float]:
        begin, end = heard.offset_ticks, heard.offset_ticks + heard.duration_ticks
        return self._positions.of_caller(begin / TICKS_PER_MS), self._positions.of_caller(end / TICKS_PER_MS)

    # watching

    def _check(self) -> None:
        self._check_later()
        self._hand_over(self._quiet.take_overdue())
        now, signs = self._loop.time(), self._signs
        if signs.has_no_connection(now):
            self.failed(Failure(ErrorKind.TIMEOUT, f"Azure Speech: no connection within {CONNECT_S:g} s"))
            return
        if signs.passes_over_speech(now):
            signs.loud_ms = 0.0
            if self._engine.suspicions.may_suspect(self._options.session_id):
                self._stalled("speech without any answer")
                return
        if signs.is_silent:
            self._stalled(f"no sign of life in {signs.unanswered_ms / 1000:.0f} s of audio")
            return
        if self._is_to_be_replaced and now >= self._renew_at and self._utterances.idle and signs.loud_ms == 0.0:
            self._renew()
        if self._native is not None and self._utterances.note_unended(now):
            self._show_end(self._native)
        outcomes = self._utterances.tick(now)
        if isinstance(outcomes, Stalled):
            self._stalled(outcomes.detail)
        else:
            self._tell_outcomes(outcomes)

    def _hand_over(self, held: bytes) -> None:
        if held and self._native is not None:
            self._native.push(held)

    def _check_later(self) -> None:
        self._timer = self._loop.call_later(CHECK_S, self._check)

    @property
    def _is_to_be_replaced(self) -> bool:
        """Whether the SDK holds so much of what it was given that another recognizer is to go on."""
        return self._positions.sent_ms >= self._engine.renew_ms or self._signs.holds_much

    def _renew(self) -> None:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._replace(), name="azure-recognizer-renewal")

    async def _replace(self) -> None:
        """Listen by another recognizer from here on."""
        listener = SdkListener(self)
        try:
            native = await self._engine.make(self._options, listener)
        except RecognizerError as error:
            log.warning("a recognizer could not be replaced: %s", error)
            self._renew_at = self._loop.time() + RENEW_AGAIN_S
            return
        former = self._native
        if former is None or not self._utterances.idle or self._signs.loud_ms > 0.0:
            # The silence is over: later, then.
            listener.forget()
            self._engine.leave(native)
            return
        self.listener.forget()
        self._hand_over(self._quiet.take())
        former.silence()
        self._engine.replaced(self, former, native)
        self.listener, self._native = listener, native
        self._quiet = QuietFrames(native.together_ms)
        self._positions = Positions(self._positions.caller_ms)
        self._signs.replaced(self._loop.time())

    def _stalled(self, detail: str) -> None:
        self._engine.suspicions.suspect(self._options.session_id)
        self.failed(Failure(ErrorKind.TIMEOUT, f"Azure Speech: {detail}"))

    # telling

    def _tell_ready(self) -> None:
        if not self._ready and self._report is not None:
            self._ready = True
            self._report(RecognitionReady())

    def _tell_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if self._report is not None:
                self._report(outcome)

    def _end(self) -> "asyncio.Future[None] | None":
        """Report nothing from now on, and let the SDK's side go."""
        self._report = None
        self.listener.forget()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._renewing is not None:
            self._renewing.cancel()
        native, self._native = self._native, None
        if native is None:
            return None
        native.silence()
        return self._engine.let_go(self, native)
