"""The token of an identity, for objects that live longer than it: every one of them is given the next in time."""

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from actors.errors import ErrorKind
from app.errors import AppError
from app.providers.azure.credential import Credential, SharedCredential
from app.providers.azure.failures import Failure

log = logging.getLogger(__name__)

SCOPE = "https://cognitiveservices.azure.com/.default"
EARLY_S = 300.0
"""Seconds before its end at which a token is renewed; a short-lived one is renewed after four fifths of its life."""
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next attempt to renew a token, after those that failed or brought no token that lives longer."""
TIMEOUT_S = 4.0
CLOSE_S = 2.0
"""Seconds for which a cancelled renewal is waited for; then it is abandoned."""
DOUBTED_S = 2.0
"""Seconds after a token was issued within which a refusal is not taken as a reason to renew it: something else is
wrong."""


class NoTokenError(AppError):
    """The identity of this machine gives no token; `failure` says why, for the log."""

    def __init__(self, kind: ErrorKind, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(kind, detail)


class Purpose(msgspec.Struct, frozen=True):
    """What an identity is asked for tokens for."""

    service: str
    """The name of the service, for the log."""
    scope: str
    key: str
    """The setting of the key that can be used in place of an identity."""


SPEECH = Purpose("Azure Speech", SCOPE, "AZURE_SPEECH_KEY")


class Identity:
    """The identity of one engine: by the credential that the whole process shares, unless `make` makes another.

    `make` is called in a thread.
    """

    def __init__(self, make: Callable[[], Credential] | None = None, purpose: Purpose = SPEECH) -> None:
        self._make = make or SharedCredential
        self._purpose = purpose
        self._credential: Credential | None = None
        self._token = ""
        self._expires_on = 0.0
        self._asked_at = 0.0
        self._is_doubted = False
        """Whether the service refuses a token that the credential would give again, since its time is not over."""
        self._asking = asyncio.Lock()
        self._followers: dict[object, Callable[[str], None]] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """A token that is valid for the moment, asked for if there is none.

        Raises:
            NoTokenError: there is none.
        """
        async with self._asking:
            if self._expires_on - time.time() < 1.0:
                former = self._token
                await self._ask()
                if former and self._token != former:
                    self._tell_followers()
            if self._renewing is None:
                self._renewing = asyncio.create_task(self._renew(), name="token")
            return self._token

    def doubt(self) -> None:
        """Ask for another token when one is needed next: the service refuses this one, though its time is not over."""
        if time.time() - self._asked_at >= DOUBTED_S:
            self._expires_on = 0.0
            self._is_doubted = True

    def follow(self, who: object, use: Callable[[str], None]) -> None:
        """Have `use` called with each next token, on the loop, until `who` is given to `leave`."""
        self._followers[who] = use

    def leave(self, who: object) -> None:
        """Stop giving this object new tokens: it is being closed."""
        self._followers.pop(who, None)

    async def close(self) -> None:
        """Close the credential's connections."""
        self._followers.clear()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing], timeout=CLOSE_S)
        if self._credential is not None:
            await self._credential.close()

    async def _ask(self) -> None:
        try:
            if self._is_doubted:
                await self._leave_credential()
            if self._credential is None:
                self._credential = await asyncio.to_thread(self._make)
            async with asyncio.timeout(TIMEOUT_S):
                given = await self._credential.get_token(self._purpose.scope)
        except TimeoutError:
            raise NoTokenError(ErrorKind.TIMEOUT, "the identity gives no token within 4 s") from None
        except Exception as error:  # noqa: BLE001 - whatever a credential raises, there is no token
            # The text of the exception names the credentials that were tried, over many lines, and never a secret.
            reason = type(error).__name__
            raise NoTokenError(
                ErrorKind.AUTHENTICATION,
                f"no token for {self._purpose.service}: {reason}; set {self._purpose.key} or an identity",
            ) from None
        self._token, self._expires_on, self._asked_at = given.token, float(given.expires_on), time.time()

    async def _leave_credential(self) -> None:
        """Have the next token asked of another credential, which has none yet."""
        former, self._credential = self._credential, None
        self._is_doubted = False
        if isinstance(former, SharedCredential):
            former.doubt()
        if former is not None:
            async with asyncio.timeout(CLOSE_S):
                await former.close()

    async def _renew(self) -> None:
        failed = 0
        while True:
            left_s = self._expires_on - time.time()
            await asyncio.sleep(max(left_s - EARLY_S, left_s * 0.8) if not failed else AGAIN_S[min(failed, 5) - 1])
            try:
                async with self._asking:
                    former = self._token
                    await self._ask()
            except NoTokenError as none:
                log.warning("the token for %s could not be renewed: %s", self._purpose.service, none)
                failed += 1
                continue
            failed = failed + 1 if self._token == former else 0
            if not failed:
                self._tell_followers()

    def _tell_followers(self) -> None:
        for use in list(self._followers.values()):
            use(self._token)
