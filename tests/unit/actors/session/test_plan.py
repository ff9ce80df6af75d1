"""The plan of a session that may have several agents."""

from actors.agent import Agent
from actors.session.plan import SessionPlan, TeamMember
from actors.tools import end_conversation
from tests.kit.session_kit import plan_of


def plan(*names: str) -> SessionPlan:
    def member(name: str) -> TeamMember:
        return TeamMember(
            agent=Agent(name=name, label=name.title()),
            tools={f"tool_{name}": end_conversation},
            phrases_expected=(f"phrase {name}",),
            kept=lambda _: {},
        )

    first = member(names[0])
    return plan_of(
        first.agent,
        tools=first.tools,
        phrases_expected=first.phrases_expected,
        kept=first.kept,
        team={name: member(name) for name in names} if len(names) > 1 else {},
    )


def test_all_that_is_an_agent_s_own_changes_with_it_and_comes_back_with_it() -> None:
    first = plan("a", "b")
    other = first.as_agent("b")
    assert (other.agent.label, set(other.tools), other.phrases_expected) == ("B", {"tool_b"}, ("phrase b",))
    assert other.kept is first.team["b"].kept
    assert other.session_id == first.session_id
    assert other.as_agent("a").agent == first.agent


def test_an_agent_that_the_session_cannot_have_changes_nothing() -> None:
    for known in (plan("a"), plan("a", "b")):
        assert known.as_agent("c") is known
        assert known.as_agent("a") is known


def test_the_agents_of_a_session_are_each_there_once() -> None:
    assert [agent.name for agent in plan("a", "b", "c").as_agent("b").agents] == ["b", "a", "c"]
    assert [agent.name for agent in plan("a").agents] == ["a"]
