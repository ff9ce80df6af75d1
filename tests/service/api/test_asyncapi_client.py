"""A client that knows nothing but `/asyncapi.json`: it opens every WebSocket, says all that may be said on it, and
holds whatever comes against what the document says may come."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jsonschema_rs
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, serving

QUIET_S = 3.0
"""Nothing having come for so long, the socket is taken to say no more."""
LAST = ("hang_up",)
"""What ends a conversation is said when all else was."""


@pytest.fixture(scope="module", name="server")
def fixture_server() -> Iterator[Server]:
    with serving(EARSHOT, **{**FAKES, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}) as server:
        yield server


class Client:
    """Reads the document of a server."""

    def __init__(self, server: Server) -> None:
        self._address = server.url.replace("http", "ws", 1)
        answer = httpx.get(f"{server.url}/asyncapi.json", trust_env=False, timeout=60)
        self._document: dict[str, Any] = answer.json()

    def channels(self) -> dict[str, str]:
        """The addresses by the names of the channels, but those of calls that were announced, whose secrets are none of
        the document's."""
        found = {name: channel["address"] for name, channel in self._document["channels"].items()}
        return {name: address for name, address in found.items() if "{" not in address}

    def messages(self, channel: str, action: str) -> dict[str, dict[str, Any]]:
        """What the server receives or sends on a channel, by name."""
        reference = f"#/channels/{channel}"
        names = [
            message["$ref"].rpartition("/")[2]
            for operation in self._document["operations"].values()
            if operation["action"] == action and operation["channel"]["$ref"] == reference
            for message in operation["messages"]
        ]
        return {name: self._document["components"]["messages"][name] for name in names}

    def examples(self, channel: str) -> list[str | bytes]:
        """All that may be said on a channel, as it is said."""
        messages = sorted(self.messages(channel, "receive").items(), key=lambda named: named[0] in LAST)
        return [
            json.dumps(message["examples"][0]["payload"]) if message.get("examples") else bytes(640)
            for _, message in messages
        ]

    def may_send(self, channel: str, said: str | bytes) -> str:
        """The name of the message of the document that this is; empty if it is none."""
        for name, message in self.messages(channel, "send").items():
            if isinstance(said, bytes):
                if not message.get("examples"):
                    return name
                continue
            schema = {**message["payload"], "components": self._document["components"]}
            if jsonschema_rs.Draft202012Validator(schema).is_valid(json.loads(said)):
                return name
        return ""

    @asynccontextmanager
    async def open(self, channel: str, **query: str) -> AsyncIterator[ClientConnection]:
        """A socket of that channel."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        address = f"{self._address}{self.channels()[channel]}?{asked}"
        async with connect(address, proxy=None, open_timeout=60, max_size=None, max_queue=None) as socket:
            yield socket


async def heard(socket: ClientConnection, most: int) -> list[str | bytes]:
    """What comes until it is quiet, or closed; `most` messages."""
    found: list[str | bytes] = []
    try:
        async with asyncio.timeout(60):
            while len(found) < most:
                found.append(await asyncio.wait_for(socket.recv(), QUIET_S))
    except (ConnectionClosed, TimeoutError):
        return found
    return found


def unknown(client: Client, channel: str, came: list[str | bytes]) -> list[str | bytes]:
    """What the document does not know."""
    return [said[:300] for said in came if not client.may_send(channel, said)]


@pytest.mark.parametrize("encoding", ["json", "binary"])
@pytest.mark.parametrize("name", ["realtime_conversation", "browser_conversation"])
async def test_a_conversation_and_who_watches_it(server: Server, name: str, encoding: str) -> None:
    client = Client(server)
    session_id = f"{name}-{encoding}"
    relay = name.replace("conversation", "dashboard_relay")
    async with client.open(name, session_id=session_id, encoding=encoding, marks="1") as socket:
        came = [await socket.recv()]
        async with client.open(relay, session_id=session_id) as watching:
            for example in client.examples(name):
                await socket.send(example)
            came += await heard(socket, 2_000)
            seen = await heard(watching, 50)
    assert unknown(client, name, came) == []
    assert unknown(client, relay, seen) == []
    kinds = {client.may_send(name, said) for said in came}
    assert len(kinds) > 4, kinds
    assert seen


async def test_the_media_socket_of_the_telephone_network(server: Server) -> None:
    client = Client(server)
    async with client.open("media_stream", session_id="media", call_connection_id="call-1") as socket:
        for example in client.examples("media_stream"):
            await socket.send(example)
        came = await heard(socket, 200)
    assert came
    assert unknown(client, "media_stream", came) == []


async def test_the_console(server: Server) -> None:
    client = Client(server)
    async with client.open("console") as socket:
        for example in client.examples("console"):
            await socket.send(example)
        came = await heard(socket, 2)
    assert len(came) == 2
    assert unknown(client, "console", came) == []


def test_every_channel_is_opened_here(server: Server) -> None:
    opened = {"realtime_conversation", "browser_conversation", "realtime_dashboard_relay", "browser_dashboard_relay"}
    assert set(Client(server).channels()) == opened | {"media_stream", "console"}


def test_what_the_document_does_not_know_is_seen(server: Server) -> None:
    client = Client(server)
    other: list[str | bytes] = ['{"type": "overview", "workers": "none"}', b"\0\0"]
    assert unknown(client, "console", other) == other
