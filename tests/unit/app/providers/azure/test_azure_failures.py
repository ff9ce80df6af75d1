"""What the SDK's reasons mean: the kind decides what is done next, and nothing of the service's text is shown."""

import pytest

from actors.errors import ErrorKind
from app.providers.azure.failures import KINDS, failure


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TooManyRequests", ErrorKind.THROTTLED),
        ("ConnectionFailure", ErrorKind.UNAVAILABLE),
        ("ServiceTimeout", ErrorKind.TIMEOUT),
        ("SomethingNew", ErrorKind.INTERNAL),
    ],
)
def test_the_kind_follows_from_the_code(code: str, kind: ErrorKind) -> None:
    assert failure(code, "", "AZURE_SPEECH_KEY").kind is kind


@pytest.mark.parametrize("code", ["AuthenticationFailure", "Forbidden"])
def test_a_refusal_says_what_to_check(code: str) -> None:
    found = failure(code, "WebSocket upgrade failed: Authentication error (401).", "AZURE_SPEECH_KEY")
    assert (found.kind, found.detail) == (ErrorKind.AUTHENTICATION, "Azure Speech refuses us: check AZURE_SPEECH_KEY")


def test_of_the_text_the_status_alone_is_passed_on() -> None:
    found = failure("ServiceError", "Status code: 503. The call of +1 555 0100 is secret", "")
    assert found.detail == "Azure Speech: ServiceError (503)"


def test_every_kind_is_one_of_the_ports() -> None:
    assert set(KINDS.values()) <= set(ErrorKind)
