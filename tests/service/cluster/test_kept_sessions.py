"""Two servers that share Redis: what is kept of a session is had from either, with the audio, as long as one has it."""

import array
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.cluster.file_passing import PIECE_BYTES
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving
from tests.service.console.console_kit import TOKEN, ask, conversation

VOICE = array.array("h", [15_000, -15_000] * 160).tobytes()
FRAME_S = 0.02
SPOKEN_S = 6.0
"""Its audio is more than a piece."""
SESSION = "recorded"


@contextmanager
def two_servers(directory: Path, **more: str) -> Iterator[tuple[Server, Server]]:
    """Each with a directory of its own for what it records."""
    with redis_server(directory) as redis, ExitStack() as stack:
        made = []
        for name in ("one", "other"):
            environ = {**FAKES, "REDIS_URL": redis.url, "OPERATOR_TOKEN": TOKEN, "RECORD_SESSIONS": "all"}
            environ |= {"RECORD_AUDIO": "on", "RECORD_DIRECTORY": str(directory / name), **more}
            made.append(stack.enter_context(serving(EARSHOT, **environ)))
        yield made[0], made[1]


def converse(server: Server) -> None:
    """Hear that it is recorded, speak for SPOKEN_S, and hang up."""
    with conversation(server, SESSION) as talk:
        eventually(lambda: '"heard"' in ask(server, "GET", f"/sessions/{SESSION}/timeline").text)
        begun = time.monotonic()
        for number in range(round(SPOKEN_S / FRAME_S)):
            time.sleep(max(0.0, begun + number * FRAME_S - time.monotonic()))
            talk.send(VOICE)
        talk.send(json.dumps({"type": "hang_up"}))
        eventually(lambda: ask(server, "GET", f"/sessions/{SESSION}/audio").status_code == 200)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_kept_of_a_session_is_the_same_at_every_server(tmp_path: Path, workers: str) -> None:
    with two_servers(tmp_path, WEB_CONCURRENCY=workers) as (one, other):
        converse(one)
        (file,) = (tmp_path / "one").glob("*.wav")
        assert file.stat().st_size > PIECE_BYTES
        assert list((tmp_path / "other").glob("*")) == []
        # More often than there are workers: each of them is asked, as the kernel has it.
        for _ in range(4):
            for kept in ("timeline", "audio", "record", "transcript"):
                here, there = (ask(server, "GET", f"/sessions/{SESSION}/{kept}") for server in (one, other))
                assert (there.status_code, there.headers["content-type"]) == (200, here.headers["content-type"]), kept
                assert there.content == here.content, kept
        assert ask(other, "GET", f"/sessions/{SESSION}/audio").content == file.read_bytes()
        assert ask(other, "GET", f"/sessions/{SESSION}/timeline").json()["audio_at"] is not None
        record = ask(other, "GET", f"/sessions/{SESSION}/record").json()
        assert (record["audio"], record["host"]) == (True, socket.gethostname())


def test_of_a_session_that_is_live_elsewhere_there_is_no_record_yet(tmp_path: Path) -> None:
    with two_servers(tmp_path) as (one, other), conversation(one, SESSION):
        eventually(lambda: ask(other, "GET", f"/sessions/{SESSION}/timeline").status_code == 200)
        for server in (one, other):
            assert ask(server, "GET", f"/sessions/{SESSION}/record").status_code == 409
            assert ask(server, "GET", f"/sessions/{SESSION}/audio").status_code == 404
            assert ask(server, "GET", "/sessions/nobodys/record").status_code == 404


def test_audio_that_no_server_has_any_more_is_said_to_lie_where_it_was_recorded(tmp_path: Path) -> None:
    with two_servers(tmp_path) as (one, other):
        converse(one)
        one.process.terminate()
        one.process.wait(timeout=60)

        def detail() -> str:
            return str(ask(other, "GET", f"/sessions/{SESSION}/audio").json()["detail"])

        eventually(lambda: "RECORD_DIRECTORY" in detail())
        assert detail().endswith(f"it lies in RECORD_DIRECTORY of {socket.gethostname()}")
        assert ask(other, "GET", f"/sessions/{SESSION}/record").status_code == 200
        assert ask(other, "GET", "/sessions/nobodys/audio").json()["detail"].startswith("no worker has audio of")
