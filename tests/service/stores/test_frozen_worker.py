"""A worker that stood still while its session went on elsewhere leaves it, and neither speaks nor writes."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.stores.claim_notices import CHANNEL
from app.stores.redis_store import record_key
from app.stores.session_writes import claim_key
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, children, eventually, serving, stopped

PATH = "/api/v1/realtime/conversation"


class Reader(Thread):
    """Counts the audio that comes in until the socket is closed."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self.frames = 0
        self.start()

    def run(self) -> None:
        with suppress(ConnectionClosed):
            for message in self._connection:
                self.frames += json.loads(message)["type"] == "audio_data"


def test_a_worker_that_stood_still_leaves_the_session_that_went_on_elsewhere(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path) as redis,
        serving(EARSHOT, **FAKES, REDIS_URL=redis.url) as former,
        serving(EARSHOT, **FAKES, REDIS_URL=redis.url) as later,
        connect(former.url.replace("http", "ws", 1) + PATH, proxy=None) as caller,
    ):
        told = json.loads(caller.recv(timeout=30))["payload"]
        session_id = told["session_id"]
        reader = Reader(caller)
        eventually(lambda: reader.frames > 5, 20)
        eventually(lambda: redis.command("EXISTS", record_key(session_id)) == "1", 20)
        eventually(lambda: redis.command("PUBSUB", "NUMSUB", CHANNEL).split()[-1] == "2", 20)
        (worker,) = children(former.process.pid)
        os.kill(worker, signal.SIGSTOP)
        eventually(lambda: stopped(worker))
        asked = f"?session_id={session_id}&resume_token={told['resume_token']}"
        with connect(later.url.replace("http", "ws", 1) + PATH + asked, proxy=None) as resumed:
            Reader(resumed)
            eventually(lambda: redis.command("HGET", claim_key(session_id), "number") == "2", 20)
            time.sleep(0.5)  # what was on its way when it was stopped has come
            before = reader.frames
            os.kill(worker, signal.SIGCONT)
            reader.join(20)
            assert caller.close_reason == "another connection took this session over"
            assert reader.frames == before, "it speaks in a session that is another's"
            assert former.log().count("a session goes on at another worker and is left here") == 1
            assert json.loads(redis.command("GET", record_key(session_id)))["ended_reason"] == ""
