"""A whole service with the emulated language model: chosen by the settings, checked, conversed with, replaced."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from actors.agent import Handoff, Model
from actors.tools import tool
from app.api.asgi import app_of
from app.api.readiness import Check
from app.assembly import readiness_of
from app.engines.choice import chosen
from app.engines.provider_states import provider_states
from app.providers.failover.circuit_breaker import BreakerState
from app.providers.failover.model import FailoverModel
from app.services import Services
from config.errors import SettingsError
from config.settings import Settings
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Call, Fault, Refusal, Reply
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.clients.known_frontend import KnownFrontend
from tests.kit.service_kit import running
from tests.kit.session_kit import AGENT

UNSET = {"LANGUAGE_MODEL": ""}
"""So that what is configured decides."""
BRIEF = msgspec.structs.replace(AGENT, greeting="Yes?")
KEY = "a-key-of-somebody"


@pytest.fixture
async def chat() -> AsyncIterator[ChatEmulator]:
    async with ChatEmulator() as emulator:
        emulator.default = Reply("Fine.")
        yield emulator


async def typed(service: Services, *lines: str) -> list[str]:
    """What the user hears, line by line, after the greeting."""
    socket = AsgiSocket(app_of(service), CONVERSATION)
    page = KnownFrontend(socket)
    listening = asyncio.ensure_future(page.listen())
    for count, line in enumerate(("", *lines), 1):
        if line:
            socket.send(line)
        async with asyncio.timeout(60):
            await page.until(lambda page, count=count: page.kinds["assistant_final"] >= count)
    listening.cancel()
    socket.close()
    return [message["content"] for message in page.messages if message["type"] == "assistant_final"][1:]


async def pool(service: Services) -> Check:
    report = await readiness_of(service, None).report()
    return next(check for check in report.checks if check.component == "azure_openai_pool")


@tool(timeout_s=5)
def free_times(day: str) -> list[str]:
    """Find free times.

    Args:
        day: The day.
    """
    return [f"{day} at nine"]


async def test_a_conversation_with_a_tool(chat: ChatEmulator) -> None:
    chat.answer("friday", Reply("One moment.", calls=(Call("free_times", {"day": "friday"}),)))
    chat.answer("at nine", Reply("Nine is free."))
    agent = msgspec.structs.replace(BRIEF, tools=("free_times",))
    async with running({**UNSET, **chat.environment()}, agent, {"free_times": free_times}) as service:
        assert await typed(service, "Is there something on Friday?", "Fine") == [
            "One moment. Nine is free.",
            chat.default.text,
        ]
        assert (await pool(service)).status == "healthy"
    last = chat.requests[-1].messages
    roles = ["assistant", "user", "assistant", "tool", "assistant", "user"]
    assert [message["role"] for message in last[1:]] == roles
    assert last[4]["content"] == '["friday at nine"]'


async def test_a_conversation_that_is_handed_off_to_an_agent_with_another_model(chat: ChatEmulator) -> None:
    chat.answer("invoice", Reply("One moment.", calls=(Call("handoff_to_billing", {}),)))
    chat.answer("taken this conversation over", Reply("It is paid."))
    desk = msgspec.structs.replace(BRIEF, handoffs=(Handoff(agent="billing", when="It is about an invoice."),))
    billing = msgspec.structs.replace(
        BRIEF,
        name="billing",
        label="Billing",
        introduction="This is billing.",
        instructions="You know of invoices.",
        model=Model(temperature=0.125),
    )
    async with running({**UNSET, **chat.environment()}, desk, others=(billing,)) as service:
        said = await typed(service, "Is my invoice paid?", "", "", "Fine")
    assert said[:3] == ["One moment.", "This is billing.", "It is paid."]
    first, second, *_ = chat.requests
    (tool_of_desk,) = first.body["tools"]
    assert tool_of_desk["function"]["name"] == "handoff_to_billing"
    assert "It is about an invoice." in tool_of_desk["function"]["description"]
    assert (second.body["temperature"], second.body.get("tools")) == (0.125, None)
    system, *conversation = second.messages
    assert system["content"].startswith("You know of invoices.")
    assert [message["role"] for message in conversation][:2] == ["assistant", "user"]
    assert '"This is billing."' in conversation[-1]["content"]


async def test_a_reply_that_breaks_off_is_heard_whole(chat: ChatEmulator) -> None:
    whole = "We open at nine. We close at five."
    chat.script(Reply(whole, fault=Fault.RESET, fault_after=5), Reply("close at five."))
    async with running({**UNSET, **chat.environment()}, BRIEF) as service:
        assert await typed(service, "Hi") == [whole]
        (azure,) = provider_states(service.engines)["language_model"]
        assert azure.recent_failures == 0


async def test_when_it_fails_the_other_answers_and_operators_see_it(chat: ChatEmulator) -> None:
    chat.down = Refusal(401)
    environ = {**UNSET, **chat.environment(), "LANGUAGE_MODEL_FALLBACK": "tests.kit.fakes:model"}
    async with running(environ, BRIEF) as service:
        said = await typed(service, *["Hi"] * 3)
        assert said == ["You said Hi. What else?"] * 3
        states = provider_states(service.engines)
        assert set(states) == {"language_model", "speech_recognizer", "speech_synthesizer"}
        azure, fallback = states["language_model"]
        assert (azure.name, azure.breaker) == ("azure", BreakerState.OPEN)
        assert (fallback.name, fallback.breaker) == ("tests.kit.fakes:model", BreakerState.CLOSED)
        check = await pool(service)
        assert check.status == "degraded"
        assert "check AZURE_OPENAI_KEY" in (check.error or "")
        assert "fallback tests.kit.fakes:model: is here" in (check.error or "")
        assert chat.key not in (check.error or "")
        chat.down = None
        assert "failed too often" in ((await pool(service)).error or "")


async def test_a_model_on_this_machine_is_no_pool() -> None:
    async with running({**UNSET, "LANGUAGE_MODEL_FALLBACK": "tests.kit.fakes:model"}, BRIEF) as service:
        assert isinstance(service.engines.model, FailoverModel)
        check = await pool(service)
        assert (check.status, check.error) == ("degraded", "not configured")


async def test_an_agent_without_a_deployment_stops_the_start(chat: ChatEmulator) -> None:
    environ = {**UNSET, **chat.environment(""), "AZURE_OPENAI_CHAT_DEPLOYMENT_ID": ""}
    with pytest.raises(SettingsError, match="AZURE_OPENAI_CHAT_DEPLOYMENT_ID is unset, and the agent tester"):
        async with running(environ, BRIEF):
            pytest.fail("it started")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "script"),
        ({"OPENAI_API_KEY": KEY}, "script"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "gpt-4o"}, "openai"),
        ({"AZURE_OPENAI_ENDPOINT": "https://clinic.example"}, "azure"),
        (
            {"AZURE_OPENAI_ENDPOINT": "https://clinic.example", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://m/v1"},
            "azure",
        ),
        ({"AZURE_OPENAI_ENDPOINT": "https://clinic.example", "LANGUAGE_MODEL": "script"}, "script"),
    ],
)
def test_what_is_configured_is_chosen(environ: dict[str, str], name: str) -> None:
    assert chosen(Settings.read(environ))["language_model"].name == name


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LANGUAGE_MODEL": "azure"}, "LANGUAGE_MODEL: azure needs AZURE_OPENAI_ENDPOINT"),
        ({"LANGUAGE_MODEL_FALLBACK": "openai"}, "LANGUAGE_MODEL_FALLBACK: openai needs OPENAI_MODEL"),
        ({"LANGUAGE_MODEL_FALLBACK": "script"}, "LANGUAGE_MODEL_FALLBACK is script, and so is LANGUAGE_MODEL"),
        ({"SPEECH_SYNTHESIZER_FALLBACK": "hibari"}, "SPEECH_SYNTHESIZER_FALLBACK is hibari, and so is SPEECH_SYNTH"),
        ({"OPENAI_MODEL": "gpt-4o"}, "OPENAI_MODEL needs OPENAI_API_KEY"),
    ],
)
def test_what_cannot_be_chosen_is_one_line(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        chosen(Settings.read(environ))


def test_nothing_takes_over_unless_it_is_set() -> None:
    assert not any(name.endswith("_fallback") for name in chosen(Settings()))
    assert chosen(Settings.read({"LANGUAGE_MODEL_FALLBACK": "tests.kit.fakes:model"}))[
        "language_model_fallback"
    ].factory
