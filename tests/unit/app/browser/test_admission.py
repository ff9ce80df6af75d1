"""What a browser's handshake may ask for, and who is turned away."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest

from app.agents.roster import AgentRoster
from app.auth.socket_auth import SocketRefusedError
from app.browser import admission
from app.browser.admission import Asked, ConversationAdmission, Former
from app.server.sockets.socket_writer import OVERLOADED, REFUSED, RESTARTING
from app.sessions.modes import Modes
from tests.kit.session_kit import AGENT

AGENTS = AgentRoster({"tester": AGENT})
MODES = Modes("media", speech_to_speech=False)


def test_a_query_that_asks_for_nothing_gets_the_defaults() -> None:
    asked = Asked({}, AGENTS, MODES)
    assert (asked.mode, asked.agent, asked.agent_named) == ("media", AGENT, False)
    assert (asked.binary, asked.marks, asked.rate_hz) == (False, False, 48_000)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"session_id": "../x"}, "session_id:"),
        ({"agent": "nobody"}, "agent: one of tester"),
        ({"streaming_mode": "none"}, "streaming_mode:"),
        ({"streaming_mode": "voice_live"}, "streaming_mode: voice_live needs"),
        ({"encoding": "mp3"}, "encoding: one of json, binary"),
        ({"marks": "yes"}, "marks: one of 0, 1"),
        ({"sample_rate": "11025"}, "sample_rate: one of"),
    ],
)
def test_what_cannot_be_used_is_named(query: dict[str, str], reason: str) -> None:
    with pytest.raises(SocketRefusedError, match=reason) as refused:
        Asked(query, AGENTS, MODES)
    assert refused.value.code == REFUSED


def admitting(monkeypatch: pytest.MonkeyPatch, *, admits: bool = True, left: int = 1) -> ConversationAdmission:
    monkeypatch.setattr(admission, "admitted", lambda scope: SimpleNamespace(grant=None, subject=""))
    lifecycle = Mock()
    lifecycle.admits.return_value = admits
    known: Any = Mock()
    known.live.side_effect = {"mine": Mock()}.get
    known.live.return_value = None
    return ConversationAdmission(
        lifecycle=lifecycle,
        capacity=Mock(left=left),
        clients=Mock(),
        agents=AGENTS,
        modes=MODES,
        sessions=Mock(live={}),
        known_sessions=known,
        checkpoints=None,
    )


def handshake(**query: str) -> dict[str, Any]:
    return {"type": "websocket", "query_string": urlencode(query).encode(), "headers": []}


async def test_a_conversation_begins_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, former = await admitting(monkeypatch).admit(handshake(agent="tester"))
    assert (asked.agent_named, former) == (True, Former())


@pytest.mark.parametrize(("refuses", "code"), [({"admits": False}, RESTARTING), ({"left": 0}, OVERLOADED)])
async def test_a_worker_that_ends_or_is_full_takes_none(
    monkeypatch: pytest.MonkeyPatch, refuses: dict[str, Any], code: int
) -> None:
    with pytest.raises(SocketRefusedError) as refused:
        await admitting(monkeypatch, **refuses).admit(handshake())
    assert refused.value.code == code
