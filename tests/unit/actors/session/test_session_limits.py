"""No session lasts for ever, whatever its mode; one that nobody has spoken in is not waited for."""

import asyncio

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.rules import conversation_bounds
from actors.runtime.clock import run_virtual
from actors.session.modes.registry import MODES
from actors.session.modes.transcription import TRANSCRIPTION
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage


def agent_with(**limits: float) -> Agent:
    return msgspec.structs.replace(AGENT, limits=msgspec.structs.replace(AGENT.limits, **limits))


async def lifetime_s(on: Stage, timeout_s: float = 4_000) -> float:
    """How long the session lives from now."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(timeout_s):
        await on.sessions.emptied()
    return loop.time() - began


@pytest.mark.parametrize("audio", [True, False], ids=["silence", "nothing at all"])
def test_a_session_that_only_listens_ends_when_nobody_speaks(audio: bool) -> None:
    async def main() -> None:
        async with stage(agent=agent_with(idle_s=30), mode=TRANSCRIPTION, caller=audio) as on:
            assert 29 < await lifetime_s(on) < 31
            assert on.ear.ended is Ending.IDLE_TIMEOUT

    run_virtual(main())


def test_a_voice_keeps_a_listening_session_up_to_the_longest_one() -> None:
    async def main() -> None:
        agent = agent_with(idle_s=30, max_session_s=200)
        async with stage(agent=agent, mode=TRANSCRIPTION, utterances=["go on"] * 50) as on:
            loop = asyncio.get_running_loop()
            while on.sessions.live and loop.time() < 150:
                await on.talk(600)
                await asyncio.sleep(20)
            assert on.ear.ended is None
            on.talking = True
            await lifetime_s(on)
            assert 199 < loop.time() < 202
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())


def test_a_conversation_whose_rules_are_stuck_ends_all_the_same() -> None:
    async def main() -> None:
        async with stage(agent=agent_with(max_session_s=60)) as on:
            await asyncio.sleep(1)
            on.actor("orchestrator").on_receive = lambda message: None
            assert await lifetime_s(on) < 85

    run_virtual(main())


def test_nobody_waits_for_a_user_who_has_not_said_anything() -> None:
    async def main() -> None:
        for mode in MODES:
            async with stage(mode=mode) as on:
                await asyncio.sleep(2)
                on.detach()
                assert await lifetime_s(on) < 1

    run_virtual(main())


@pytest.mark.parametrize("said", [TextEntered("hello"), KeyPressed("1")])
def test_a_user_who_has_said_anything_is_waited_for(said: TextEntered | KeyPressed) -> None:
    async def main() -> None:
        async with stage(model=FakeModel()) as on:
            await asyncio.sleep(2)
            on.entry.deliver(said)
            on.detach()
            assert 9 < await lifetime_s(on) < 12

    run_virtual(main())


def test_a_voice_counts_in_every_mode() -> None:
    async def main() -> None:
        for mode in MODES:
            async with stage(mode=mode, utterances=["hello"]) as on:
                await asyncio.sleep(2)
                await on.talk(500)
                on.detach()
                assert 9 < await lifetime_s(on) < 12

    run_virtual(main())


def test_a_conversation_that_is_as_long_as_it_may_be_ends_however_its_caller_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who types into every reply hears none to its end, and the last one no more than the others."""
    most = 20
    monkeypatch.setattr(conversation_bounds, "MAX_MESSAGES", most)

    async def main() -> None:
        async with stage(agent=agent_with(max_session_s=2_000), model=FakeModel()) as on:
            number = 0
            while on.sessions.live and number < 20 * most:
                number += 1
                on.entry.deliver(TextEntered(f"what about {number}"))
                await asyncio.sleep(0.8)
            assert on.ear.ended is Ending.NORMAL
            messages = on.entry.checkpoint.messages
            assert most <= len(messages) <= most + 5
            assert [m for m in messages if m.role is Role.ASSISTANT][-1].kind is UtteranceKind.GOODBYE
            # What is typed into the goodbye is answered by nobody, and kept.
            assert messages[-1].role is Role.USER
            assert messages[-1].text.startswith("what about")

    run_virtual(main())
