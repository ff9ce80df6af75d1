"""What can go wrong at a port, by stage.

    ProviderError
    ├── RecognizerError    speech to text
    ├── SynthesizerError   text to speech
    ├── ModelError         the language model
    └── StoreError         the session store

An adapter turns its SDK's exceptions into these; whatever else it raises kills its actor, and the supervisor decides.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why a provider failed; decides what the caller of the port does next."""

    AUTHENTICATION = "authentication"  # wrong or expired credentials: retrying alone cannot help
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    BAD_REQUEST = "bad_request"  # our request is at fault: the same request will fail again
    INTERNAL = "internal"


class ProviderError(Exception):
    """A provider failed. `detail` is for operators: it never carries transcript text, credentials or phone numbers."""

    def __init__(self, kind: ErrorKind, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """True when the same request may succeed later."""
        return self.kind not in (ErrorKind.AUTHENTICATION, ErrorKind.BAD_REQUEST)


class RecognizerError(ProviderError):
    """Speech to text has failed: a stream cannot be opened, or has broken."""


class SynthesizerError(ProviderError):
    """Text to speech has failed: a voice cannot be opened, or a text cannot be spoken."""


class ModelError(ProviderError):
    """The language model has failed: a reply cannot be begun, or has broken off."""


class StoreError(ProviderError):
    """A session's record cannot be saved or loaded."""
