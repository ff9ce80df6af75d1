"""What a client can flood a server with: the messages, as frames that are made once, and where they are sent."""

import base64

import msgspec

from tests.load.script import FRAME_BYTES
from tests.load.wires import BINARY, PING, TEXT, masked

BROWSER = "/api/v1/realtime/conversation?session_id=flood-{number}"
RELAY = "/api/v1/realtime/dashboard/relay?session_id=good"
MEDIA = "/api/v1/media/stream?call_connection_id=flood-{number}"
BLOB_BYTES = 65_536
"""A flood is sent in pieces of so much."""


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """One kind. `path` has a place for the number of the socket; without a message sockets are opened and dropped."""

    name: str
    path: str
    first: bytes = b""
    message: bytes = b""
    reads: bool = True


def _text(text: str) -> bytes:
    return masked(TEXT, text.encode())


def _part(first_byte: int, payload: bytes) -> bytes:
    return bytes([first_byte]) + masked(BINARY, payload)[1:]


IN_PARTS = _part(0x01, b"p") + _part(0x80, b"arts")
"""After a message in parts all that a client sends goes through Hypercorn."""
MARK = _text('{"type":"playout_mark","turn":1,"audio_ms":1,"state":"playing"}')
WRONG = _text('{"type":"playout_mark","turn":1,"audio_ms":1,"state":"' + "x" * 50_000 + '"}')
AUDIO = _text(
    '{"kind":"AudioData","audioData":{"silent":false,"data":"' + base64.b64encode(bytes(FRAME_BYTES)).decode() + '"}}'
)

KEY = _text('{"kind":"DtmfData","dtmfData":{"data":"1"}}')

NO_LETTERS = '{"type":"ping","at":[' + "NaN," * 3_000 + "0]}"
"""What is JSON but for its spelling is read a second time, as far as it is short enough."""
FLOODS = (
    Flood(name="browser, typed text", path=BROWSER, message=_text("hi")),
    Flood(name="browser, texts of 4,000 characters", path=BROWSER, message=_text("word " * 800)),
    Flood(name="browser, pings in words", path=BROWSER, message=_text('{"type":"ping"}')),
    Flood(name="browser, pings that are no JSON to the letter", path=BROWSER, message=_text(NO_LETTERS)),
    Flood(name="browser, marks", path=BROWSER, message=MARK),
    Flood(name="browser, interrupts", path=BROWSER, message=_text('{"type":"interrupt"}')),
    Flood(name="browser, WebSocket pings", path=BROWSER, message=masked(PING, b"")),
    Flood(name="browser, pings after parts", path=BROWSER, first=IN_PARTS, message=masked(PING, b"")),
    Flood(name="browser, messages in parts", path=BROWSER, message=IN_PARTS),
    Flood(name="browser, audio", path=BROWSER, message=masked(BINARY, bytes(FRAME_BYTES))),
    Flood(name="browser, two seconds of audio each", path=BROWSER, message=masked(BINARY, bytes(64_000))),
    Flood(name="browser, unread errors", path=BROWSER, message=WRONG, reads=False),
    Flood(name="browser, unread pongs", path=BROWSER, message=masked(PING, b"p" * 125), reads=False),
    Flood(name="browser, opened and dropped", path=BROWSER),
    Flood(name="relay, text", path=RELAY, message=_text("hi")),
    Flood(name="relay, WebSocket pings", path=RELAY, message=masked(PING, b"")),
    Flood(name="relay, unread pongs", path=RELAY, message=masked(PING, b"p" * 125), reads=False),
    Flood(name="relay, opened and dropped", path=RELAY),
    Flood(name="media, audio", path=MEDIA, message=AUDIO),
    Flood(name="media, keys", path=MEDIA, message=KEY),
    Flood(name="media, opened and dropped", path=MEDIA),
    Flood(name="media, unknown kinds", path=MEDIA, message=_text('{"kind":"Other"}')),
    Flood(name="media, WebSocket pings", path=MEDIA, message=masked(PING, b"")),
    Flood(name="media, unread pongs", path=MEDIA, message=masked(PING, b"p" * 125), reads=False),
)
SHORT = ("browser, typed text", "browser, pings after parts", "relay, WebSocket pings", "media, audio")
