"""What can go wrong in a session and at its ports: every exception of this package.

    ActorsError
    ├── ProviderError            an engine or a store has failed: what an adapter turns its SDK's exceptions into
    │   ├── RecognizerError        speech to text
    │   ├── SynthesizerError       text to speech
    │   ├── ModelError             the language model
    │   ├── RealtimeError          speech to speech
    │   └── StoreError             the session store
    ├── CallError                an order to the telephone network was not carried out (ports/call_controls.py)
    ├── ToolDefinitionError      a function cannot be a tool
    ├── WrongArgumentsError      a model has called a tool with what it does not take
    ├── ToolThreadsBusyError     a tool hangs so often that it is not begun again (runtime/tool_threads.py)
    ├── MailboxFullError         an actor has more to handle than it ever can (runtime/mailbox.py)
    ├── WouldBlockError          somebody waits on the thread of an event loop (runtime/loop_actor.py)
    ├── OverdueError             others' work was not done in time (runtime/time_limit.py)
    ├── NothingLeftError         virtual time can never go on (runtime/clock.py)
    ├── ImpossibleChangeError    a rule of turn-taking is wrong (rules/turn_taking/core.py)
    └── UnexpectedEventError     turn-taking is told what cannot happen (rules/turn_taking/machine.py)

Whatever else an adapter raises ends its actor, and the supervisor decides what follows.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why an engine or a store has failed: it decides what the caller of the port does next."""

    AUTHENTICATION = "authentication"  # wrong or expired credentials: retrying alone cannot help
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    BAD_REQUEST = "bad_request"  # our request is at fault: the same request will fail again
    REFUSED = "refused"  # a content filter will not have what was said
    TOO_LONG = "too_long"  # the conversation is longer than the model can read
    INTERNAL = "internal"


class ActorsError(Exception):
    """Base of every exception that the package `actors` raises."""


class ProviderError(ActorsError):
    """A provider failed. `detail` is for operators: it never carries transcript text, credentials or phone numbers."""

    def __init__(self, kind: ErrorKind, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{kind.value}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """True when the same request may succeed later."""
        return self.kind is not ErrorKind.AUTHENTICATION and not self.is_of_the_request

    @property
    def is_of_the_request(self) -> bool:
        """True when what was asked is at fault: it says nothing about the provider, and the same will fail again."""
        return self.kind in (ErrorKind.BAD_REQUEST, ErrorKind.REFUSED, ErrorKind.TOO_LONG)


class RecognizerError(ProviderError):
    """Speech to text has failed: a stream cannot be opened, or has broken."""


class SynthesizerError(ProviderError):
    """Text to speech has failed: a voice cannot be opened, or a text cannot be spoken."""


class ModelError(ProviderError):
    """The language model has failed: a reply cannot be begun, or has broken off."""


class RealtimeError(ProviderError):
    """Speech to speech has failed: a session cannot be opened."""


class StoreError(ProviderError):
    """A session's record cannot be saved or loaded."""


class ToolDefinitionError(ActorsError):
    """A function cannot be a tool; says which and why."""


class WrongArgumentsError(ActorsError):
    """A model has called a tool with what it does not take; says what is wrong, for the model."""
