"""Secrets that people think of first are refused, and random ones are not."""

import random
import string

import pytest

from config.errors import SettingsError
from config.secret_strength import is_guessable
from config.settings import Settings


@pytest.mark.parametrize(
    "secret",
    [
        "aaaaaaaaaaaaaaaa",
        "aaaaaaaabbbbbbbb",
        "abcabcabcabcabca",
        "1234567890123456",
        "0123456789abcdef",
        "abcdefghijklmnop",
        "qwertyuiopasdfgh",
        "passwordpassword",
        "Password12345678",
        "P@ssw0rdP@ssw0rd",
        "changemechangeme",
        "administrator123",
        "letmein-letmein-1",
        "operator-token00",
        "my-operator-token-1",
        "OPERATOR_TOKEN_2026",
        "earshot-prod-2026",
        "Test-Server-Key-01",
        "dev-admin-password",
        "2026-operator-2026",
        "super-secret-token",
        "0per4tor-t0ken-99",
        "event-grid-secret",
        "call_record_secret",
        "azure-webhook-secret-1",
        "EventGridSecret2026!",
        "your-token-here-00",
        "please-change-this",
        "insert-token-here",
        "sample-token-1234",
        "not-a-real-secret",
        "<operator-token>",
        "$(cat/run/7f31/tok)",
        "${SOME_SECRET_7f31}",
        "{{vault.q7.tok}}",
        "1q2w3e4r5t6y7u8i",
        "zaq12wsxcde34rfv",
        "!QAZ2wsx#EDC4rfv",
        "a1b2c3d4e5f6g7h8",
        "00112233445566778899",
        "trustno1-trustno1x",
        "correcthorsebatterystaple",
    ],
)
def test_a_secret_that_is_guessed_soon(secret: str) -> None:
    assert is_guessable(secret)
    for name in ("OPERATOR_TOKEN", "TOKEN_SIGNING_KEY", "EVENT_GRID_SECRET", "CALL_RECORD_SECRET"):
        with pytest.raises(SettingsError) as refused:
            Settings.read({name: (secret * 2)})
        assert str(refused.value).startswith(f"{name} is easy to guess")
        assert secret not in str(refused.value)


@pytest.mark.parametrize("secret", ["an-operator-token-of-32-characters", "correct-horse-battery", "wYq7-kd02-Lmfe-x9"])
def test_a_secret_that_is_not(secret: str) -> None:
    assert not is_guessable(secret)


@pytest.mark.parametrize("public", [{}, {"HOST": "0.0.0.0"}, {"BASE_URL": "https://voice.example"}])
@pytest.mark.parametrize("name", ["OPERATOR_TOKEN", "EVENT_GRID_SECRET", "CALL_RECORD_SECRET"])
def test_no_secret_is_taken_that_is_guessed_soon_wherever_the_server_is_reached(
    name: str, public: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is easy to guess"):
        Settings.read({**public, name: "secret-0123456789"})
    Settings.read({**public, name: "wYq7-kd02-Lmfe-x9"})


def test_random_secrets_are_taken() -> None:
    source = random.Random(7)
    for alphabet, size in (("0123456789abcdef", 32), (string.ascii_letters + string.digits, 24)):
        assert not any(is_guessable("".join(source.choices(alphabet, k=size))) for _ in range(1_000))
