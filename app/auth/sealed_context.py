"""The context of a user that a page's backend gives along, encrypted in the page's token.

The page can neither read nor change it. It travels in the token and not by reference, so that every worker and machine
that accepts the token has it, with or without a shared store.
"""

import base64

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from actors.session_context import GivenContext
from app.auth.jwt import TokenError


class ContextSeal:
    """Encrypts and authenticates the context of a user (Fernet) with a key of 32 bytes, which nothing else uses."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, given: GivenContext) -> str:
        """Return the context encrypted and authenticated, as base64url."""
        return self._fernet.encrypt(msgspec.json.encode(given)).decode()

    def open(self, sealed: str) -> GivenContext:
        """Return the context that `seal` encrypted.

        Raises:
            TokenError: it was not sealed by this key, or by another version of the server.
        """
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed), type=GivenContext)
        except (InvalidToken, TypeError, ValueError):
            raise TokenError("with a context that is not this server's") from None
