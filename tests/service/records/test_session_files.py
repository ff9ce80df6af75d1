"""A worker leaves session files where it is told to, without what was said, and no conversation depends on them."""

import array
import asyncio
import io
import json
import sys
import wave
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from app.api.asgi import app_of
from app.replay.recording import read
from app.replay.replaying import replayed
from app.services import Services
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.service_kit import FAKES, running
from tests.kit.serving import EARSHOT, eventually, run, serving

SAID = "my name is Hopkins, call +1 206 555 0142, my secret is forty two"
VOICE = array.array("h", [15_000, -15_000] * 160).tobytes()
SECRETS = ("Hopkins", "206", "0142", "secret", "forty")


async def connected(service: Services, app: Any, session_id: str) -> AsgiSocket:
    """A connection that has a session; a worker on a machine that is busy for a moment turns away."""
    while True:
        socket = AsgiSocket(app, CONVERSATION, session_id=session_id)
        for _ in range(200):
            if session_id in service.sessions.live:
                return socket
            await asyncio.sleep(0.01)
        socket.close()


async def converse(service: Services, app: Any, session_id: str, *, hang_up: bool = True) -> None:
    """Type something, hear the beginning of the reply, and hang up."""
    async with asyncio.timeout(60):
        socket = await connected(service, app, session_id)
        socket.send(json.dumps({"type": "text", "text": SAID}))
        while not any("first_audio_ms" in event.times_ms for event in service.timelines.of(session_id).events):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if not hang_up:
            return
        socket.send(json.dumps({"type": "hang_up"}))
        while session_id in service.sessions.live:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    socket.close()


def conversation(environ: dict[str, str], *, hang_up: bool = True) -> None:
    """Hold one with a service that ends afterwards."""

    async def main() -> None:
        async with running(environ) as service:
            await converse(service, app_of(service), "session-1", hang_up=hang_up)

    asyncio.run(main())


@pytest.mark.parametrize("content", [True, False])
def test_a_conversation_leaves_a_file_that_replays(tmp_path: Path, content: bool) -> None:
    conversation(
        {
            "RECORD_SESSIONS": "all",
            "RECORD_DIRECTORY": str(tmp_path / "files"),
            "LOG_CONTENT": "on" if content else "off",
        }
    )
    (path,) = (tmp_path / "files").iterdir()
    found = read(path)
    assert (found.session.session_id, found.session.content) == ("session-1", content)
    assert found.over.ending == "NORMAL"
    replay = replayed(found)
    assert replay.same
    assert replay.decisions > 5
    texts = path.read_text().split('"')[1::2]
    assert any("Hopkins" in text for text in texts) is content
    assert [secret for secret in SECRETS if any(secret.lower() in text.lower() for text in texts)] == (
        list(SECRETS) if content else []
    )


def test_a_session_that_is_open_when_the_worker_ends_leaves_its_file(tmp_path: Path) -> None:
    conversation({"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path)}, hang_up=False)
    (path,) = tmp_path.iterdir()
    assert replayed(read(path)).same


def test_a_session_without_a_fault_leaves_none_where_only_errors_do(tmp_path: Path) -> None:
    conversation({"RECORD_SESSIONS": "on_error", "RECORD_DIRECTORY": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_unless_it_is_asked_for(tmp_path: Path) -> None:
    conversation({"RECORD_DIRECTORY": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_to_is_one_line_and_costs_no_conversation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_bytes(b"")
    conversation({"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path / "taken")})
    lines = [record.getMessage() for record in caplog.records if record.name == "app.replay.files"]
    assert lines == ["a session file is lost: it cannot be written: File exists"]


def has_talked(url: str) -> bool:
    """Whether a conversation took place: a worker on a machine that is busy for a moment turns away."""
    address = f"{url.replace('http', 'ws', 1)}{CONVERSATION}?session_id=session-2"
    try:
        with connect(address, proxy=None, open_timeout=60, close_timeout=1) as conversation:
            conversation.send(json.dumps({"type": "text", "text": SAID}))
            while '"turn_metrics"' not in str(conversation.recv(timeout=60)):
                pass
            conversation.send(json.dumps({"type": "hang_up"}))
    except (ConnectionClosed, InvalidHandshake):
        return False
    return True


def audio_of(environ: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any], httpx.Response]:
    """Hold a conversation; its record, its timeline and its audio, as operators are shown them."""

    async def main() -> tuple[dict[str, Any], dict[str, Any], httpx.Response]:
        async with running({**environ, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}) as service:
            app = app_of(service)
            transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
                await talk(service, app)
                async with asyncio.timeout(60):
                    while (audio := await client.get("/sessions/session-1/audio")).status_code == 404:
                        if not service.settings.records.audio:
                            break
                        await asyncio.sleep(0.05)
                record = (await client.get("/sessions/session-1/record")).json()
                return record, (await client.get("/sessions/session-1/timeline")).json(), audio

    return asyncio.run(main())


async def talk(service: Services, app: Any) -> None:
    async with asyncio.timeout(60):
        socket = await connected(service, app, "session-1")
        timeline = service.timelines.of("session-1")
        while not any(event.kind == "heard" for event in timeline.events):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for _ in range(50):
            socket.send(VOICE)
            await asyncio.sleep(0.02)
        socket.send(json.dumps({"type": "hang_up"}))
        while "session-1" in service.sessions.live:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    socket.close()


def test_the_audio_of_both_sides_is_there_where_it_is_asked_for(tmp_path: Path) -> None:
    environ = {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path), "RECORD_AUDIO": "on"}
    record, timeline, answer = audio_of(environ)
    assert record["audio"] is True
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    with wave.open(io.BytesIO(answer.content)) as sound:
        both = array.array("h", sound.readframes(sound.getnframes()))
        rate_hz = sound.getframerate()
    (path,) = tmp_path.glob("*.wav")
    assert path.read_bytes() == answer.content
    assert path.stat().st_mode & 0o777 == 0o600
    # The notice is heard before a word of the caller is kept, and the timeline says when.
    told_s = next(event["at"] for event in timeline["events"] if event["kind"] == "heard") - timeline["audio_at"]
    before = round(told_s * rate_hz) - rate_hz // 50
    assert not any(both[0 : 2 * before : 2])
    assert any(both[1 : 2 * before : 2])
    assert sum(abs(sample) > 10_000 for sample in both[0::2]) > rate_hz // 2
    (file,) = tmp_path.glob("*.jsonl")
    assert read(file).over.audio is not None
    assert replayed(read(file)).same
    ended = run(sys.executable, "-m", "app", "replay", str(file))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_its_own_setting_there_is_no_audio(tmp_path: Path) -> None:
    record, timeline, answer = audio_of({"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path)})
    assert (record["audio"], timeline["audio_at"], answer.status_code) == (False, None, 404)
    assert [path.suffix for path in tmp_path.iterdir()] == [".jsonl"]


def test_what_a_server_leaves_the_command_line_replays(tmp_path: Path) -> None:
    environ = {**FAKES, "RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path)}
    with serving(EARSHOT, **environ) as server:
        eventually(lambda: has_talked(server.url))
        eventually(lambda: any(tmp_path.glob("session-*-session-2.jsonl")))
    *_, path = sorted(tmp_path.iterdir())
    ended = run(sys.executable, "-m", "app", "replay", str(path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("same decisions: ")
