"""The conversation's WebSocket: what it accepts, what it refuses, and that one client never hurts another."""

import asyncio
import json
from array import array
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.runtime.clock import run_virtual
from app.api.asgi import app_of
from app.services import Services
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket, Closed
from tests.kit.service_kit import running

VOICE = array("h", [15_000, -15_000] * 160).tobytes()


class Client:
    """Collects what one socket is sent."""

    def __init__(self, service: Services, headers: Mapping[str, str] | None = None, **query: str) -> None:
        self.socket = AsgiSocket(app_of(service), CONVERSATION, headers, **query)
        self.texts: list[dict[str, Any]] = []
        self.binary: list[bytes] = []
        self.audio_at: list[float] = []
        self.closed: Closed | None = None
        self._task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                message = await self.socket.recv()
                if isinstance(message, bytes):
                    self.binary.append(message)
                    self.audio_at.append(loop.time())
                else:
                    self.texts.append(json.loads(message))
                    if self.texts[-1]["type"] == "audio_data":
                        self.audio_at.append(loop.time())
        except Closed as closed:
            self.closed = closed

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Text messages of one type."""
        return [message for message in self.texts if message["type"] == kind]

    def controls(self) -> list[str]:
        """The orders to the player."""
        return [message["action"] for message in self.of("control")]

    async def stream(self, seconds: float, *, voice: bool = False) -> None:
        """Audio in real time."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(int(seconds * 50)):
            self.socket.send(VOICE if voice else bytes(640))
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    def leave(self) -> None:
        """The client goes away."""
        self.socket.close()
        self._task.cancel()


def virtually(test: Any) -> Any:
    """Run an async test on virtual time, with a service."""

    def run() -> None:
        async def main() -> None:
            async with running() as service:
                await test(service)

        run_virtual(main())

    run.__name__ = test.__name__
    return run


@virtually
async def test_the_first_message_announces_the_session(service: Services) -> None:
    client = Client(service)
    await asyncio.sleep(0.1)
    payload = client.texts[0]["payload"]
    assert payload["event_type"] == "session"
    assert payload["session_id"] in service.sessions.live
    assert len(payload["resume_token"]) > 20
    assert (payload["sample_rate"], payload["encoding"]) == (48_000, "json")
    client.leave()


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"agent": "nobody"}, "agent"),
        ({"encoding": "mp3"}, "encoding"),
        ({"sample_rate": "44100"}, "sample_rate"),
        ({"marks": "maybe"}, "marks"),
        ({"streaming_mode": "telepathy"}, "streaming_mode"),
        ({"session_id": "../../etc"}, "session_id"),
        ({"session_id": "x" * 200}, "session_id"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_by_name(query: Mapping[str, Any], named: str) -> None:
    async def main() -> None:
        async with running() as service:
            client = Client(service, **query)
            await asyncio.sleep(0.1)
            assert client.closed is not None
            assert client.closed.code == 1008
            assert client.closed.reason.startswith(named)
            assert service.sessions.live == {}

    run_virtual(main())


@virtually
async def test_a_foreign_page_is_refused(service: Services) -> None:
    client = Client(service, {"origin": "https://evil.example", "host": "localhost:8000"})
    await asyncio.sleep(0.1)
    assert client.closed is not None
    assert client.closed.code == 1008


@virtually
async def test_our_own_page_is_not(service: Services) -> None:
    client = Client(service, {"origin": "http://localhost:8000", "host": "localhost:8000"})
    await asyncio.sleep(0.1)
    assert client.closed is None
    client.leave()


def test_over_capacity_is_told_at_once() -> None:
    async def main() -> None:
        async with running({"MAX_CONCURRENT_SESSIONS": "1"}) as service:
            first, second = Client(service), Client(service)
            await asyncio.sleep(0.1)
            assert first.closed is None
            assert second.closed is not None
            assert second.closed.code == 1013
            first.leave()

    run_virtual(main())


@virtually
async def test_draining_is_told_and_sessions_say_goodbye(service: Services) -> None:
    first = Client(service)
    await asyncio.sleep(1)
    await service.lifecycle.drain(asyncio.get_running_loop().time() + 20)
    second = Client(service)
    await asyncio.sleep(0.1)
    assert second.closed is not None
    assert second.closed.code == 1012
    told = [message["payload"].get("event_type") for message in first.of("event")]
    assert told == ["session", "draining"]
    assert "Goodbye" in first.of("assistant_final")[-1]["content"]
    assert first.of("session_end")[0]["reason"] == "NORMAL"
    await asyncio.sleep(0.1)
    assert first.closed is not None
    assert first.closed.code == 1012


@virtually
async def test_binary_audio_at_the_rate_asked_for(service: Services) -> None:
    client = Client(service, encoding="binary", sample_rate="16000", marks="1")
    await client.stream(1)
    assert {len(frame) for frame in client.binary} == {640}
    assert client.of("audio_data") == []
    assert client.controls() == ["audio_start"]
    client.leave()


@virtually
async def test_marks_make_what_was_heard_exact(service: Services) -> None:
    client = Client(service, encoding="binary", sample_rate="16000", marks="1")

    async def play() -> None:
        for ms in range(0, 700, 100):
            await asyncio.sleep(0.1)
            state = "playing" if ms < 600 else "empty"
            mark = {"type": "playout_mark", "turn": 0, "audio_ms": ms, "state": state}
            client.socket.send(json.dumps(mark))

    playing = asyncio.ensure_future(play())
    await client.stream(2)
    await playing
    (final,) = client.of("assistant_final")
    assert (final["content"], final["exactness"]) == ("Hello there.", "exact")
    client.leave()


@virtually
async def test_a_client_with_marks_is_paused_and_resumed(service: Services) -> None:
    client = Client(service, encoding="binary", sample_rate="16000", marks="1")
    await client.stream(0.2)
    await client.stream(0.08, voice=True)
    await client.stream(1.5)
    assert client.controls() == ["audio_start", "pause", "resume"]
    client.leave()


@virtually
async def test_typed_text_is_answered_however_it_comes(service: Services) -> None:
    client = Client(service)
    await client.stream(2)
    client.socket.send("good morning")
    await client.stream(5)
    client.socket.send(json.dumps({"type": "text", "text": "good evening"}))
    await client.stream(5)
    said = [m["payload"]["message"] for m in client.of("event") if m["sender"] == "User"]
    assert said == ["good morning", "good evening"]
    assert len(client.of("assistant_final")) == 3
    assert len(client.of("turn_metrics")) == 2
    client.leave()


@virtually
async def test_a_ping_is_answered(service: Services) -> None:
    client = Client(service)
    client.socket.send('{"type":"ping"}')
    await asyncio.sleep(0.1)
    assert len(client.of("pong")) == 1
    client.leave()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"type":"playout_mark","turn":1}', "playout_mark"),
        ('{"type":"playout_mark","turn":"x","audio_ms":1,"state":"playing"}', "turn"),
        ('{"type":"text"}', "text"),
        ('{"type":"text","text":"' + "x" * 5_000 + '"}', "text"),
    ],
)
def test_a_wrong_message_is_named_and_the_session_goes_on(text: str, named: str) -> None:
    async def main() -> None:
        async with running() as service:
            client = Client(service)
            client.socket.send(text)
            await client.stream(2)
            (error,) = client.of("error")
            assert named in error["payload"]["error_message"]
            assert "Traceback" not in json.dumps(error)
            assert client.closed is None
            assert len(client.of("assistant_final")) == 1
            client.leave()

    run_virtual(main())


