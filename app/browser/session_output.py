"""Session output: fans out a session's output to its connection, to dashboards, and with LOG_CONTENT to the log."""

import logging
from collections.abc import Mapping
from typing import Protocol

from actors.messages.output import AudioFrame, OutputMessage, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.recipient import Recipient
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.log_context import content
from app.console.timeline import Timeline

log = logging.getLogger(__name__)

INTERNAL_ERROR = 1011
"""The close code of a WebSocket after an error of the server (RFC 6455)."""


class Viewer(Recipient[OutputMessage], Protocol):
    """The sending side of a socket to which a session's output goes."""

    def close(self, code: int, reason: str) -> None:
        """Close the socket once what is queued has been sent."""
        ...


class SessionOutput:
    """Sends one session's output to everybody who is connected to it.

    `elsewhere` has, by session id, the viewers that pass the output on to dashboards of other workers.
    """

    __slots__ = ("_elsewhere", "_log_content", "_session_id", "_timeline", "connection", "dashboards")

    def __init__(
        self, session_id: str, timeline: Timeline, *, log_content: bool, elsewhere: Mapping[str, Viewer] | None = None
    ) -> None:
        self._session_id = session_id
        self._timeline = timeline
        self._log_content = log_content
        self._elsewhere: Mapping[str, Viewer] = {} if elsewhere is None else elsewhere
        self.connection: Viewer | None = None
        self.dashboards: set[Viewer] = set()

    def tell(self, message: OutputMessage) -> None:
        """Send `message` to everybody; dashboards get no audio."""
        if self._log_content:
            self._log(message)
        connection = self.connection
        if connection is not None:
            # As `_show` does, without a call for each frame of audio.
            try:
                connection.tell(message)
            except Exception as error:  # noqa: BLE001 - whatever it is
                self._give_up(connection, error)
        if type(message) is AudioFrame:
            return
        self._timeline.note(message)
        if self.dashboards:
            for dashboard in tuple(self.dashboards):
                self._show(dashboard, message)
        if (feed := self._elsewhere.get(self._session_id)) is not None:
            self._show(feed, message)

    def show_no_more(self) -> set[Viewer]:
        """Stop sending the output of a session that another worker goes on with; returns the dashboards that watched
        it."""
        dashboards, self.dashboards, self._elsewhere = self.dashboards, set(), {}
        return dashboards

    def _show(self, viewer: Viewer, message: OutputMessage) -> None:
        """Send `message` to one viewer; one that raises is closed, without harm to the session and to other viewers."""
        try:
            viewer.tell(message)
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._give_up(viewer, error)

    def _give_up(self, viewer: Viewer, error: Exception) -> None:
        report_failure(
            Failure.OUTPUT,
            log,
            "a socket that shows a session failed and is closed: %s",
            type(error).__name__,
            output="connection" if viewer is self.connection else "dashboard",
        )
        viewer.close(INTERNAL_ERROR, "the server could not show the session")

    def _log(self, message: OutputMessage) -> None:
        match message:
            case FinalTranscript(text=text, turn=turn):
                log.info("the user said", extra={"session": self._session_id, "turn": turn, **content(text=text)})
            case ReplyHeard(turn=turn, text=text):
                log.info("the user heard", extra={"session": self._session_id, "turn": turn, **content(text=text)})
            case _:
                return
