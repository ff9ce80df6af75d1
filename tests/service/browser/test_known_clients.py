"""Clients written for the existing backend, unchanged, on virtual time."""

import asyncio
from array import array

import pytest

from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from app.api.asgi import app_of
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.clients.known_frontend import KnownFrontend, Player
from tests.kit.clients.known_load_client import KnownLoadClient
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel
from tests.kit.service_kit import running

VOICE = array("h", [15_000, -15_000] * 8_000).tobytes()


def two_minutes() -> FakeModel:
    """A plug-in: one reply of two minutes."""
    sentence = "This is one of very many sentences that follow each other without any end in sight. "

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [*(TextGenerated(sentence) for _ in range(30)), ReplyGenerated()]

    return FakeModel(script)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_underrun_in_two_minutes_with_100_ms_of_jitter(seed: int) -> None:
    async def main() -> None:
        async with running({"LANGUAGE_MODEL": "tests.service.browser.test_known_clients:two_minutes"}) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            page = KnownFrontend(socket, jitter_s=0.1, seed=seed)
            listening = asyncio.ensure_future(page.listen())
            await asyncio.sleep(2)
            await page.speak(VOICE + bytes(32_000))
            talking = asyncio.ensure_future(page.speak(bytes(32_000 * 135)))
            await page.until(lambda page: page.player.played_ms > 121_000, 200)
            assert page.player.underruns == 0
            assert page.broken_order == 0
            assert page.kinds["audio_data"] > 6_000
            for task in (listening, talking):
                task.cancel()
            socket.close()
            await asyncio.sleep(40)
            assert service.sessions.live == {}

    run_virtual(main())


def test_a_frame_that_is_late_is_an_underrun() -> None:
    player = Player()
    frame = bytes(1920)
    player.play(frame, 48_000, 1.0, begins=True)
    player.play(frame, 48_000, 1.02, begins=False)
    assert player.underruns == 0
    player.play(frame, 48_000, 1.05, begins=False)
    assert player.underruns == 1


def test_a_conversation_with_the_frontend() -> None:
    async def main() -> None:
        async with running() as service:
            socket = AsgiSocket(app_of(service), CONVERSATION, session_id="known-1")
            page = KnownFrontend(socket)
            listening = asyncio.ensure_future(page.listen())
            await page.until(lambda page: page.kinds["status"] >= 1)
            assert page.session_id == "known-1"
            await asyncio.sleep(2)
            await page.speak(VOICE + bytes(32_000))
            await page.until(lambda page: page.kinds["assistant_final"] >= 2)
            assert page.texts("User") == ["what are your opening hours"]
            assert "".join(page.texts("Tester")).startswith("Hello there.You said what are your opening hours.")
            assert page.messages[0]["payload"]["event_type"] == "session"
            envelope = next(m for m in page.messages if m["type"] == "assistant_streaming")
            assert set(envelope) >= {"type", "topic", "session_id", "call_id", "user_id", "sender", "ts", "payload"}
            listening.cancel()
            socket.close()

    run_virtual(main())


def test_an_interruption_reaches_the_frontend_as_tts_cancelled_and_audio_stop() -> None:
    async def main() -> None:
        async with running({"LANGUAGE_MODEL": "tests.service.browser.test_known_clients:two_minutes"}) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            page = KnownFrontend(socket)
            listening = asyncio.ensure_future(page.listen())
            await asyncio.sleep(2)
            await page.speak(VOICE + bytes(32_000))
            await page.until(lambda page: page.player.played_ms > 5_000)
            await page.speak(VOICE + bytes(32_000))
            await page.until(lambda page: page.player.silenced_at)
            controls = [m for m in page.messages if m["type"] == "control"]
            assert [m["action"] for m in controls] == ["tts_cancelled", "audio_stop"]
            assert controls[0]["reason"] == "barge_in"
            listening.cancel()
            socket.close()

    run_virtual(main())


def test_the_load_client_is_answered_turn_by_turn() -> None:
    async def main() -> None:
        async with running() as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            client = KnownLoadClient(socket, [VOICE] * 4)
            await client.run()
            assert client.errors == []
            assert client.replies == 5
            assert len(client.first_audio_s) == 4
            socket.close()

    run_virtual(main())


def speaker() -> FakeRealtime:
    """A plug-in: a speech-to-speech model that tells what it has heard."""
    return FakeRealtime(*["It is open until six."] * 9, words="what are your opening hours")


SPEAKS = {"ACS_STREAMING_MODE": "voice_live", "REALTIME_MODEL": "tests.service.browser.test_known_clients:speaker"}
"""The mode is the server's: these clients ask for none."""
LISTENS = {"ACS_STREAMING_MODE": "transcription"}


def test_the_frontend_talks_with_a_speech_to_speech_model() -> None:
    async def main() -> None:
        async with running(SPEAKS) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION, session_id="known-2")
            page = KnownFrontend(socket)
            listening = asyncio.ensure_future(page.listen())
            await page.until(lambda page: page.kinds["status"] >= 1)
            await asyncio.sleep(2)
            await page.speak(VOICE + bytes(32_000))
            await page.until(lambda page: page.kinds["assistant_final"] >= 2)
            assert page.texts("User") == ["what are your opening hours"]
            assert "".join(page.texts("Tester")) == "Hello there.It is open until six."
            assert page.player.played_ms > 1_000
            assert (page.player.underruns, page.broken_order, page.kinds["error"]) == (0, 0, 0)
            listening.cancel()
            socket.close()

    run_virtual(main())


def test_the_load_client_is_answered_by_a_speech_to_speech_model() -> None:
    async def main() -> None:
        async with running(SPEAKS) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            client = KnownLoadClient(socket, [VOICE] * 4)
            await client.run()
            assert (client.errors, client.replies, len(client.first_audio_s)) == ([], 5, 4)
            socket.close()

    run_virtual(main())


def test_the_frontend_is_shown_what_is_said_where_nobody_answers() -> None:
    async def main() -> None:
        async with running(LISTENS) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            page = KnownFrontend(socket)
            listening = asyncio.ensure_future(page.listen())
            await page.speak(VOICE + bytes(64_000) + VOICE + bytes(64_000))
            assert page.texts("User") == ["what are your opening hours"] * 2
            assert page.session_id in service.sessions.live
            assert set(page.kinds) <= {"event", "floor"}
            listening.cancel()
            socket.close()

    run_virtual(main())


def test_the_load_client_is_let_speak_where_nobody_answers() -> None:
    """It waits for a reply until its own time is up; nothing is said to it meanwhile, and no error."""

    async def main() -> None:
        async with running(LISTENS) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            client = KnownLoadClient(socket, [VOICE])
            with pytest.raises(TimeoutError):
                await client.run(turn_timeout_s=5)
            assert (client.errors, client.audio_messages) == ([], 0)
            assert len(service.sessions.live) == 1
            socket.close()

    run_virtual(main())
