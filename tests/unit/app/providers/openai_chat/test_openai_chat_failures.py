"""What the SDK's exceptions mean; of their texts nothing is shown."""

import httpx2
import openai
import pytest

from actors.errors import ErrorKind, ModelError
from app.providers.openai_chat.failures import may_pass, understood
from app.providers.openai_chat.resource import ChatResource

RESOURCE = ChatResource(True, "https://example.openai.azure.com", "gpt-4o", None, "2024-10-21")
REQUEST = httpx2.Request("POST", "https://example.openai.azure.com")


def refused(status: int, code: str | None = None, **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(status, request=REQUEST, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return openai.APIStatusError("my number is 555 0100", response=response, body={"code": code, "param": "555"})


@pytest.mark.parametrize(
    ("error", "kind", "again"),
    [
        (refused(401), ErrorKind.AUTHENTICATION, False),
        (refused(400), ErrorKind.BAD_REQUEST, False),
        (refused(404), ErrorKind.UNAVAILABLE, False),
        (refused(408), ErrorKind.TIMEOUT, True),
        (refused(429), ErrorKind.THROTTLED, True),
        (refused(429, "insufficient_quota"), ErrorKind.THROTTLED, False),
        (refused(503), ErrorKind.UNAVAILABLE, True),
        (openai.APITimeoutError(REQUEST), ErrorKind.TIMEOUT, True),
        (openai.APIConnectionError(request=REQUEST), ErrorKind.UNAVAILABLE, True),
        (refused(400, "content_filter"), ErrorKind.REFUSED, False),
        (refused(400, "invalid_prompt"), ErrorKind.REFUSED, False),
        (refused(403, "content_policy_violation"), ErrorKind.REFUSED, False),
        (refused(400, "context_length_exceeded"), ErrorKind.TOO_LONG, False),
        (openai.APIError("in mid-reply", REQUEST, body=None), ErrorKind.UNAVAILABLE, True),
        (openai.APIError("in mid-reply", REQUEST, body={"code": "content_filter"}), ErrorKind.REFUSED, False),
        (openai.APIError("in mid-reply", REQUEST, body={"code": "string_above_max_length"}), ErrorKind.TOO_LONG, False),
        (ValueError("no JSON"), ErrorKind.INTERNAL, True),
        (ModelError(ErrorKind.BAD_REQUEST, "ours"), ErrorKind.BAD_REQUEST, False),
    ],
)
def test_each_has_its_kind_and_may_pass_or_not(error: Exception, kind: ErrorKind, again: bool) -> None:
    found = understood(error, RESOURCE, "gpt-4o")
    assert (found.kind, may_pass(error)) == (kind, again)
    assert "555" not in str(found)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (
            400,
            "This model's maximum context length is 4096 tokens. However, you requested 5550 tokens.",
            ErrorKind.TOO_LONG,
        ),
        (400, "the request exceeds the available context size, try increasing it", ErrorKind.TOO_LONG),
        (400, "prompt is too long: 255500 tokens > 200000 maximum", ErrorKind.TOO_LONG),
        (400, "The input token count (1200555) exceeds the maximum number of tokens allowed", ErrorKind.TOO_LONG),
        (
            400,
            "Prompt contains 40555 tokens, too large for model with 32768 maximum context length",
            ErrorKind.TOO_LONG,
        ),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 8193", ErrorKind.TOO_LONG),
        (413, "Request too large for model in organization 555", ErrorKind.TOO_LONG),
        (400, "Your request was rejected by our safety system 555", ErrorKind.REFUSED),
        (400, "The response was filtered due to the content management policy", ErrorKind.REFUSED),
        (400, "temperature 555 is out of range", ErrorKind.BAD_REQUEST),
        (429, "Request too large: 555 tokens per minute", ErrorKind.THROTTLED),
        (503, "context window exceeded its 555", ErrorKind.UNAVAILABLE),
    ],
)
def test_what_services_say_without_a_code_is_understood_and_not_repeated(
    status: int, message: str, kind: ErrorKind
) -> None:
    response = httpx2.Response(status, request=REQUEST)
    found = understood(openai.APIStatusError(message, response=response, body={"code": status}), RESOURCE, "gpt-4o")
    assert found.kind is kind
    assert "555" not in str(found)
    in_mid_reply = openai.APIError("maximum context length is 555", REQUEST, body={"code": 400})
    assert understood(in_mid_reply, RESOURCE, "gpt-4o").kind is ErrorKind.TOO_LONG
    assert not may_pass(in_mid_reply)


def test_the_code_of_the_error_within_the_error_counts() -> None:
    body = {"code": "BadRequest", "innererror": {"code": "ResponsibleAIPolicyViolation"}}
    error = openai.APIStatusError("no", response=httpx2.Response(400, request=REQUEST), body=body)
    assert understood(error, RESOURCE, "gpt-4o").kind is ErrorKind.REFUSED


def test_a_model_that_is_not_there_is_named_with_what_to_check() -> None:
    detail = understood(refused(404), RESOURCE, "gpt-4o").detail
    assert "there is no gpt-4o: check AZURE_OPENAI_CHAT_DEPLOYMENT_ID" in detail
    assert "there is no the model" in understood(refused(404), RESOURCE, "my number: 555").detail
