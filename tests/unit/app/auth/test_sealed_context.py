"""What a token carries of a user: nobody but the server reads it, or makes it."""

import base64

import msgspec
import pytest
from cryptography.fernet import Fernet

from actors.session_context import GivenContext
from app.auth.jwt import TokenError
from app.auth.sealed_context import ContextSeal

KEY = bytes(range(32))
GIVEN = GivenContext(context={"order": {"id": 7}, "vip": True}, caller_name="Ada", language="de-DE")


def test_what_is_sealed_is_opened_by_whoever_has_the_key() -> None:
    assert ContextSeal(KEY).open(ContextSeal(KEY).seal(GIVEN)) == GIVEN


def test_nothing_of_it_can_be_read() -> None:
    sealed = ContextSeal(KEY).seal(GIVEN)
    assert b"Ada" not in base64.urlsafe_b64decode(sealed)
    assert sealed != ContextSeal(KEY).seal(GIVEN)


def own(content: bytes) -> str:
    return Fernet(base64.urlsafe_b64encode(KEY)).encrypt(content).decode()


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "ä",
        base64.urlsafe_b64encode(msgspec.json.encode(GIVEN)).decode(),
        ContextSeal(KEY[::-1]).seal(GIVEN),
        ContextSeal(KEY).seal(GIVEN)[:-8] + "AAAAAAA=",
        own(b"no JSON"),
        own(b'{"context": []}'),
        own(b"[]"),
    ],
    ids=["nothing", "a letter", "no ASCII", "not sealed", "another key", "cut", "no JSON", "a list in it", "a list"],
)
def test_what_was_not_sealed_here_is_refused(forged: str) -> None:
    with pytest.raises(TokenError, match=r"^with a context that is not this server's$"):
        ContextSeal(KEY).open(forged)


@pytest.mark.parametrize("forged", [None, 7, {"context": {}}, ["x"]])
def test_what_is_no_text_is_refused(forged: object) -> None:
    with pytest.raises(TokenError):
        ContextSeal(KEY).open(forged)  # type: ignore[arg-type]
