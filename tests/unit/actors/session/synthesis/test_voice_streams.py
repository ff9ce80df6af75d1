"""The voices of a session's agents: each reply is spoken by the stream of the one whose it is."""

import asyncio
from collections.abc import Callable
from typing import Any

from actors.agent import Agent, Voice
from actors.conversation import HandoffMade, UtteranceKind
from actors.ports.tts import SpokenPhrase, Synthesis, SynthesisEvent
from actors.rules.pending_reply import PendingReply
from actors.runtime.clock import run_virtual
from actors.session.checkpoint import Checkpoint
from actors.session.plan import TeamMember
from actors.session.synthesis.voice_streams import VoiceStreams
from tests.kit.fakes import FakeSynthesizer
from tests.kit.session_kit import plan_of


class Engine(FakeSynthesizer):
    """Notes what becomes of each voice."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        engine = self
        self.told.append(("open", voice.name, rate_hz))

        class Stream:
            def write(self, reply: int, text: str) -> None:
                engine.told.append(("write", voice.name, reply, text))

            def finish(self, reply: int) -> None:
                engine.told.append(("finish", voice.name, reply))

            def cancel(self, reply: int) -> None:
                engine.told.append(("cancel", voice.name, reply))

            async def close(self) -> None:
                engine.told.append(("close", voice.name))

        return Stream()


class Actor:
    """As much of an actor as a stream needs."""

    class Trace:
        def __init__(self) -> None:
            self.peers: dict[Any, Any] = {}

    def __init__(self) -> None:
        self.trace = self.Trace()
        self.actor_ref = self
        self.tasks: list[asyncio.Task[None]] = []

    def is_alive(self) -> bool:
        return True

    def spawn(self, work: Any, _name: str, _on_error: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))


def member(name: str) -> TeamMember:
    agent = Agent(name=name, label=name, voice=Voice(name=f"voice-{name}"))
    return TeamMember(agent=agent, tools={}, kept=lambda rate_hz: {f"hello {rate_hz}": SpokenPhrase(name.encode(), ())})


TEAM = {name: member(name) for name in ("a", "b", "c")}


def streams(engine: Engine | None, checkpoint: Checkpoint) -> VoiceStreams:
    plan = plan_of(TEAM["a"].agent, kept=TEAM["a"].kept, team=TEAM)
    actor: Any = Actor()
    return VoiceStreams(actor, engine, plan, checkpoint, 16_000)


def begin(checkpoint: Checkpoint, reply: int) -> None:
    checkpoint.reply_begun(PendingReply(reply=reply, turn=1, kind=UtteranceKind.REPLY, agent=checkpoint.agent))


def hand_off(checkpoint: Checkpoint, to_agent: str) -> None:
    checkpoint.handed_off(HandoffMade(turn=2, from_agent=checkpoint.agent, to_agent=to_agent, at=0.0))


def test_each_reply_is_in_the_voice_of_its_agent_and_a_voice_is_closed_when_nothing_is_left_of_it() -> None:
    async def main() -> None:
        engine, checkpoint = Engine(), Checkpoint(agent="a")
        voices = streams(engine, checkpoint)
        voices.open()
        begin(checkpoint, 1)
        voices.write(1, "One")
        hand_off(checkpoint, "b")
        begin(checkpoint, 2)
        voices.write(2, "Two")
        voices.write(1, None)
        await asyncio.sleep(0.1)
        assert ("close", "voice-a") not in engine.told
        checkpoint.reply_over(1)
        hand_off(checkpoint, "c")
        begin(checkpoint, 3)
        voices.write(3, "Three")
        voices.cancel(3)
        await asyncio.sleep(0.1)
        of_a = [each for each in engine.told if each[1] == "voice-a" and each[0] != "cancel"]
        assert of_a == [
            ("open", "voice-a", 16_000),
            ("write", "voice-a", 1, "One"),
            ("finish", "voice-a", 1),
            ("close", "voice-a"),
        ]
        assert ("write", "voice-b", 2, "Two") in engine.told
        assert ("close", "voice-b") not in engine.told
        # It was cancelled before its stream was open.
        assert ("write", "voice-c", 3, "Three") not in engine.told
        voices.close()
        await asyncio.sleep(0.1)
        assert {each for each in engine.told if each[0] == "close"} == {("close", f"voice-{name}") for name in "abc"}

    run_virtual(main())


def test_kept_phrases_are_those_of_the_agent_whose_reply_it_is() -> None:
    checkpoint = Checkpoint(agent="a")
    voices = streams(None, checkpoint)
    voices.open()
    assert not voices.is_available
    begin(checkpoint, 1)
    hand_off(checkpoint, "b")
    begin(checkpoint, 2)
    assert voices.kept(1)["hello 16000"].pcm == b"a"
    assert voices.kept(2)["hello 16000"].pcm == b"b"


def test_a_session_keeps_the_phrases_that_it_began_with() -> None:
    checkpoint = Checkpoint(agent="a")
    voices = streams(None, checkpoint)
    begin(checkpoint, 1)
    assert voices.kept(1) is voices.kept(1)
