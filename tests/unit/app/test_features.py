"""What `check` says is on."""

from actors.agent import Agent
from app.configuration import Configuration
from app.engines.built_in import BuiltIn
from app.features import features
from config.settings import Settings

ACS = {"ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aGVsbG8="}


def test_what_is_on_is_said_without_a_secret() -> None:
    environ = {
        **ACS, "BASE_URL": "https://x.example", "OPERATOR_TOKEN": "an-operator-token-of-32-characters",
        "CALL_ACCESS_CODE": "4711", "TOKEN_SIGNING_KEY": "a-signing-key-of-thirty-two-characters",
    }  # fmt: skip
    agents = {"a": Agent(name="a", label="A")}
    engines = {"language_model": BuiltIn("azure", "app.somewhere:make")}
    configuration = Configuration(agents=agents, tools={}, engines=engines)
    lines = list(features(Settings.read(environ), configuration))
    for line in (
        "agents: a",
        "LANGUAGE_MODEL: azure",
        "operators: OPERATOR_TOKEN",
        "tokens of browsers: TOKEN_SIGNING_KEY",
        "telephone: in; out with caller_id (ACS_SOURCE_PHONE_NUMBER)",
        "access code of calls: on",
        "handing callers to a person: off (HANDOFF_PHONE_NUMBER)",
    ):
        assert line in lines
    for secret in ("4711", "aGVsbG8", environ["OPERATOR_TOKEN"], environ["TOKEN_SIGNING_KEY"]):
        assert secret not in "\n".join(lines)
