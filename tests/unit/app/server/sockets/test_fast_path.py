"""Where a server offers a fast path past ASGI, and where it does not."""

from app.server.sockets.fast_path import FAST_PATH, fast_path_of


def test_another_server_has_none() -> None:
    assert fast_path_of({"type": "websocket"}) is None
    assert fast_path_of({"type": "websocket", "extensions": {}}) is None


def test_it_is_made_when_it_is_asked_for_and_may_be_refused() -> None:
    asked: list[None] = []

    def refuse() -> None:
        asked.append(None)

    scope = {"type": "websocket", "extensions": {FAST_PATH: refuse}}
    assert asked == []
    assert fast_path_of(scope) is None
    assert asked == [None]
    made = object()
    assert fast_path_of({"type": "websocket", "extensions": {FAST_PATH: lambda: made}}) is made
