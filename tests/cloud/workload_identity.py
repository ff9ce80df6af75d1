"""Microsoft Entra's token endpoint as a workload identity meets it: over TLS, a Kubernetes token for one of Entra.

async with EntraEmulator() as entra, WorkloadIdentity(entra, directory) as workload:
    start a process with workload.environment()
"""

import datetime
import ipaddress
import ssl
import uuid
from pathlib import Path
from typing import Self

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cloud.entra import EntraEmulator, TokenRequest
from tests.cloud.web_server import WebServer

CLIENT_ID = "66666666-7777-4888-8999-000000000000"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class WorkloadIdentity:
    """Signs as `entra` does, and notes its requests there. Keeps its files in `directory`.

    The certificate is its own authority: only who starts with `environment()` trusts it.
    """

    def __init__(self, entra: EntraEmulator, directory: Path) -> None:
        self._entra = entra
        self._certificate = directory / "authority.pem"
        self._federated = directory / "kubernetes-token"
        self._secret = uuid.uuid4().hex
        self._server: WebServer | None = None

    async def __aenter__(self) -> Self:
        self._federated.write_text(self._secret)
        app = web.Application()
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        self._server = WebServer(app, tls=_tls(self._certificate))
        await self._server.listen()
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._server is not None:
            await self._server.close()

    def environment(self) -> dict[str, str]:
        """What the webhook of Azure's Kubernetes puts into a pod, and the authority's certificate."""
        assert self._server is not None
        return {
            "AZURE_AUTHORITY_HOST": f"https://{self._server.address}",
            "AZURE_TENANT_ID": self._entra.tenant,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_FEDERATED_TOKEN_FILE": str(self._federated),
            "SSL_CERT_FILE": str(self._certificate),
        }

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = {name: str(form.get(name, "")) for name in ("grant_type", "client_id", "scope")}
        proved = form.get("client_assertion_type") == ASSERTION and form.get("client_assertion") == self._secret
        resource = asked["scope"].split(" ")[0].removesuffix("/.default")
        good = proved and asked["grant_type"] == "client_credentials" and asked["client_id"] == CLIENT_ID
        self._entra.requests.append(TokenRequest(request.path, resource, asked["client_id"], 200 if good else 401))
        if not good:
            return web.json_response({"error": "invalid_client", "error_description": "not proved"}, status=401)
        lives_s = self._entra.ttl_s + self._entra.leeway_s
        token = self._entra.tokens.issue(ttl_s=lives_s, aud=resource, tid=self._entra.tenant)
        return web.json_response({"access_token": token, "expires_in": int(self._entra.ttl_s), "token_type": "Bearer"})


def _tls(certificate_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulated authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path = certificate_path.with_suffix(".key")
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_path, key_path)
    return context
