"""The emulated service that follows a script: it fails at what is unexpected, and at what never comes."""

from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType

from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.scripted import Close, Expect, Send, Step

SESSION = {"type": "realtime", "instructions": "Be kind.", "tools": []}
UPDATE: dict[str, Any] = {"type": "session.update", "session": SESSION}


async def talk(service: RealtimeEmulator, *messages: dict[str, Any]) -> list[Any]:
    """Send these, and return what comes until the service closes or falls silent."""
    found: list[Any] = []
    async with ClientSession() as http:
        url = f"{service.base_url}/realtime?model=speaker"
        socket = await http.ws_connect(url, headers={"Authorization": f"Bearer {service.key}"})
        for message in messages:
            await socket.send_json(message)
        while True:
            try:
                received = await socket.receive(timeout=0.3)
            except TimeoutError:
                return found
            if received.type is not WSMsgType.TEXT:
                return [*found, socket.close_code]
            found.append(received.json())


async def test_a_script_that_is_followed() -> None:
    async with RealtimeEmulator() as service:
        service.script(
            Send({"type": "session.created"}),
            Expect("session.update", {"session": {"instructions": "Be kind."}}),
            Send({"type": "session.updated"}),
            Close(1011),
        )
        found = await talk(service, {"type": "input_audio_buffer.append", "audio": ""}, UPDATE)
    assert found == [{"type": "session.created"}, {"type": "session.updated"}, 1011]


async def follow(steps: tuple[Step, ...], *messages: dict[str, Any]) -> list[Any]:
    """What comes of these messages where this script is expected."""
    async with RealtimeEmulator() as service:
        service.script(*steps)
        return await talk(service, *messages)


@pytest.mark.parametrize("sent", [{"type": "response.create"}, {**UPDATE, "session": {"instructions": "Be rude."}}])
async def test_what_is_unexpected_fails(sent: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="unexpected"):
        await follow((Expect("session.update", {"session": {"instructions": "Be kind."}}),), sent)


async def test_what_is_not_in_the_script_any_more_fails() -> None:
    with pytest.raises(AssertionError, match="unexpected"):
        await follow((Expect("session.update"),), UPDATE, UPDATE)


async def test_what_never_comes_fails() -> None:
    with pytest.raises(AssertionError, match=r"never came.*response\.create"):
        await follow((Expect("session.update"), Expect("response.create")), UPDATE)


async def test_a_script_that_nobody_connects_to_fails() -> None:
    service = RealtimeEmulator()
    service.script(Send({"type": "session.created"}))
    await service.__aenter__()
    with pytest.raises(AssertionError, match="never sent"):
        await service.__aexit__(None)
