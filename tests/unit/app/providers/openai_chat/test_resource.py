"""Which service the settings mean, and what is wrong with those that mean none."""

import pytest

from app.providers.openai_chat.model import create_azure, create_openai
from app.providers.openai_chat.resource import OPENAI, ChatResource, azure_resource, openai_resource
from config.errors import SettingsError
from config.settings import Settings

KEY = "a-key-of-somebody"


def azure(**environ: str) -> ChatResource | None:
    return azure_resource(Settings.read(environ))


def compatible(**environ: str) -> ChatResource | None:
    return openai_resource(Settings.read(environ))


def test_azure_is_there_when_its_endpoint_is() -> None:
    assert azure() is None
    found = azure(
        AZURE_OPENAI_ENDPOINT="https://clinic.openai.azure.com/",
        AZURE_OPENAI_KEY=KEY,
        AZURE_OPENAI_CHAT_DEPLOYMENT_ID="gpt-4o",
    )
    assert found is not None
    assert (found.address, found.model, found.api_version) == (
        "https://clinic.openai.azure.com",
        "gpt-4o",
        "2024-10-21",
    )
    assert (found.label, found.proof) == ("Azure OpenAI", "AZURE_OPENAI_KEY")
    assert KEY not in repr(found)


def test_without_a_key_an_identity_is_used() -> None:
    found = azure(AZURE_OPENAI_ENDPOINT="http://127.0.0.1:8080")
    assert found is not None
    assert found.key is None
    assert "identity" in found.proof


def test_an_openai_compatible_server_is_asked_for_by_its_model() -> None:
    assert compatible(OPENAI_API_KEY=KEY, OPENAI_BASE_URL="http://127.0.0.1/v1") is None
    own = compatible(OPENAI_MODEL="llama3.2:3b", OPENAI_BASE_URL="http://models:11434/v1/")
    assert own is not None
    assert (own.address, own.model, own.label) == ("http://models:11434/v1", "llama3.2:3b", "models")
    assert (found := compatible(OPENAI_MODEL="gpt-4o", OPENAI_API_KEY=KEY)) is not None
    assert found.address == OPENAI


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"AZURE_OPENAI_KEY": KEY}, "AZURE_OPENAI_KEY needs AZURE_OPENAI_ENDPOINT"),
        ({"AZURE_OPENAI_ENDPOINT": "http://clinic.example"}, "AZURE_OPENAI_ENDPOINT must be https"),
        ({"AZURE_OPENAI_ENDPOINT": "https://c.example/openai/deployments/d"}, "without /openai"),
        ({"OPENAI_MODEL": "gpt-4o"}, "OPENAI_MODEL needs OPENAI_API_KEY"),
        (
            {"OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://models.example/v1", "OPENAI_API_KEY": KEY},
            "OPENAI_BASE_URL must be https",
        ),
    ],
)
def test_half_a_configuration_is_one_line_that_says_what_is_missing(environ: dict[str, str], said: str) -> None:
    settings = Settings.read(environ)
    with pytest.raises(SettingsError, match=said) as wrong:
        (azure_resource(settings), openai_resource(settings))
    assert KEY not in str(wrong.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "http://10.1.2.3/v1", "http://models/v1"])
def test_a_key_may_go_unencrypted_to_a_server_nearby(address: str) -> None:
    assert compatible(OPENAI_MODEL="m", OPENAI_BASE_URL=address, OPENAI_API_KEY=KEY) is not None


def test_a_factory_needs_its_settings() -> None:
    for factory, name in ((create_azure, "AZURE_OPENAI_ENDPOINT"), (create_openai, "OPENAI_MODEL")):
        with pytest.raises(SettingsError, match=name):
            factory(Settings())
