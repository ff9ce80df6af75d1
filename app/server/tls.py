"""TLS that the server itself ends, where no proxy before it does: on a laptop, for clients that speak wss only."""

import ssl
from pathlib import Path

from config.errors import SettingsError
from config.settings import Settings


def tls_files(settings: Settings) -> tuple[Path, Path] | None:
    """The files of the certificate and its key; None without TLS.

    Raises:
        SettingsError: one of them is missing, or they cannot be used; names the variable.
    """
    certificate, key = settings.server.tls_certificate, settings.server.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing, other = ("TLS_CERTIFICATE", "TLS_KEY") if certificate is None else ("TLS_KEY", "TLS_CERTIFICATE")
        raise SettingsError(f"{missing} is unset, and {other} is of no use without it")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        reason = f": {error.reason}" if error.reason else ""
        raise SettingsError(f"TLS_CERTIFICATE and TLS_KEY are no certificate with its key{reason}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"TLS_CERTIFICATE or TLS_KEY cannot be read: {reason.lower()}") from None
    return certificate, key


def _no_password() -> str:
    """Refuse to give a password for the key: OpenSSL would otherwise ask for one at the terminal."""
    raise ValueError("the key has a password")
