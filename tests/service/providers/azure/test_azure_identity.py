"""A conversation by an identity of the machine, without any key, outlives the identity's tokens."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.entra import APP_SERVICE, EntraEmulator
from tests.cloud.speech.emulator import RESOURCE_ID, Connection, Scripted, SpeechEmulator
from tests.cloud.workload_identity import WorkloadIdentity
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import say
from tests.service.providers.azure.test_served import hasty

pytestmark = pytest.mark.skipif(shutil.which("flite") is None, reason="flite speaks the caller's part")

TTL_S = 6.0
LEEWAY_S = 600.0
"""Services take a token for longer than its holder is told. Who was given one for its last tenth of a second would
come too late with it wherever the machine is late; Azure's SDK for chat asks for another one only when it has ended."""
OUTLIVED_S = TTL_S + 4.0
"""By then every token of the beginning has ended, and whoever lives on has been given another."""
SAID = ("hello there", "are you still there")


ANSWER = "Certainly. What else can I do for you?"
"""What the emulated model says to everything."""


async def ask(person: SpokenCaller, number: int) -> None:
    """Say a line, and hear the answer out."""
    before = len(person.events)
    await person.say(say(SAID[number]))
    # The agent may have asked before whether somebody is there.
    assert (await person.reply(before)).endswith(ANSWER)


@asynccontextmanager
async def answering(
    speech: SpeechEmulator, chat: ChatEmulator, environ: Mapping[str, str]
) -> AsyncIterator[SpokenCaller]:
    """Somebody who has been greeted, and answered once, by a server that has no key."""
    server = serving(
        EARSHOT,
        DEFAULT_AGENT="dentist",
        AZURE_SPEECH_ENDPOINT=speech.endpoint,
        AZURE_SPEECH_RESOURCE_ID=RESOURCE_ID,
        AZURE_OPENAI_ENDPOINT=chat.endpoint,
        AZURE_OPENAI_CHAT_DEPLOYMENT_ID="gpt-4o",
        **environ,
    )
    running = await asyncio.to_thread(server.__enter__)
    try:
        url = f"{running.url.replace('http', 'ws')}/api/v1/realtime/conversation?agent=dentist"
        async with connect(url, max_size=None) as socket:
            person = SpokenCaller(socket, snr_db=None)
            await person.reply(0)
            await ask(person, 0)
            yield person
            await person.leave()
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def outlive(speech: SpeechEmulator, entra: EntraEmulator, environ: Mapping[str, str]) -> None:
    async with ChatEmulator(entra=entra.tokens) as chat, answering(speech, chat, environ) as person:
        former = {connection.bearer for connection in speech.connections}
        await asyncio.sleep(OUTLIVED_S)
        assert speech.expire_tokens(former) >= 2
        await ask(person, 1)
        assert person.understood() == list(SAID)
    again = [connection for connection in speech.connections if connection.bearer not in former]
    assert {connection.lane for connection in let_in(again)} == {"recognition", "synthesis"}
    assert all(connection.key is None for connection in speech.connections)
    assert len({request.proof for request in chat.requests}) == len(SAID)


def let_in(connections: list[Connection]) -> list[Connection]:
    return [connection for connection in connections if connection.status == 101]


@pytest.mark.parametrize("kind", ["managed", "workload"])
async def test_a_conversation_outlives_the_tokens_of_an_identity(kind: str, tmp_path: Path) -> None:
    async with (
        EntraEmulator(ttl_s=TTL_S, leeway_s=LEEWAY_S) as entra,
        WorkloadIdentity(entra, tmp_path) as workload,
        SpeechEmulator(recognition=Scripted(*SAID), voice=hasty, entra=entra) as speech,
    ):
        if kind == "managed":
            await outlive(
                speech, entra, {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", **entra.app_service()}
            )
        else:
            environ = {"AZURE_TOKEN_CREDENTIALS": "WorkloadIdentityCredential", **workload.environment()}
            await outlive(speech, entra, environ)
        ways = {request.path for request in entra.requests}
        assert ways == {APP_SERVICE if kind == "managed" else f"/{entra.tenant}/oauth2/v2.0/token"}
        assert {request.status for request in entra.requests} == {200}


async def test_a_conversation_outlives_a_token_that_speech_takes_no_more_though_its_time_is_not_over() -> None:
    async with (
        EntraEmulator() as entra,
        SpeechEmulator(recognition=Scripted(*SAID), voice=hasty, entra=entra) as speech,
        ChatEmulator(entra=entra.tokens) as chat,
    ):
        environ = {"AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential", **entra.app_service()}
        async with answering(speech, chat, environ) as person:
            assert speech.expire_tokens() >= 2
            await ask(person, 1)
            assert person.understood() == list(SAID)
        assert {connection.status for connection in speech.connections} == {101, 401}
