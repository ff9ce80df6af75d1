"""What operators change of an agent: the given fields, and nothing else of it."""

from actors.agent import Agent, Model, Voice
from app.agents.agent_changes import changed
from protocol.agents import decode_change

AGENT = Agent(name="a", label="A", model=Model(temperature=0.4, max_tokens=200), voice=Voice(name="ann", style="calm"))


def test_given_fields_are_changed_and_the_others_are_as_they_were() -> None:
    given = decode_change(b'{"model": {"temperature": 1.5}, "voice": {"voice_name": "bob"}}').given()
    after = changed(AGENT, given)
    assert (after.model.temperature, after.model.max_tokens) == (1.5, 200)
    assert (after.voice.name, after.voice.style) == ("bob", "calm")
    assert (after.name, after.label) == (AGENT.name, AGENT.label)
    assert AGENT.model.temperature == 0.4


def test_every_field_that_may_be_changed_is_one_of_an_agent() -> None:
    body = b"""{"model": {"deployment_id": "d", "temperature": 1, "top_p": 0.5, "max_tokens": 9},
                "voice": {"voice_name": "bob", "voice_style": "sad"}}"""
    after = changed(AGENT, decode_change(body).given())
    assert after.model == Model(deployment_id="d", temperature=1.0, top_p=0.5, max_tokens=9)
    assert (after.voice.name, after.voice.style) == ("bob", "sad")
