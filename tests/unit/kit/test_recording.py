"""A session recorded at its ports replays to the same effects, twice, without any provider."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.messages.caller import TextEntered
from actors.messages.output import OutputMessage
from actors.messages.transcript import FinalTranscript
from actors.runtime.clock import run_virtual
from actors.session.live_session import LiveSession
from actors.session.plan import Engines
from tests.kit.fakes import FakeModel
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.recorded_sessions import TOOLS, answer
from tests.kit.replay.recorder import Recorder
from tests.kit.replay.recording import Recording
from tests.kit.replay.replay import Replay
from tests.kit.session_kit import Stage, plan_of, stage


async def converse(on: Stage) -> None:
    """Two turns by voice, one interruption, one cough, one typed line."""
    await asyncio.sleep(1.5)
    await on.talk(900)
    await on.ear.until_count(FinalTranscript, 1)
    await asyncio.sleep(2.5)
    await on.talk(80)
    await asyncio.sleep(1.0)
    await on.talk(1000)
    await asyncio.sleep(3.0)
    on.entry.deliver(TextEntered("nine, please"))
    await asyncio.sleep(6.0)


def recorded(faults: Faults) -> tuple[Recording, list[OutputMessage]]:
    """The recording of a conversation, and its effects."""

    async def main() -> tuple[Recording, list[OutputMessage]]:
        recorders: list[Recorder] = []

        def wrap(engines: Engines) -> Engines:
            recorders.append(Recorder(engines.clock))
            return recorders[0].engines(engines)

        utterances = ["a time on friday", "no on monday please"]
        model = FakeModel(answer, faults)
        async with stage(
            utterances=utterances,
            model=model,
            tools=TOOLS,
            faults=faults,
            wrap=wrap,
            tap=lambda lines: recorders[0].lines(lines),
            wrap_tools=lambda t: recorders[0].tools(t),
        ) as on:
            await converse(on)
            shown = [message for _, message in on.ear.shown]
            return Recording.decode(recorders[0].recording.encode()), shown

    return run_virtual(main())


def replayed(recording: Recording) -> list[OutputMessage]:
    """The effects of a recording."""

    async def main() -> list[OutputMessage]:
        replays: list[Replay] = []

        def wrap(engines: Engines) -> Engines:
            replays.append(Replay(recording))
            return replays[0].engines(engines)

        async with stage(wrap=wrap, caller=False, tools=TOOLS, wrap_tools=lambda t: replays[0].tools(t)) as on:
            await replays[0].run(on.entry)
            return [message for _, message in on.ear.shown]

    return run_virtual(main())


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(Plan("synthesizer.write", Fault.FAIL, 3)), Faults(Plan("recognizer.push", Fault.FAIL, 120))],
    ids=["smooth", "synthesizer fails", "recognizer fails"],
)
def test_it_replays_to_the_same_effects_twice(faults: Faults) -> None:
    recording, original = recorded(faults)
    assert any(isinstance(message, FinalTranscript) for message in original)
    assert len(original) > 200
    first = replayed(recording)
    assert _words(first) == _words(original)
    assert first == original
    assert replayed(recording) == first


def _words(shown: list[OutputMessage]) -> list[Any]:
    """Without audio, so that a difference can be read."""
    return [m for m in shown if "pcm" not in m.__struct_fields__]


def test_a_change_of_the_recording_changes_the_effects() -> None:
    recording, original = recorded(Faults())
    without_cough = [d for d in recording.deliveries if type(d.what).__name__ != "FinalTranscript"]
    assert replayed(msgspec.structs.replace(recording, deliveries=without_cough)) != original


def test_the_tap_sees_all_input() -> None:
    seen: list[object] = []
    session = LiveSession(plan_of(), {})
    session.tap = seen.append
    session.push_audio(bytes(640))
    session.deliver(TextEntered("hello"))
    assert [type(message).__name__ for message in seen] == ["CallerAudio", "TextEntered"]
