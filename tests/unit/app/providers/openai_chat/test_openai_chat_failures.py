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


def test_a_model_that_is_not_there_is_named_with_what_to_check() -> None:
    detail = understood(refused(404), RESOURCE, "gpt-4o").detail
    assert "there is no gpt-4o: check AZURE_OPENAI_CHAT_DEPLOYMENT_ID" in detail
    assert "there is no the model" in understood(refused(404), RESOURCE, "my number: 555").detail
