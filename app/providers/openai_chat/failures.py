"""What the SDK's exceptions mean. Of their texts nothing is taken over: services repeat what they were sent."""

import re
from collections.abc import Iterator

import openai

from actors.errors import ErrorKind, ModelError
from app.providers.openai_chat.resource import ChatResource
from app.providers.retry_after import retry_after_s

_NAME = re.compile(r"[A-Za-z][A-Za-z_.\[\]0-9]{0,63}")
"""Matches an error code, or the name of a parameter."""
_KINDS = {
    401: ErrorKind.AUTHENTICATION,
    403: ErrorKind.AUTHENTICATION,
    404: ErrorKind.UNAVAILABLE,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.UNAVAILABLE,
    429: ErrorKind.THROTTLED,
}
MOST_CHARS = 1_000
"""The most characters of an error's text that are looked at."""
AGAIN_STATUS = (408, 409, 429)
"""The HTTP statuses below 500 after which the same request may succeed."""
TOO_LONG_CODES = ("context_length_exceeded", "string_above_max_length", "exceed_context_size_error")
REFUSED_CODES = (
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",
    "content_blocked",
)
"""The error codes with which services report that a content filter has refused the request."""
_TOO_LONG = re.compile(
    r"(?:maximum|available|model'?s?)[\w\s]{0,20} context (?:length|size|window)"
    r"|context (?:length|size|window)[\w\s]{0,20} exceed|exceeds?[\w\s]{0,40}(?:context|number of tokens)"
    r"|(?:prompt|input|request|messages?)[\w\s]{0,30} too (?:long|large)|too (?:large|many tokens) for"
    r"|reduce the length of the (?:messages|prompt)"
    r"|tokens? (?:limit|count)[^.]{0,40} exceed|tokens`? must be (?:<=|less)",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"content (?:management )?polic|content[_ ]filter|safety (?:system|filter|polic)|responsible ai"
    r"|(?:flagged|blocked|rejected) (?:by|as|for|due to)[\w\s]{0,30}(?:moderation|safety|polic|unsafe|harm)",
    re.IGNORECASE,
)
"""Matches the sentence in which services report the same that copy the text of OpenAI's errors and not its codes."""
_ABOUT_REQUEST = (400, 413, 422)
FINAL_CODES = ("insufficient_quota", *REFUSED_CODES, *TOO_LONG_CODES)
"""The error codes after which no repetition helps, whatever the HTTP status."""


def understood(error: Exception, resource: ChatResource, model: str) -> ModelError:
    """The error of the port for one of the SDK's, or for a stream that cannot be read."""
    match error:
        case ModelError():
            return error
        case openai.APIStatusError():
            return _refused(error, resource, model)
        case openai.APITimeoutError():
            return ModelError(ErrorKind.TIMEOUT, f"{resource.label}: no answer in time")
        case openai.APIConnectionError():
            return ModelError(ErrorKind.UNAVAILABLE, f"{resource.label}: no connection, or it broke")
        case openai.APIError():
            kind, detail = _of_code(error) or (ErrorKind.UNAVAILABLE, f"it failed in mid-reply{_reason(error)}")
            return ModelError(kind, f"{resource.label}: {detail}")
        case _:
            return ModelError(ErrorKind.INTERNAL, f"{resource.label}: {type(error).__name__}")


def may_pass(error: Exception) -> bool:
    """Whether the same request, sent once more, may succeed; a ValueError is a stream that cannot be read."""
    if isinstance(error, openai.APIStatusError):
        again = error.status_code in AGAIN_STATUS or error.status_code >= 500
        return again and error.code not in FINAL_CODES
    if isinstance(error, ModelError):
        return error.kind in (ErrorKind.TIMEOUT, ErrorKind.UNAVAILABLE)
    if isinstance(error, openai.APIError):
        return error.code not in FINAL_CODES and _of_code(error) is None
    return isinstance(error, ValueError)


def _refused(error: openai.APIStatusError, resource: ChatResource, model: str) -> ModelError:
    status = error.status_code
    kind = _KINDS.get(status, ErrorKind.BAD_REQUEST if status < 500 else ErrorKind.UNAVAILABLE)
    if status == 404:
        named = model if _NAME.fullmatch(model.replace("-", "_")) else "the model"
        detail = f"there is no {named}: check {resource.model_variable} and the agent's deployment_id"
    elif known := _of_code(error):
        kind, detail = known
    elif kind is ErrorKind.AUTHENTICATION:
        detail = f"refuses us ({status}): check {resource.proof}"
    else:
        detail = f"status {status}{_reason(error)}"
    return ModelError(kind, f"{resource.label}: {detail}", retry_after_s=retry_after_s(error.response.headers))


def _of_code(error: openai.APIError) -> tuple[ErrorKind, str] | None:
    """What an error is that is about the request itself, before the reply or in it; None if its code does not say."""
    codes = {str(each) for each in (error.code, error.type, *_inner_codes(error.body)) if each}
    text = "" if isinstance(error, openai.APIStatusError) and error.status_code not in _ABOUT_REQUEST else error.message
    if not codes.isdisjoint(REFUSED_CODES) or _POLICY.search(text[:MOST_CHARS]):
        return ErrorKind.REFUSED, "the content filter refuses the prompt"
    if not codes.isdisjoint(TOO_LONG_CODES) or _TOO_LONG.search(text[:MOST_CHARS]):
        return ErrorKind.TOO_LONG, "the conversation is longer than the model can read"
    return None


def _inner_codes(body: object) -> Iterator[object]:
    """The code of the error within the error, as Azure has it."""
    inner = body.get("innererror") if isinstance(body, dict) else None
    if isinstance(inner, dict):
        yield inner.get("code")


def _reason(error: openai.APIError) -> str:
    known = {"code": error.code, "parameter": error.param}
    return "".join(f", {what} {name}" for what, name in known.items() if name and _NAME.fullmatch(str(name)))