@virtually
async def test_unknown_messages_are_tolerated(service: Services) -> None:
    client = Client(service)
    for text in ('{"kind":"AudioMetadata","payload":{"rate":16000}}', '{"type":"novelty"}', "{}", "", '{"type":7}'):
        client.socket.send(text)
    client.socket.send(b"\0")
    await client.stream(2)
    assert client.of("error") == []
    assert client.closed is None
    client.leave()


@virtually
async def test_too_much_audio_in_a_message_closes(service: Services) -> None:
    client = Client(service)
    client.socket.send(bytes(100_000))
    await asyncio.sleep(0.1)
    assert client.closed is not None
    assert client.closed.code == 1009


@virtually
async def test_who_comes_back_goes_on_and_is_not_greeted_again(service: Services) -> None:
    first = Client(service, session_id="mine")
    await first.stream(2)
    token = first.texts[0]["payload"]["resume_token"]
    first.leave()
    await asyncio.sleep(5)
    second = Client(service, session_id="mine", resume_token=token)
    await second.stream(1)
    assert second.texts[0]["payload"]["resume_token"] == token
    assert second.audio_at == []
    second.socket.send("hello again")
    await second.stream(4)
    assert len(second.of("assistant_final")) == 1
    second.leave()


@virtually
async def test_also_after_the_session_has_been_given_up(service: Services) -> None:
    first = Client(service, session_id="mine")
    await first.stream(2)
    first.leave()
    await asyncio.sleep(60)
    assert service.sessions.live == {}
    assert len(service.outputs) == 0
    second = Client(service, session_id="mine")
    await second.stream(2)
    assert second.audio_at == [], "it greeted again"
    entry = service.sessions.live["mine"]
    assert entry.session is not None
    assert [m.text for m in entry.session.record().messages] == ["Hello there."]
    second.leave()


@virtually
async def test_another_ones_resume_token_is_refused(service: Services) -> None:
    first = Client(service, session_id="mine")
    await first.stream(1)
    thief = Client(service, session_id="mine", resume_token="resume_guess")
    await asyncio.sleep(0.1)
    assert thief.closed is not None
    assert thief.closed.code == 1008
    assert first.closed is None
    first.leave()


