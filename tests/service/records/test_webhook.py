"""Records reach a webhook that is real, signed, once, however it fails in between."""

import asyncio
import base64
import hashlib
import hmac
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.records import webhook as module
from app.records.webhook import MOST_WAITING, Webhook, signature
from config.secret import Secret

SECRET = Secret("a secret of this test")


class Receiver:
    """Answers with these statuses in turn, then with 200; keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": self.url} if status == 307 else {})

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.received) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver, app = Receiver(*statuses), web.Application()
    app.router.add_post("/records", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/records"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", (0.01, 0.01, 0.01, 0.01))


async def test_a_record_is_signed_so_that_a_receiver_can_check_it() -> None:
    async with receiving() as receiver:
        webhook = Webhook(receiver.url, SECRET)
        webhook.send("session-1", b'{"outcome":"NORMAL"}')
        await receiver.until(1)
        await webhook.close()
    ((headers, body),) = receiver.received
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.reveal().encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert (headers["webhook-id"], body, headers["content-type"]) == (
        "session-1", b'{"outcome":"NORMAL"}', "application/json",
    )  # fmt: skip


async def test_what_may_pass_is_tried_again_with_the_same_id_and_then_no_more() -> None:
    async with receiving(500, 429, 503) as receiver:
        webhook = Webhook(receiver.url, SECRET)
        webhook.send("session-1", b"{}")
        await receiver.until(4)
        await webhook.close()
    assert [headers["webhook-id"] for headers, _ in receiver.received] == ["session-1"] * 4


@pytest.mark.parametrize(("statuses", "attempts"), [((400,), 1), ((307,), 1), ((500,) * 9, 5)])
async def test_what_is_refused_is_given_up_with_one_line(
    statuses: tuple[int, ...], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with receiving(*statuses) as receiver:
        webhook = Webhook(receiver.url, SECRET)
        webhook.send("session-1", b"{}")
        await receiver.until(attempts)
        await webhook.close()
    assert len(receiver.received) == attempts
    assert [record.message for record in caplog.records] == [
        f"a call record is lost: the webhook does not take a record: status {statuses[0]}"
    ]


async def test_a_webhook_that_is_not_there_holds_up_neither_the_sender_nor_the_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", (60.0,))
    monkeypatch.setattr(module, "CLOSE_S", 0.1)
    webhook = Webhook("http://127.0.0.1:1/records", SECRET)
    for number in range(MOST_WAITING + 1):
        webhook.send(str(number), b"{}")
    lost = [record.message for record in caplog.records]
    assert lost == ["a call record is lost: too many records wait for the webhook"]
    async with asyncio.timeout(30):
        await webhook.close()


async def test_a_webhook_that_does_not_answer_is_asked_again_and_holds_up_no_other_record(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    monkeypatch.setattr(module, "RETRY_S", (0.05, 0.05))
    asked: Counter[str] = Counter()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Silent for every record at first, and for some of them for ever."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        (record,) = re.findall(r"webhook-id: (\S+)", head, re.IGNORECASE)
        asked[record] += 1
        if asked[record] > 1 and record != "never":
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        else:
            await over.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        webhook = Webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", SECRET)
        for record in ("never", *(f"session-{number}" for number in range(8))):
            webhook.send(record, b"{}")
        async with asyncio.timeout(60):
            await webhook._waiting.join()
        await webhook.close()
        over.set()
    assert asked == {"never": 3, **{f"session-{number}": 2 for number in range(8)}}
    assert [record.message for record in caplog.records] == [
        "a call record is lost: the webhook does not take a record: TimeoutError"
    ]


async def test_records_that_cannot_be_sent_end_the_sending_of_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with receiving() as receiver:
        webhook = Webhook(receiver.url, SECRET)
        for _ in range(2 * module.SENDERS):
            webhook.send("no\nheader", b"{}")
        webhook.send("session-1", b"{}")
        await receiver.until(1)
        await webhook.close()
    assert receiver.received[0][0]["webhook-id"] == "session-1"
    assert caplog.text.count("it cannot be sent: ValueError") == 2 * module.SENDERS


def test_another_body_or_time_has_another_signature() -> None:
    first = signature(SECRET, "1", 1, b"{}")["webhook-signature"]
    assert signature(SECRET, "1", 2, b"{}")["webhook-signature"] != first
    assert signature(SECRET, "1", 1, b"{ }")["webhook-signature"] != first
