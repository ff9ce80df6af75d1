"""An identity on the wire: its token opens each connection, and the next one is used by objects that live on."""

import time

import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, RecognizerError, SynthesizerError
from actors.ports.stt import RecognitionOptions
from app.providers.azure.credential import Credential
from app.providers.azure.identity import Identity
from app.providers.azure.resource import SpeechResource
from app.providers.azure.stt.recognizer import AzureRecognizer
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from tests.cloud.entra import EntraEmulator
from tests.cloud.speech.emulator import RESOURCE_ID, Scripted, SpeechEmulator
from tests.service.providers.azure.test_recognizer import Listener, until
from tests.service.providers.azure.test_synthesizer import Listener as Voiced
from tests.unit.app.providers.azure.test_identity import AccessToken

AUDIENCE = "https://cognitiveservices.azure.com"


class Credentials:
    """Gives tokens of an emulated Entra."""

    def __init__(self, entra: EntraEmulator, ttl_s: float) -> None:
        self.entra = entra
        self.ttl_s = ttl_s

    async def get_token(self, *_scopes: str) -> AccessToken:
        return AccessToken(self.entra.tokens.issue(aud=AUDIENCE, ttl_s=60), int(time.time() + self.ttl_s))

    async def close(self) -> None:
        pass


def identity(entra: EntraEmulator, ttl_s: float = 3_600) -> Identity:
    def make() -> Credential:
        return Credentials(entra, ttl_s)  # type: ignore[return-value]

    return Identity(make)


def bearers(speech: SpeechEmulator) -> list[str]:
    return [connection.bearer or "" for connection in speech.connections]


@pytest.mark.parametrize("resource_id", [RESOURCE_ID, ""])
async def test_a_recognizer_is_let_in_by_token(resource_id: str) -> None:
    async with EntraEmulator() as entra, SpeechEmulator(recognition=Scripted("One."), entra=entra) as speech:
        resource = SpeechResource(endpoint=speech.endpoint, resource_id=resource_id)
        engine = AzureRecognizer(resource, identity=identity(entra))
        assert speech.endpoint in await engine.ready()
        listener = Listener()
        listener.stream = await engine.open(RecognitionOptions(session_id="session"), listener.report)
        await listener.say()
        assert all(bearer.startswith(f"aad#{resource_id}#" if resource_id else "ey") for bearer in bearers(speech))
        await engine.close()


async def test_a_live_recognizer_and_a_live_synthesizer_use_the_next_token() -> None:
    async with EntraEmulator() as entra, SpeechEmulator(recognition=Scripted("One.", "Two."), entra=entra) as speech:
        resource = SpeechResource(endpoint=speech.endpoint, resource_id=speech.resource_id)
        recognizer = AzureRecognizer(resource, identity=identity(entra, 2))
        synthesizer = AzureSynthesizer(resource, identity=identity(entra, 2))
        ears, voice = Listener(), Voiced()
        ears.stream = await recognizer.open(RecognitionOptions(session_id="session"), ears.report)
        voice.stream = await synthesizer.open(Voice(), 16_000, voice.report)
        await ears.say()
        await voice.say(1, "One.")
        first = set(bearers(speech))
        followers = [*_followers(recognizer), *_followers(synthesizer)]
        assert len(followers) == 2
        tokens = {await recognizer._token(), await synthesizer.pool.token()}
        # The next tokens come while both live on; what came with the former ones is let in no more.
        await until(lambda: tokens.isdisjoint(_tokens(recognizer, synthesizer)))
        speech.expire_tokens()
        await ears.say(speed=2.0)
        await voice.say(2, "Two.")
        assert set(bearers(speech)) - first
        await recognizer.close()
        await synthesizer.close()


def _followers(engine: AzureRecognizer | AzureSynthesizer) -> list[object]:
    assert engine._identity is not None
    return list(engine._identity._followers)


def _tokens(*engines: AzureRecognizer | AzureSynthesizer) -> set[str]:
    return {engine._identity._token for engine in engines if engine._identity is not None}


async def test_no_token_is_said_clearly_before_anything_is_sent() -> None:
    def broken() -> Credential:
        raise ValueError("no identity here")

    async with SpeechEmulator() as speech:
        resource = SpeechResource(endpoint=speech.endpoint, resource_id=RESOURCE_ID)
        recognizer = AzureRecognizer(resource, identity=Identity(broken))
        synthesizer = AzureSynthesizer(resource, identity=Identity(broken))
        with pytest.raises(RecognizerError, match="no token") as deaf:
            await recognizer.open(RecognitionOptions(session_id="session"), lambda _: None)
        with pytest.raises(SynthesizerError, match="no token") as mute:
            await synthesizer.open(Voice(), 16_000, lambda _: None)
        assert deaf.value.kind is mute.value.kind is ErrorKind.AUTHENTICATION
        assert len(speech.connections) == 0
        await recognizer.close()
        await synthesizer.close()
