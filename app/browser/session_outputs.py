"""The outputs of a worker's sessions, by session id."""

from collections.abc import Container

from app.browser.session_output import SessionOutput, Viewer
from app.console.timeline import Timelines


class SessionOutputs(Container[str]):
    """Makes the output of a session when it is first asked for, and forgets it when it is not needed any more.

    `live` holds the ids of live sessions, `timelines` the events of each. Belongs to the loop's thread.
    """

    def __init__(self, live: Container[str], timelines: Timelines, *, log_content: bool) -> None:
        self._live = live
        self._timelines = timelines
        self._log_content = log_content
        self._outputs: dict[str, SessionOutput] = {}
        self.elsewhere: dict[str, Viewer] = {}
        """By session id: what shows the session to the dashboards of other workers"""

    def of(self, session_id: str) -> SessionOutput:
        """Return the output of a session, which is made when it is first asked for."""
        known = self._outputs.get(session_id)
        if known is None:
            known = self._outputs[session_id] = SessionOutput(
                session_id, self._timelines.of(session_id), log_content=self._log_content, elsewhere=self.elsewhere
            )
        return known

    def get(self, session_id: str) -> SessionOutput | None:
        """Return the output of a session; None if it has none."""
        return self._outputs.get(session_id)

    def session_moved(self, session_id: str) -> None:
        """Let dashboards here follow a session at the worker that goes on with it, and not its end here."""
        former = self._outputs.pop(session_id, None)
        if former is not None and (dashboards := former.show_no_more()):
            self.of(session_id).dashboards = dashboards

    def forget_unused(self, session_id: str) -> None:
        """Forget a session's output once the session is over and nobody is connected to it."""
        output = self._outputs.get(session_id)
        if output and output.connection is None and not output.dashboards and session_id not in self._live:
            del self._outputs[session_id]

    @property
    def connected(self) -> int:
        """How many sessions have a connection, be it of a browser or of a call."""
        return sum(1 for output in self._outputs.values() if output.connection is not None)

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._outputs

    def __len__(self) -> int:
        return len(self._outputs)
