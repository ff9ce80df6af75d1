"""What operators change of an agent: the given fields, and nothing else of it."""

from typing import Any

from actors.agent import Agent, Model, Voice
from app.agents.agent_changes import AgentChanges, Changes, changed
from app.server.processes.worker_bus import WorkerBus
from protocol.agents import AgentChange, ModelChange, decode_change

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


class Worker:
    """A worker alone on its machine, whose clock stands where it is set."""

    def __init__(self) -> None:
        self.agents = {"a": AGENT}
        self.now = 100.0
        self.told: list[Changes] = []
        self.changes = AgentChanges(self.agents, self._replace, WorkerBus(), lambda: self.now)
        self.changes.tell_others = self._tell

    def _replace(self, agent: Agent) -> None:
        self.agents[agent.name] = agent

    async def _tell(self, changes: Changes) -> None:
        self.told.append(changes)

    async def make(self, **model: Any) -> Changes:
        """Change the model; what the others are told."""
        await self.changes.make("a", AgentChange(model=ModelChange(**model)))
        return self.told[-1]

    @property
    def model(self) -> Model:
        return self.agents["a"].model


async def test_of_two_changes_of_one_field_the_later_one_holds_whichever_comes_first() -> None:
    one, other = Worker(), Worker()
    earlier = await one.make(temperature=0.1, max_tokens=50)
    other.now = 101.0
    later = await other.make(temperature=0.9)
    await one.changes.take(later)
    await other.changes.take(earlier)
    assert one.model == other.model
    assert (one.model.temperature, one.model.max_tokens) == (0.9, 50)
    assert one.changes.made == other.changes.made


async def test_a_later_change_holds_though_the_clock_of_its_machine_is_behind() -> None:
    one, other = Worker(), Worker()
    other.now = 50.0
    await other.changes.take(await one.make(temperature=0.1))
    await one.changes.take(await other.make(temperature=0.9))
    assert one.model.temperature == other.model.temperature == 0.9


async def test_what_another_version_may_change_is_passed_over() -> None:
    worker = Worker()
    await worker.changes.take({"a": {"model.soul": ("big", 5), "model.top_p": (0.5, 5)}, "nobody": {}})
    assert worker.model.top_p == 0.5
