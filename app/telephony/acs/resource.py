"""Which ACS resource is used, and what proves that we may: ACS_CONNECTION_STRING, or ACS_ENDPOINT and an identity.

The SDK's own reading of connection strings drops the scheme, and an address with a trailing slash is signed wrongly.
"""

import base64
import binascii
from urllib.parse import urlsplit

import msgspec

from app.auth.origins import DEFAULT_PORTS, is_loopback
from config.errors import SettingsError
from config.secret import Secret
from config.settings import Settings

ALLOWED = "https://..., or http:// on this machine"


class AcsResource(msgspec.Struct, frozen=True):
    """An ACS resource. `endpoint` is its origin, lower case, without a slash; without a `key` an identity is used."""

    endpoint: str
    key: Secret | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the address is https: false only for an emulator on this machine."""
        return self.endpoint.startswith("https://")


def acs_resource(settings: Settings) -> AcsResource | None:
    """The resource of the settings, None if there is none.

    Raises:
        SettingsError: it cannot be used; the text holds nothing of the key.
    """
    if settings.acs.connection_string is not None:
        return parse_connection_string(settings.acs.connection_string.reveal())
    if settings.acs.endpoint:
        return AcsResource(_origin("ACS_ENDPOINT", settings.acs.endpoint))
    return None


def parse_connection_string(text: str) -> AcsResource:
    """The resource of a connection string; the names of its parts in any case, in any order, others ignored.

    Raises:
        SettingsError: as `acs_resource`.
    """
    name = "ACS_CONNECTION_STRING"
    parts: dict[str, str] = {}
    for part in text.split(";"):
        field, separator, value = part.strip().partition("=")
        if separator and parts.setdefault(field.lower(), value) != value:
            raise SettingsError(f"{name} names {'the key' if field.lower() == 'accesskey' else 'a part'} twice")
    if not parts.get("endpoint") or not parts.get("accesskey"):
        missing = "endpoint" if not parts.get("endpoint") else "accesskey"
        raise SettingsError(f"{name} has no {missing}; it must be of the form endpoint=https://...;accesskey=...")
    key = parts["accesskey"]
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error:
        raise SettingsError(f"{name}: the access key is not in base64; copy the whole string again") from None
    return AcsResource(_origin(f"{name}: endpoint", parts["endpoint"]), Secret(key))


def _origin(name: str, address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
            host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise SettingsError(f"{name} must be {ALLOWED}, with a host and nothing behind it")
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsError(f"{name} must be {ALLOWED}: http would send it unencrypted")
    name_or_address = f"[{host}]" if ":" in host else host
    # A client leaves the usual port out of the host that it names, and the host is signed.
    shown_port = "" if port is None or port == DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{name_or_address}{shown_port}"
