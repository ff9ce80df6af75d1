"""Authorises browsers' WebSockets. One that is refused is accepted and closed, since a page sees only a close code."""

import hmac

from starlette.types import Message

from actors.conversation import SessionRecord
from actors.errors import StoreError
from app.auth.browser import Grant
from app.auth.jwt import TokenError
from app.errors import AppError
from app.limits.clients import TooManyError
from app.server.sockets.socket_writer import OVERLOADED, REFUSED
from app.sessions.known_sessions import KnownSessions

SESSION_ID_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-")
MAX_SESSION_ID = 128
SESSION_ID_FORM = f"at most {MAX_SESSION_ID} letters, digits and . _ : -"


class SocketRefusedError(AppError):
    """A browser's WebSocket is refused: it is closed with `code` and `reason` before any session exists."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def close_message(refused: SocketRefusedError | TooManyError) -> Message:
    """Return the message that closes an accepted WebSocket that is refused, with a code and a reason for its page."""
    code = refused.code if isinstance(refused, SocketRefusedError) else OVERLOADED
    return {"type": "websocket.close", "code": code, "reason": refused.reason}


def require_session_id(session_id: str) -> None:
    """Check that a session id has the permitted form; an empty one stands for a new session.

    Raises:
        SocketRefusedError: it has not.
    """
    if not usable_session_id(session_id):
        raise SocketRefusedError(REFUSED, f"session_id: {SESSION_ID_FORM}")


def usable_session_id(session_id: str) -> bool:
    """Whether an id has the form SESSION_ID_FORM, or is empty."""
    return len(session_id) <= MAX_SESSION_ID and set(session_id) <= SESSION_ID_CHARS


def require_granted_agent(grant: Grant, agent: str) -> None:
    """Check that a token covers the agent that is asked for; an empty name is not checked.

    Raises:
        SocketRefusedError: the token is for another agent.
    """
    try:
        grant.require(agent=agent)
    except TokenError as error:
        raise SocketRefusedError(REFUSED, f"token {error.reason}") from None


async def require_resume_token(
    sessions: KnownSessions, session_id: str, offered: str, *, demanded: bool
) -> SessionRecord | None:
    """Check the resume token of the session that a client names, be it live or stored; a wrong token is always refused.

    Returns the record of a session that is stored and not live.

    Raises:
        SocketRefusedError: the token is wrong, or it is demanded and missing; or the store does not answer, so that an
            interrupted conversation would begin anew.
    """
    record = None
    if session_id and sessions.live(session_id) is None:
        try:
            record = await (sessions.required(session_id) if offered else sessions.stored(session_id))
        except StoreError:
            raise SocketRefusedError(OVERLOADED, "the session cannot be looked up, try again soon") from None
    # Looked at after the store: somebody may have begun the session meanwhile.
    live = sessions.live(session_id)
    expected = live.plan.resume_token if live else record.resume_token if record else ""
    if live or record:
        if not offered and demanded:
            raise SocketRefusedError(REFUSED, "a session is gone on with by its resume token only")
        if offered and expected and not hmac.compare_digest(offered.encode(), expected.encode()):
            raise SocketRefusedError(REFUSED, "the resume token is not this session's")
        if demanded and not expected:
            raise SocketRefusedError(REFUSED, "this session cannot be gone on with")
    return None if live else record
