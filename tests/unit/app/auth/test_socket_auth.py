"""Who may open a browser's WebSocket: the id of a session, the agent of a token, and the session's resume token."""

from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import pytest

from app.auth.browser import Grant
from app.auth.socket_auth import (
    MAX_SESSION_ID,
    SocketRefusedError,
    close_message,
    require_granted_agent,
    require_resume_token,
    require_session_id,
)
from app.limits.clients import TooManyError
from app.server.sockets.socket_writer import OVERLOADED, REFUSED

ENTRY = SimpleNamespace(plan=SimpleNamespace(resume_token="right"))
RECORD = SimpleNamespace(resume_token="right")


@pytest.mark.parametrize("session_id", ["", "session_1", "a.b:c-d_e", "x" * MAX_SESSION_ID])
def test_an_id_that_can_be_used(session_id: str) -> None:
    require_session_id(session_id)


@pytest.mark.parametrize("session_id", ["../x", "a b", "ä", "x" * (MAX_SESSION_ID + 1)])
def test_an_id_that_cannot(session_id: str) -> None:
    with pytest.raises(SocketRefusedError, match="session_id: at most 128 letters"):
        require_session_id(session_id)


def test_a_token_is_for_its_agent() -> None:
    grant = Grant("s", "concierge")
    require_granted_agent(grant, "concierge")
    require_granted_agent(grant, "")
    with pytest.raises(SocketRefusedError, match="token for another agent"):
        require_granted_agent(grant, "other")


def test_a_page_is_shown_the_code_and_the_reason() -> None:
    refused = SocketRefusedError(REFUSED, "token expired")
    assert close_message(refused) == {"type": "websocket.close", "code": REFUSED, "reason": "token expired"}
    busy = TooManyError("too many connections", 2)
    assert close_message(busy) == {"type": "websocket.close", "code": OVERLOADED, "reason": busy.reason}


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize(
    ("offered", "demanded", "refusal"),
    [
        ("right", True, ""),
        ("right", False, ""),
        ("", False, ""),
        ("wrong", False, "the resume token is not this session's"),
        ("wrong", True, "the resume token is not this session's"),
        ("", True, "by its resume token only"),
    ],
)
async def test_a_session_is_gone_on_with_by_its_token(
    is_live: bool, offered: str, demanded: bool, refusal: str
) -> None:
    sessions = Mock(stored=AsyncMock(return_value=RECORD), required=AsyncMock(return_value=RECORD))
    sessions.live.return_value = ENTRY if is_live else None
    if refusal:
        with pytest.raises(SocketRefusedError, match=refusal):
            await require_resume_token(sessions, "s", offered, demanded=demanded)
        return
    record = await require_resume_token(sessions, "s", offered, demanded=demanded)
    assert (record is None) is is_live


async def test_a_session_that_somebody_began_while_the_store_was_asked_is_theirs() -> None:
    sessions = Mock(stored=AsyncMock(return_value=None))
    sessions.live.side_effect = [None, ENTRY]
    with pytest.raises(SocketRefusedError, match="by its resume token only"):
        await require_resume_token(sessions, "s", "", demanded=True)


async def test_a_new_session_needs_none() -> None:
    sessions = Mock(stored=AsyncMock(return_value=None))
    sessions.live.return_value = None
    assert await require_resume_token(sessions, "", "", demanded=True) is None
    assert sessions.stored.await_count == 0
