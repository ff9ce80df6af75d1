"""A session is found live, or stored, and a store that fails is as good as none."""

import asyncio
import logging
from typing import cast

import pytest

from actors.conversation import SessionRecord
from actors.errors import ErrorKind, StoreError
from actors.session.sessions import SessionEntry
from app.auth.socket_auth import SocketRefusedError, require_resume_token
from app.server.sockets.socket_writer import OVERLOADED
from app.sessions.known_sessions import KnownSessions

ENTRY = cast("SessionEntry", object())
RECORD = cast("SessionRecord", object())


async def load(session_id: str) -> SessionRecord | None:
    if session_id == "broken":
        raise StoreError(ErrorKind.UNAVAILABLE, "the disk is full")
    return {"kept": RECORD}.get(session_id)


SESSIONS = KnownSessions({"live": ENTRY}.get, load)


def test_a_live_session_is_found_by_its_id() -> None:
    assert SESSIONS.live("live") is ENTRY
    assert SESSIONS.live("kept") is None


def test_a_stored_session_is_found_by_its_id() -> None:
    assert asyncio.run(SESSIONS.stored("kept")) is RECORD
    assert asyncio.run(SESSIONS.stored("live")) is None


def test_a_store_that_does_not_answer_is_logged_and_knows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(SESSIONS.stored("broken")) is None
    (line,) = caplog.messages
    assert line.startswith("the session store does not answer")


def test_somebody_who_comes_back_is_not_begun_anew_with_while_nobody_knows(caplog: pytest.LogCaptureFixture) -> None:
    assert asyncio.run(SESSIONS.required("kept")) is RECORD
    with pytest.raises(StoreError):
        asyncio.run(SESSIONS.required("broken"))
    with pytest.raises(SocketRefusedError) as refused:
        asyncio.run(require_resume_token(SESSIONS, "broken", "resume_me", demanded=False))
    assert refused.value.code == OVERLOADED
    assert asyncio.run(require_resume_token(SESSIONS, "broken", "", demanded=False)) is None
    assert "somebody has to come back later" in caplog.text
