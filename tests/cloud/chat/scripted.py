"""What the emulated model answers, and what goes wrong on the way."""

import re
from enum import StrEnum
from typing import Any

import msgspec


class Fault(StrEnum):
    """How a stream goes wrong, once `Reply.fault_after` pieces of it have been sent."""

    STALL = "stall"  # nothing more comes, and the connection stays
    RESET = "reset"  # the connection is reset
    TRUNCATED = "truncated"  # the body ends as if all were well, in mid-reply
    MALFORMED = "malformed"  # a chunk that is no JSON
    OVERLONG = "overlong"  # an event of 10 MB, in lines of data that no blank line ends
    ERROR = "error"  # the service tells of an error of its own within the stream


class Call(msgspec.Struct, frozen=True):
    """A tool call. `arguments` is JSON, or text that is sent as it is."""

    name: str
    arguments: dict[str, Any] | str = {}

    @property
    def arguments_text(self) -> str:
        """As it is sent."""
        if isinstance(self.arguments, str):
            return self.arguments
        return msgspec.json.encode(self.arguments).decode()


class Reply(msgspec.Struct, frozen=True):
    """A streamed reply: text, then calls, which are in parallel if there are several."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = ""
    """The finish_reason; empty for the one that goes with the rest."""
    first_token_s: float = 0.0
    """From the request to the first piece, headers included: the service holds them back as long."""
    tokens_per_s: float = 0.0
    """Pieces in a second; 0 sends them at once."""
    fault: Fault | None = None
    fault_after: int = 0

    @property
    def pieces(self) -> list[str]:
        """The text as tokens, about."""
        return re.findall(r"\s*\S+|\s+\Z", self.text)

    @property
    def finish_reason(self) -> str:
        """As it is sent."""
        return self.finish or ("tool_calls" if self.calls else "stop")


class Refusal(msgspec.Struct, frozen=True):
    """A request that is refused. `headers` go with it, such as Retry-After."""

    status: int
    code: str = ""
    message: str = "The request was refused."
    headers: dict[str, str] = {}
    param: str | None = None
    after_s: float = 0.0

    @property
    def body(self) -> dict[str, Any]:
        """As OpenAI and Azure send it."""
        return {"error": {"message": self.message, "type": None, "param": self.param, "code": self.code or None}}


class Silence(msgspec.Struct, frozen=True):
    """The request is taken and never answered. `after_headers`: the stream is opened, and nothing comes of it."""

    after_headers: bool = False


Answer = Reply | Refusal | Silence


def throttled(retry_after_s: float | None = None) -> Refusal:
    """429, with or without a word about when to come back."""
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return Refusal(429, "429", "Requests have exceeded the token rate limit of your tier.", headers)


def content_filtered() -> Refusal:
    """400: Azure's filter takes offence at the prompt, which it repeats in no part of its answer."""
    message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
    return Refusal(400, "content_filter", message, param="prompt")


def unsupported(param: str, *, value: bool = False) -> Refusal:
    """400: the model knows no such parameter, or only its default value."""
    code = "unsupported_value" if value else "unsupported_parameter"
    return Refusal(400, code, f"Unsupported parameter: '{param}' is not supported with this model.", param=param)
