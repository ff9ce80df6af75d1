"""How many files a caller's frame and an event of the carrier pass, on a running server, as the documents say it."""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, Server, eventually, serving
from tests.kit.source import ROOT

TRANSPORT = "app/server/sockets/hypercorn_fast_path_protocol.py"
ROUTE = "app/telephony/acs/callback_routes.py"
SILENCE, VOICE = bytes(640), b"\x00\x30\x00\xd0" * 160
METADATA = {"subscriptionId": "s", "encoding": "PCM", "sampleRate": 16_000, "channels": 1, "length": 640}


def told_of(what: str) -> list[list[str]]:
    """The files in each sentence of the paragraph of the architecture that begins to count `what`."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").replace("\n", " ")
    (paragraph,) = re.findall(rf"Counted on a running server, [^:]*?{what}[^:]*:.*?  ", text)
    counted = re.findall(r"(\d) (?:files|more)", paragraph)
    sentences = [re.findall(r"`([a-z_/]+\.py)`", part.partition(":")[2]) for part in paragraph.split(". ")]
    named = [files for files in sentences if files]
    assert [len(files) for files in named] == [int(number) for number in counted]
    return named


@contextmanager
def call(server: Server) -> Iterator[ClientConnection]:
    """A call that only its media socket tells of."""
    url = server.url.replace("http", "ws", 1) + "/api/v1/media/stream?call_connection_id=call-1"
    with connect(url, proxy=None, open_timeout=60) as socket:
        socket.send(json.dumps({"kind": "AudioMetadata", "audioMetadata": METADATA}))
        yield socket


def frame(pcm: bytes) -> str:
    data = {
        "timestamp": "2026-01-01T00:00:00Z",
        "participantRawID": "",
        "data": base64.b64encode(pcm).decode(),
        "silent": False,
    }
    return json.dumps({"kind": "AudioData", "audioData": data})


def tone(number: int) -> list[dict[str, Any]]:
    data = {"callConnectionId": "call-1", "serverCallId": "x", "correlationId": "y", "sequenceId": number}
    kind = "Microsoft.Communication.ContinuousDtmfRecognitionToneReceived"
    return [
        {
            "id": f"event-{number}",
            "source": "calling/callConnections/call-1",
            "type": kind,
            "specversion": "1.0",
            "time": "2026-01-01T00:00:00Z",
            "data": {**data, "tone": "five"},
        }
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("trace_ways", **FAKES) as server:
        yield server


def traced(server: Server) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = server.get("/traced").json()
    return found


def shortest(ways: list[list[str]]) -> list[str]:
    return min(ways, key=lambda way: len(way))


def handed_on(stack: list[str], begins: str) -> list[str]:
    return list(dict.fromkeys(stack[stack.index(begins) :]))


def test_a_frame_passes_the_files_that_the_architecture_names(server: Server) -> None:
    by, asked = told_of("a frame of a telephone call")
    with call(server) as socket:
        socket.send(frame(SILENCE))
        server.get(f"/trace?begins={TRANSPORT} data_received&ends_in=actors/rules/")
        for number in range(40):
            socket.send(frame(VOICE if number > 20 else SILENCE))
            time.sleep(0.02)
        found = traced(server)
    assert found["ways"], "no frame came to a rule"
    # What is done once in a while is no part of the way.
    assert set(shortest(found["ways"])) == {*by, *asked}
    assert handed_on(shortest(found["stacks"]), TRANSPORT) == by
    assert len(by) <= 10


def test_an_event_passes_the_files_that_the_architecture_names_and_comes_back_to_none(server: Server) -> None:
    (by,) = told_of("an event")
    with call(server):
        eventually(lambda: server.get("/api/v1/health").json()["active_sessions"] == 1)
        server.get(f"/trace?begins={ROUTE} callbacks&ends_in=actors/session/")
        answer = httpx.post(
            f"{server.url}/api/v1/calls/callbacks", json=tone(1), trust_env=False, verify=AUTHORITIES, timeout=60
        )
        assert answer.json()["processed_events"] == 1
        (stack,) = traced(server)["stacks"]
    way = stack[stack.index(ROUTE) :]
    assert way == by
    assert len(set(way)) == len(way) <= 5, "it comes back to a file"
