"""Who sees a session."""

import time

from actors.messages.output import ErrorShown, OutputMessage
from app.browser.session_output import SessionOutput
from app.console.timeline import Timeline


class Screen:
    """A socket that shows a session, or cannot."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.shown: list[OutputMessage] = []
        self.closed: list[int] = []

    def tell(self, message: OutputMessage) -> None:
        if self.broken:
            raise ZeroDivisionError
        self.shown.append(message)

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


def test_a_socket_that_fails_is_closed_and_the_others_are_shown_everything() -> None:
    output = SessionOutput("session", Timeline(time.time, (), content=False), log_content=False)
    connection, broken, dashboard = Screen(), Screen(broken=True), Screen()
    output.connection = connection
    output.dashboards = {broken, dashboard}
    message = ErrorShown("sorry")
    output.tell(message)
    assert (connection.shown, dashboard.shown) == ([message], [message])
    assert (connection.closed, broken.closed, dashboard.closed) == ([], [1011], [])


def test_a_connection_that_fails_is_closed() -> None:
    output = SessionOutput("session", Timeline(time.time, (), content=False), log_content=False)
    broken = Screen(broken=True)
    output.connection = broken
    output.tell(ErrorShown("sorry"))
    assert broken.closed == [1011]
