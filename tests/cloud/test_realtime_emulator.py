"""The emulated Realtime service as strangers find it: OpenAI's own client, and that of Azure Voice Live."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from azure.ai.voicelive import aio as voicelive
from azure.ai.voicelive import models
from azure.core.credentials import AzureKeyCredential
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import ConnectionClosed

from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Call, Heard, Reply, tone

WAIT_S = 30.0


@pytest.fixture
async def service() -> AsyncIterator[RealtimeEmulator]:
    async with RealtimeEmulator() as emulator:
        yield emulator


@pytest.fixture
async def openai_client(service: RealtimeEmulator) -> AsyncIterator[AsyncRealtimeConnection]:
    """OpenAI's client at Azure's GA address."""
    base = f"{service.endpoint.replace('http', 'ws')}/openai/v1"
    async with (
        openai.AsyncOpenAI(websocket_base_url=base, api_key="none") as client,
        client.realtime.connect(
            model="speaker", extra_headers={"api-key": service.key, "Authorization": openai.Omit()}
        ) as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        yield connection


@pytest.fixture
async def voice_live_client(service: RealtimeEmulator) -> AsyncIterator[voicelive.VoiceLiveConnection]:
    """The client of Azure Voice Live."""
    credential = AzureKeyCredential(service.key)
    async with voicelive.connect(credential=credential, endpoint=service.endpoint, model="speaker") as connection:
        assert (await connection.recv()).type == models.ServerEventType.SESSION_CREATED
        yield connection


async def until(connection: AsyncRealtimeConnection | voicelive.VoiceLiveConnection, kind: str) -> list[Any]:
    """All events that come, up to the first of this type."""
    events: list[Any] = []
    async with asyncio.timeout(WAIT_S):
        while not events or events[-1].type != kind:
            events.append(await connection.recv())
    return events


def kinds(events: list[Any]) -> list[str]:
    """The types of events as they follow each other, repetitions left out."""
    found = [str(getattr(event.type, "value", event.type)) for event in events]
    return [kind for at, kind in enumerate(found) if at == 0 or kind != found[at - 1]]


def audio(events: list[Any], kind: str) -> bytes:
    deltas = (event.delta for event in events if event.type == kind)
    return b"".join(base64.b64decode(delta) if isinstance(delta, str) else delta for delta in deltas)


def spoken(duration_ms: int, rate_hz: int) -> str:
    return base64.b64encode(tone(duration_ms, rate_hz, 300)).decode()


async def test_openais_client_holds_a_conversation(
    service: RealtimeEmulator, openai_client: AsyncRealtimeConnection
) -> None:
    service.plan.heard.append(Heard(text="Book a table.", after_s=0.0))
    service.plan.replies += [Reply(text="Let me see.", calls=(Call("book", {"day": "friday"}),)), Reply(text="Done.")]
    await openai_client.session.update(
        session={
            "type": "realtime",
            "instructions": "You answer the telephone.",
            "audio": {"input": {"turn_detection": None, "transcription": {"model": "listener"}}},
        }
    )
    await until(openai_client, "session.updated")
    await openai_client.input_audio_buffer.append(audio=spoken(500, 24_000))
    await openai_client.input_audio_buffer.commit()
    heard = await until(openai_client, "conversation.item.input_audio_transcription.completed")
    assert heard[-1].transcript == "Book a table."
    await openai_client.response.create()
    events = await until(openai_client, "response.done")
    order = kinds(events)
    assert order[0] == "response.created"
    assert order.index("response.output_audio.delta") < order.index("response.function_call_arguments.done")
    assert len(audio(events, "response.output_audio.delta")) == 3 * 300 * 48
    calls = [item for item in events[-1].response.output if item.type == "function_call"]
    await openai_client.conversation.item.create(
        item={"type": "function_call_output", "call_id": calls[0].call_id, "output": '"done"'}
    )
    await openai_client.response.create()
    events = await until(openai_client, "response.done")
    assert [event.transcript for event in events if event.type == "response.output_audio_transcript.done"] == ["Done."]
    assert events[-1].response.status == "completed"


async def test_openais_client_has_it_write(service: RealtimeEmulator, openai_client: AsyncRealtimeConnection) -> None:
    service.plan.written = Reply(text="They have talked.")
    await openai_client.session.update(session={"type": "realtime", "output_modalities": ["text"]})
    await until(openai_client, "session.updated")
    await openai_client.response.create()
    events = await until(openai_client, "response.done")
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "They have talked."
    assert [event.text for event in events if event.type == "response.output_text.done"] == ["They have talked."]
    assert audio(events, "response.output_audio.delta") == b""


async def test_voice_lives_client_has_it_write(
    service: RealtimeEmulator, voice_live_client: voicelive.VoiceLiveConnection
) -> None:
    service.plan.written = Reply(text="They have talked.")
    await voice_live_client.session.update(session=models.RequestSession(modalities=[models.Modality.TEXT]))
    await until(voice_live_client, "session.updated")
    await voice_live_client.response.create()
    events = await until(voice_live_client, "response.done")
    assert "".join(event.delta for event in events if event.type == "response.text.delta") == "They have talked."
    assert [event.text for event in events if event.type == "response.text.done"] == ["They have talked."]


async def test_voice_lives_client_holds_a_conversation(
    service: RealtimeEmulator, voice_live_client: voicelive.VoiceLiveConnection
) -> None:
    service.plan.speech = [(200, 700)]
    service.plan.heard.append(Heard(text="Good morning.", after_s=0.0))
    service.plan.replies += [Reply(text="Hello there."), Reply(calls=(Call("book", {"day": "friday"}),))]
    await voice_live_client.session.update(
        session=models.RequestSession(
            modalities=[models.Modality.TEXT, models.Modality.AUDIO],
            instructions="You answer the telephone.",
            voice=models.AzureStandardVoice(name="en-US-AvaMultilingualNeural"),
            input_audio_sampling_rate=16_000,
            output_audio_format=models.OutputAudioFormat.PCM16_16000_HZ,
            input_audio_transcription=models.AudioInputTranscriptionOptions(model="azure-speech"),
            output_audio_timestamp_types=[models.AudioTimestampType.WORD],
            turn_detection=models.AzureSemanticVad(silence_duration_ms=300),
            tools=[models.FunctionTool(name="book", parameters={"type": "object"})],
        )
    )
    await until(voice_live_client, "session.updated")
    await voice_live_client.input_audio_buffer.append(audio=spoken(1_200, 16_000))
    events = await until(voice_live_client, "response.done")
    order = kinds(events)
    assert order[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert "conversation.item.input_audio_transcription.completed" in order
    assert len(audio(events, "response.audio.delta")) == 2 * 300 * 32
    words = [(event.text, event.audio_offset_ms) for event in events if event.type == "response.audio_timestamp.delta"]
    assert words == [("Hello", 0), ("there.", 300)]
    await voice_live_client.response.create()
    events = await until(voice_live_client, "response.function_call_arguments.done")
    assert (events[-1].name, events[-1].arguments) == ("book", '{"day": "friday"}')


async def test_a_response_goes_on_after_it_was_cancelled(
    service: RealtimeEmulator, openai_client: AsyncRealtimeConnection
) -> None:
    service.plan.replies.append(Reply(text=" ".join(["word"] * 20)))
    await openai_client.response.create()
    await until(openai_client, "response.output_audio.delta")
    await openai_client.response.cancel()
    events = await until(openai_client, "response.done")
    assert len(audio(events, "response.output_audio.delta")) >= service.plan.late_deltas * 100 * 48
    status = events[-1].response.status_details
    assert (events[-1].response.status, status.reason) == ("cancelled", "client_cancelled")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "response.cancel"}, "response_cancel_not_active"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        ({"type": "input_audio_buffer.append", "audio": "!"}, "invalid_value"),
        ({"type": "conversation.item.retrieve", "item_id": "none"}, "item_retrieve_invalid_item_id"),
        ({"type": "conversation.item.delete", "item_id": "none"}, "item_delete_invalid_item_id"),
        ({"type": "conversation.item.create", "item": {"type": "message", "role": "nobody"}}, "invalid_value"),
        ({"type": "conversation.item.create", "item": {"type": "function_call_output"}}, "missing_required_parameter"),
        ({"type": "response.create", "response": {"temperature": 1}}, "unknown_parameter"),
        ({"type": "session.update", "session": {"instructions": "no type"}}, "missing_required_parameter"),
        ({"type": "session.update", "session": {"type": "realtime", "temperature": 1}}, "unknown_parameter"),
        ({"type": "session.update", "session": {"type": "realtime", "audio": {"voice": "x"}}}, "unknown_parameter"),
        ({"type": "session.update"}, "missing_required_parameter"),
        ({"type": "no.such.thing"}, "invalid_value"),
    ],
)
async def test_what_is_wrong_is_refused_and_changes_nothing(
    openai_client: AsyncRealtimeConnection, message: dict[str, Any], code: str
) -> None:
    await openai_client.send({**message, "event_id": "mine"})  # type: ignore[arg-type]
    (*_, refused) = await until(openai_client, "error")
    assert (refused.error.code, refused.error.event_id) == (code, "mine")
    await openai_client.response.create()
    assert (await until(openai_client, "response.done"))[-1].response.status == "completed"


async def test_one_response_at_a_time(service: RealtimeEmulator, openai_client: AsyncRealtimeConnection) -> None:
    await openai_client.response.create()
    await openai_client.response.create()
    assert (await until(openai_client, "error"))[-1].error.code == "conversation_already_has_active_response"


async def test_an_id_is_given_once(openai_client: AsyncRealtimeConnection) -> None:
    for _ in range(2):
        content = [{"type": "input_text", "text": "Hello"}]
        item = {"type": "message", "role": "user", "id": "mine", "content": content}
        await openai_client.conversation.item.create(item=item)  # type: ignore[arg-type]
    assert (await until(openai_client, "error"))[-1].error.code == "item_create_duplicate_item_id"


async def test_no_more_can_be_kept_of_an_item_than_there_is(openai_client: AsyncRealtimeConnection) -> None:
    await openai_client.response.create()
    events = await until(openai_client, "response.done")
    (item,) = [event.item for event in events if event.type == "response.output_item.done"]
    await openai_client.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=60_000)
    refused = (await until(openai_client, "error"))[-1].error
    assert (refused.code, "already shorter than" in refused.message) == (None, True)
    await openai_client.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=500)
    await until(openai_client, "conversation.item.truncated")
    await openai_client.conversation.item.retrieve(item_id=item.id)
    kept = (await until(openai_client, "conversation.item.retrieved"))[-1].item
    assert kept.content[0].transcript is None


async def test_a_voice_that_has_spoken_stays(openai_client: AsyncRealtimeConnection) -> None:
    await openai_client.response.create()
    await until(openai_client, "response.done")
    await openai_client.session.update(session={"type": "realtime", "audio": {"output": {"voice": "cedar"}}})
    assert (await until(openai_client, "error"))[-1].error.code == "cannot_update_voice"


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
async def test_azures_ga_form_is_deaf_with_semantic_detection(
    service: RealtimeEmulator, openai_client: AsyncRealtimeConnection, kind: Any
) -> None:
    detection = {"type": kind, "create_response": False, "interrupt_response": False}
    session: Any = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
    await openai_client.session.update(session=session)
    await openai_client.input_audio_buffer.append(audio=spoken(500, 24_000))
    await openai_client.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
    await openai_client.conversation.item.delete(item_id="none")
    events = await until(openai_client, "error")
    assert ("input_audio_buffer.speech_started" in kinds(events)) == (kind == "server_vad")


async def test_a_new_connection_knows_nothing_of_the_former(service: RealtimeEmulator) -> None:
    async with openai.AsyncOpenAI(websocket_base_url=service.base_url, api_key=service.key) as client:
        for number in range(2):
            async with client.realtime.connect(model="speaker") as connection:
                content = [{"type": "input_text", "text": "Hello"}]
                item = {"type": "message", "role": "user", "id": "mine", "content": content}
                await connection.conversation.item.create(item=item)  # type: ignore[arg-type]
                assert "error" not in kinds(await until(connection, "conversation.item.done"))
                assert len((await service.session(number)).conversation.items) == 1


async def test_the_end_of_a_session(service: RealtimeEmulator, openai_client: AsyncRealtimeConnection) -> None:
    session = await service.session()
    await session.expire()
    assert (await until(openai_client, "error"))[-1].error.code == "session_expired"
    with pytest.raises(ConnectionClosed) as closed:
        await until(openai_client, "nothing")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_service_that_stalls_keeps_the_socket_open(
    service: RealtimeEmulator, openai_client: AsyncRealtimeConnection
) -> None:
    service.plan.replies.append(Reply(text="one two three", after_ms=300, stalls=True))
    await openai_client.response.create()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await until(openai_client, "response.done")
    await openai_client.input_audio_buffer.clear()
    session = await service.session()
    await session.received.until(lambda message: message["type"] == "input_audio_buffer.clear")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/openai/v1/realtime?model=speaker&api-version=2025-04-01-preview", 401),
        ("/openai/v1/realtime", 404),
        ("/openai/realtime?model=speaker", 404),
        ("/voice-live/realtime?model=speaker&api-version=2020-01-01", 404),
        ("/voice-live/realtime?model=speaker&api-version=2026-07-15&profile=mine", 400),
    ],
)
async def test_a_wrong_address_is_refused(service: RealtimeEmulator, path: str, status: int) -> None:
    async with ClientSession(headers={"api-key": service.key}) as http:
        with pytest.raises(WSServerHandshakeError) as refused:
            await http.ws_connect(service.endpoint + path)
    assert refused.value.status == status


async def test_a_wrong_key_is_refused(service: RealtimeEmulator) -> None:
    with pytest.raises(voicelive.ConnectionError):
        async with voicelive.connect(credential=AzureKeyCredential("wrong"), endpoint=service.endpoint, model="m"):
            pass
    assert list(service.refused) == [401]