@virtually
async def test_a_second_connection_takes_the_session_over(service: Services) -> None:
    first = Client(service, session_id="mine")
    await first.stream(2)
    second = Client(service, session_id="mine")
    await second.stream(0.5)
    assert first.closed is not None
    assert first.closed.code == 1008
    second.socket.send("hello")
    await second.stream(3)
    assert len(second.of("assistant_final")) == 1
    second.leave()


@virtually
async def test_the_end_is_told(service: Services) -> None:
    client = Client(service, session_id="mine")
    await client.stream(2)
    service.sessions.live["mine"].deliver(EndSession(Ending.NORMAL))
    await client.stream(5)
    assert [m["reason"] for m in client.of("session_end")] == ["NORMAL"]
    assert len(client.of("exit")) == 1
    assert client.closed is not None
    assert client.closed.code == 1000


@virtually
async def test_fifty_at_once_and_one_that_does_not_read(service: Services) -> None:
    async def lateness(deaf: int) -> list[float]:
        clients = [Client(service) for _ in range(50)]
        for client in clients[:deaf]:
            client.socket.reading.clear()
        await asyncio.gather(*(client.stream(2) for client in clients))
        await asyncio.gather(*(client.stream(1.2, voice=True) for client in clients))
        await asyncio.gather(*(client.stream(4) for client in clients))
        for client in clients[deaf:]:
            assert client.closed is None
            assert len(client.of("assistant_final")) == 2
        late = []
        for client in clients[deaf:]:
            gaps = [b - a for a, b in pairwise(client.audio_at) if b - a < 0.5]
            late.append(max(gaps))
            client.leave()
        for client in clients[:deaf]:
            client.socket.reading.set()
            client.leave()
        await asyncio.sleep(40)
        assert service.sessions.live == {}
        return late

    all_read = await lateness(deaf=0)
    one_deaf = await lateness(deaf=1)
    # Which slots of the play clock the sessions get is worth up to 4 ms.
    assert max(one_deaf) <= max(all_read) + 0.004


@virtually
async def test_who_does_not_read_is_closed_when_a_second_behind(service: Services) -> None:
    client = Client(service)
    await asyncio.sleep(0.05)
    client.socket.reading.clear()
    client.socket.send("tell me something long " * 20)
    await client.stream(15)
    client.socket.reading.set()
    await asyncio.sleep(2)
    assert client.socket.task.done()


@pytest.mark.parametrize(("switch", "logged"), [("on", True), ("off", False)])
def test_what_is_said_is_logged_only_if_that_is_switched_on(
    switch: str, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")

    async def main() -> None:
        async with running({"LOG_CONTENT": switch}) as service:
            client = Client(service)
            await client.stream(2)
            client.socket.send("the secret is forty two")
            await client.stream(5)
            client.leave()

    run_virtual(main())
    texts = " ".join(f"{record.getMessage()} {vars(record).get('text', '')}" for record in caplog.records)
    assert ("forty two" in texts) == logged


@virtually
async def test_a_client_that_hangs_up_ends_the_session_at_once(service: Services) -> None:
    client = Client(service)
    await asyncio.sleep(0.3)
    client.socket.send('{"type":"hang_up"}')
    await asyncio.sleep(0.1)
    assert client.closed is not None
    assert client.closed.code == 1000
    assert not service.sessions.live
    assert [message["reason"] for message in client.of("session_end")] == ["NORMAL"]
    client.leave()


@virtually
async def test_a_client_that_comes_back_is_told_whether_the_conversation_goes_on(service: Services) -> None:
    client = Client(service)
    await asyncio.sleep(0.3)
    opened = client.texts[0]["payload"]
    assert opened["resumed"] is False
    client.leave()
    await asyncio.sleep(1)
    again = Client(service, session_id=opened["session_id"], resume_token=opened["resume_token"])
    await asyncio.sleep(0.3)
    assert again.texts[0]["payload"]["resumed"] is True
    again.leave()


@virtually
async def test_who_comes_back_to_a_server_that_drains_is_told_so(service: Services) -> None:
    first = Client(service, session_id="mine")
    await first.stream(2)
    loop = asyncio.get_running_loop()
    drain = asyncio.ensure_future(service.lifecycle.drain(loop.time() + 60))
    await asyncio.sleep(1)
    first.leave()
    second = Client(service, session_id="mine")
    await second.stream(1)
    assert [message["payload"].get("event_type") for message in second.of("event")] == ["session", "draining"]
    second.socket.send('{"type":"hang_up"}')
    await drain


@virtually
async def test_a_server_that_does_not_drain_says_nothing_of_it(service: Services) -> None:
    client = Client(service)
    await client.stream(2)
    assert [message["payload"].get("event_type") for message in client.of("event")] == ["session"]
    client.leave()
