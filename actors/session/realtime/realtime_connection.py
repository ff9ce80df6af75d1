"""The connection to a speech-to-speech model: at most one session of it is open, or is being opened, at a time."""

import asyncio
from collections.abc import Callable
from typing import get_args

from actors.errors import ProviderError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.rules.well_typed import violation
from actors.runtime.closing import close_in_background
from actors.runtime.exits import tell_quietly
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.session.engine_events import RealtimeReported
from actors.session.engine_violations import EngineViolations, required_stream
from actors.session.realtime.guarded_realtime import GuardedRealtimeSession
from protocol.realtime.failure_kinds import FailureKind

_EVENTS = get_args(reported.RealtimeEvent)
_FREQUENT = (reported.ResponseAudio, reported.ResponseTranscript, reported.ResponseWord)
"""Events so frequent that they are handled at once, unless an actor is due: waking the loop for each of them costs more
than handling it. All others are queued, since an engine may report them from within an order."""


class RealtimeConnection:
    """Opens and closes the sessions of one conversation, and tells the events of the present one from those of others.

    Args:
        actor: whose tasks open the sessions; it is told each event as `RealtimeReported`, and a session that cannot be
            opened as one that was closed.
        model: the engine.
        options: called for what a session is asked for, when it is opened.
        on_opened: called with each session that is open, and what it was asked for.
    """

    def __init__(
        self,
        actor: SupervisedActor,
        model: port.RealtimeModel,
        options: Callable[[], port.RealtimeOptions],
        on_opened: Callable[[port.RealtimeSession, port.RealtimeOptions], None],
    ) -> None:
        self.session: port.RealtimeSession | None = None
        """The open session; None while there is none."""
        self._actor = actor
        self._model = model
        self._options = options
        self._on_opened = on_opened
        self._number = 0
        """The number of the session that is open or being opened; events of any other are ignored."""
        self._opening: asyncio.Task[None] | None = None
        self._violations = EngineViolations("speech to speech")

    def open(self) -> None:
        """Open a session in place of the former one, as a task of the actor."""
        self.close()
        number = self._number
        self._opening = self._actor.spawn(self._open(number), "realtime", self._open_failed(number))

    def close(self) -> None:
        """Close the session in the background, or give up its opening; nothing that it reports counts any more."""
        self._number += 1
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        session, self.session = self.session, None
        close_in_background(session)

    def has_reported(self, message: RealtimeReported) -> bool:
        """Whether an event is of the present session, and not of one that was closed."""
        return message.session == self._number

    async def _open(self, number: int) -> None:
        ref, inbox = self._actor.actor_ref, self._actor.actor_inbox

        def report(event: reported.RealtimeEvent) -> None:
            if wrong := violation(event, _EVENTS):
                self._violations.pass_over(wrong)
            elif not ref.is_alive():
                return
            elif type(event) in _FREQUENT:
                inbox.put_now(RealtimeReported(number, event))
            else:
                ref.tell(RealtimeReported(number, event))

        options = self._options()
        session = GuardedRealtimeSession(required_stream(await self._model.open(options, report)), report)
        if number != self._number or not ref.is_alive():
            await session.close()
            return
        self._opening, self.session = None, session
        self._on_opened(session, options)

    def _open_failed(self, number: int) -> Callable[[BaseException], None]:
        def failed(error: BaseException) -> None:
            kind, retry_after_s = FailureKind.TRANSIENT, None
            if isinstance(error, ProviderError):
                kind = FailureKind.TRANSIENT if error.retryable else FailureKind.FATAL
                retry_after_s = error.retry_after_s
            detail = str(error) or type(error).__name__
            report_failure(
                Failure.REALTIME, logger, "a speech-to-speech session cannot be opened: %s", detail, cause="open"
            )
            closed = reported.RealtimeClosed(kind, detail, retry_after_s)
            tell_quietly(self._actor.actor_ref, RealtimeReported(number, closed))

        return failed
