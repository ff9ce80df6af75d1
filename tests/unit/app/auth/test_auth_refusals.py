"""A WebSocket is refused by a status where the server can give one, and so that a browser sees why."""

import json

from starlette.types import Message

from app.auth.refusals import HandshakeDeniedError, accept_and_close, deny

DENIED = HandshakeDeniedError(429, "too many connections")


async def told(*, extensions: dict[str, object]) -> list[Message]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    await deny({"type": "websocket", "path": "/socket", "extensions": extensions}, send, DENIED)
    return messages


async def test_a_server_that_can_answers_with_the_status_and_a_problem() -> None:
    start, body = await told(extensions={"websocket.http.response": {}})
    assert start["status"] == 429
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
    assert json.loads(body["body"])["detail"] == "too many connections"


async def test_another_one_refuses_plainly() -> None:
    (close,) = await told(extensions={})
    assert (close["type"], close["reason"]) == ("websocket.close", "too many connections")


async def test_a_browser_is_accepted_to_be_told() -> None:
    order: list[str] = []

    async def receive() -> Message:
        order.append("receive")
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        order.append(message["type"])
        if message["type"] == "websocket.close":
            assert (message["code"], message["reason"]) == (4401, "no token")

    await accept_and_close(receive, send, 4401, "no token")
    assert order == ["receive", "websocket.accept", "websocket.close"]
