"""Managed identities: azure-identity against the emulated endpoints, and the SDK with their tokens."""

from collections.abc import AsyncIterator

import httpx
import jwt
import pytest
from azure.communication.callautomation import PhoneNumberIdentifier
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import CredentialUnavailableError
from azure.identity.aio import ManagedIdentityCredential

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.echo_app import EchoApp
from tests.cloud.entra import EntraEmulator

SCOPE = "https://communication.azure.com/.default"
US, ANN = PhoneNumberIdentifier("+15550199"), PhoneNumberIdentifier("+15550100")


class AllowHttp(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """Bearer tokens over http, which azure-core refuses: this is loopback."""

    def on_request(self, request: PipelineRequest) -> None:  # type: ignore[type-arg]
        request.context.options["enforce_https"] = False


@pytest.fixture
async def entra() -> AsyncIterator[EntraEmulator]:
    async with EntraEmulator() as emulator:
        yield emulator


@pytest.fixture
def app_service(entra: EntraEmulator, monkeypatch: pytest.MonkeyPatch) -> EntraEmulator:
    for name, value in entra.app_service().items():
        monkeypatch.setenv(name, value)
    return entra


async def test_app_service_gives_a_token(app_service: EntraEmulator) -> None:
    async with ManagedIdentityCredential() as credential:
        token = await credential.get_token(SCOPE)
    claims = app_service.tokens.verify(token.token, "https://communication.azure.com")
    assert claims["iss"] == app_service.issuer
    (request,) = app_service.requests
    assert (request.path, request.resource) == ("/msi/token", "https://communication.azure.com")


async def test_the_instance_metadata_service_gives_a_token(
    entra: EntraEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in entra.instance_metadata().items():
        monkeypatch.setenv(name, value)
    async with ManagedIdentityCredential() as credential:
        token = await credential.get_token(SCOPE)
    entra.tokens.verify(token.token, "https://communication.azure.com")
    assert entra.requests[-1].path == "/metadata/identity/oauth2/token"


async def test_a_credential_keeps_its_token_and_another_gets_its_own(app_service: EntraEmulator) -> None:
    tokens = []
    for _ in range(2):
        async with ManagedIdentityCredential() as credential:
            tokens += [(await credential.get_token(SCOPE)).token for _ in range(2)]
    assert tokens[0] == tokens[1] != tokens[2] == tokens[3]
    assert len(app_service.requests) == 2


async def test_a_wrong_header_is_refused(app_service: EntraEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    async with ManagedIdentityCredential() as credential:
        with pytest.raises((ClientAuthenticationError, CredentialUnavailableError)):
            await credential.get_token(SCOPE)


async def test_a_failing_endpoint_is_asked_again(app_service: EntraEmulator) -> None:
    app_service.refusals = 1
    async with ManagedIdentityCredential(retry_backoff_factor=0.01) as credential:
        await credential.get_token(SCOPE)
    assert [request.status for request in app_service.requests] == [500, 200]


async def test_a_call_runs_on_a_managed_identity(app_service: EntraEmulator) -> None:
    async with (
        AcsEmulator(entra=app_service) as acs,
        EchoApp(acs.tokens) as app,
        ManagedIdentityCredential() as credential,
        CallAutomationClient(acs.endpoint, credential, headers_policy=AllowHttp()) as client,
    ):
        ringing = acs.ring()
        answered = await client.answer_call(ringing.context, app.callback_url)
        call = await ringing.caller.connected()
        connection = client.get_call_connection(call.connection_id)
        assert (await connection.get_call_properties()).call_connection_id == answered.call_connection_id
        await connection.transfer_call_to_participant(ANN)
        await app.event("CallTransferAccepted")
        made = await client.create_call(ANN, app.callback_url, source_caller_id_number=US)
        assert made.call_connection_id is not None
        await acs.callee("+15550100")
        await app.event("CallConnected", 2)
        await client.get_call_connection(made.call_connection_id).hang_up(True)
        await app.event("CallDisconnected", 2)
    assert app_service.requests[-1].resource == "https://communication.azure.com/"


async def test_a_token_of_somebody_else_is_refused(app_service: EntraEmulator) -> None:
    async with (
        AcsEmulator() as acs,
        ManagedIdentityCredential() as credential,
        CallAutomationClient(acs.endpoint, credential, headers_policy=AllowHttp()) as client,
    ):
        with pytest.raises(ClientAuthenticationError):
            await client.reject_call("any")


async def test_the_keys_are_public(entra: EntraEmulator) -> None:
    async with httpx.AsyncClient() as client:
        configuration = (
            await client.get(f"{entra.endpoint}/{entra.tenant}/v2.0/.well-known/openid-configuration")
        ).json()
        keys = (await client.get(configuration["jwks_uri"])).json()
    token = entra.tokens.issue(aud="api://earshot")
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key.key, algorithms=["RS256"], audience="api://earshot", issuer=configuration["issuer"])


async def test_the_lifetime_is_told(entra: EntraEmulator) -> None:
    entra.ttl_s = 320
    asked = {"api-version": "2019-08-01", "resource": "https://x.invalid"}
    async with httpx.AsyncClient(headers={"X-IDENTITY-HEADER": entra.secret}) as client:
        answer = (await client.get(f"{entra.endpoint}/msi/token", params=asked)).json()
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert int(answer["expires_on"]) == pytest.approx(claims["exp"], abs=1)
    assert claims["exp"] - claims["iat"] == 320
