"""Who asks callers for the access code: the agent's own voice, and nothing else of it."""

import msgspec
import pytest

from actors.agent import Agent, Guardrail
from actors.conversation import ANY_KEYS
from app.dialogue.schema import ScriptedAgent
from app.telephony.inbound.access_code import LONGEST_S, SUFFIX, gatekeeper
from tests.kit.session_kit import AGENT

SCRIPTED = msgspec.convert(msgspec.to_builtins(AGENT), ScriptedAgent)


@pytest.mark.parametrize("agent", [AGENT, SCRIPTED], ids=["agent", "scripted agent"])
def test_the_gatekeeper_keeps_the_voice_and_takes_keys_only(agent: Agent) -> None:
    rail = Guardrail(name="codes", topic="Codes of any kind.")
    asking = gatekeeper(msgspec.structs.replace(agent, guardrails=(rail,)))
    assert asking.guardrails == (), "its phrases are ours, and its model knows codes only"
    assert (asking.name, asking.greeting) == (agent.name + SUFFIX, agent.phrases.enter_code)
    assert (asking.voice, asking.languages) == (agent.voice, agent.languages)
    assert (asking.keys, asking.tools) == (ANY_KEYS, ())
    assert set(asking.phrases.no_input) == {agent.phrases.enter_code}
    assert asking.limits.max_session_s <= LONGEST_S
    assert all(
        policy.protected
        for policy in (
            asking.barge_in.greeting,
            asking.barge_in.speaking,
            asking.barge_in.thinking,
            asking.barge_in.tool,
        )
    )
