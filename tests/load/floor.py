"""The floor: a bare socket that decodes, detects and paces the same frames, with no session at all.

`python -m tests.load.floor [--frame-ms 20] [--server hypercorn|uvicorn]` prints the address it listens on. A yardstick:
it shares no code with the product, and stays as it is when the product changes.
"""

import argparse
import asyncio
import base64
import socket
import sys
from typing import Literal, cast

import msgspec
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.load.script import (
    ANSWER_MS,
    END_SILENCE_MS,
    FRAME_MS,
    LEAD_MS,
    RATE_HZ,
    RECOGNITION_MS,
    REPLY_MS,
    SYNTHESIS_MS,
    VOICED_FRAMES,
    is_voiced,
    tone,
)

PATH = "/api/v1/media/stream"
STOP = '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}'


class _Payload(msgspec.Struct):
    data: bytes
    silent: bool = False


class _Audio(msgspec.Struct):
    kind: Literal["AudioData"]
    audio: _Payload = msgspec.field(name="audioData")


_decode = msgspec.json.Decoder(_Audio).decode


class _Call:
    """One call: who speaks is all it knows."""

    def __init__(self, websocket: WebSocket, frame_ms: int) -> None:
        self._websocket = websocket
        self._frame_ms = frame_ms
        self._speaking: asyncio.Task[None] | None = None
        self._answering: asyncio.Task[None] | None = None
        self._voiced = 0
        self._silent_ms = 0
        self._heard = False

    async def run(self) -> None:
        self._speaking = asyncio.create_task(self._speak())
        try:
            while True:
                text = await self._websocket.receive_text()
                try:
                    audio = _decode(text).audio
                except msgspec.ValidationError:
                    continue
                await self._listen(is_voiced(audio.data))
        except WebSocketDisconnect:
            return
        finally:
            for task in (self._speaking, self._answering):
                if task is not None:
                    task.cancel()

    async def _listen(self, voiced: bool) -> None:
        if not voiced:
            self._voiced = 0
            self._silent_ms += FRAME_MS
            if self._heard and self._silent_ms == END_SILENCE_MS:
                self._heard = False
                self._answering = asyncio.create_task(self._answer())
            return
        self._silent_ms = 0
        self._voiced += 1
        if self._voiced == VOICED_FRAMES:
            self._heard = True
            if self._speaking is not None and not self._speaking.done():
                self._speaking.cancel()
                await self._websocket.send_text(STOP)

    async def _answer(self) -> None:
        for provider_ms in (RECOGNITION_MS, ANSWER_MS, SYNTHESIS_MS):
            await asyncio.sleep(provider_ms / 1000)
        self._speaking = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        pcm = tone_of(self._frame_ms)
        began = loop.time()
        for sent_ms in range(0, REPLY_MS, self._frame_ms):
            ahead_s = (sent_ms + self._frame_ms - LEAD_MS) / 1000
            if ahead_s > 0:
                await asyncio.sleep(max(0.0, began + ahead_s - loop.time()))
            data = base64.b64encode(pcm).decode("ascii")
            await self._websocket.send_text('{"Kind":"AudioData","AudioData":{"Data":"' + data + '"},"StopAudio":null}')


_tones: dict[int, bytes] = {}


def tone_of(frame_ms: int) -> bytes:
    """A frame of the reply."""
    if frame_ms not in _tones:
        _tones[frame_ms] = tone(frame_ms, 300, 6_000, RATE_HZ)
    return _tones[frame_ms]


def app(frame_ms: int) -> Starlette:
    """The floor as an ASGI app."""

    async def media(websocket: WebSocket) -> None:
        await websocket.accept()
        await _Call(websocket, frame_ms).run()

    return Starlette(routes=[WebSocketRoute(PATH, media)])


async def serve_on_hypercorn(application: Starlette, listener: socket.socket) -> None:
    """Until killed; as bare as it is by default, its own pings apart."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from hypercorn.typing import Framework

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.backlog = 1_024
    config.errorlog = None
    await serve(cast(Framework, application), config, shutdown_trigger=asyncio.Event().wait, mode="asgi")


async def serve_on_uvicorn(application: Starlette, listener: socket.socket) -> None:
    """Until killed."""
    import uvicorn

    config = uvicorn.Config(application, ws="websockets-sansio", log_level="warning", lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listener])


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.floor")
    parser.add_argument("--frame-ms", type=int, default=FRAME_MS)
    parser.add_argument("--server", choices=("hypercorn", "uvicorn"), default="hypercorn")
    options = parser.parse_args(arguments)
    with socket.socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1_024)
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        serve = serve_on_hypercorn if options.server == "hypercorn" else serve_on_uvicorn
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(app(options.frame_ms), listener))


if __name__ == "__main__":
    main(sys.argv[1:])
