"""A recorded session replays to the decisions that were made in it, and another decision is found and named."""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.agent import VoicemailAction
from actors.conversation import UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.model import ReplyFailed
from actors.messages.output import ReplyHeard
from actors.messages.playback import PlaybackFailed
from actors.messages.transcript import FinalTranscript, SpeechContinued, SpeechStarted, SpeechStopped, ToneEnded
from actors.rules.turn_taking import interruption
from actors.rules.turn_taking.effects import Say
from actors.rules.turn_taking.state import Screening, TurnSnapshot
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.checkpoint_transfer import decode, encode
from actors.session.recorded_turn_taking import RecordedTurnTaking, TurnTakingResumed, TurnTakingStep, TurnTakingTold
from actors.session.sessions import SessionEntry
from actors.turn_taking_settings import BargeIn, PhasePolicy
from app.replay.recording import Recording, Resumed, Told, read
from app.replay.replaying import replayed
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel
from tests.kit.recorded_sessions import GREETED, SCENES, SECRETS, TOOLS, UTTERANCES, answer, session_file, steps_of
from tests.kit.session_kit import AGENT, stage
from tests.unit.actors.session.realtime.realtime_kit import LONG, heard, speaking
from tests.unit.actors.session.tools.test_handoffs import desk_hands_off, on_stage

CACHED = cache(steps_of)


def recording_of(folder: Path, name: str, *, content: bool = False) -> Recording:
    path = folder / "session.jsonl"
    path.write_bytes(session_file(CACHED(name), content=content))
    return read(path)


def secrets_in(file: bytes) -> set[str]:
    """Those in any text of a file; its numbers are times."""
    said = "\n".join(text for line in file.splitlines() for text in texts(json.loads(line))).lower()
    return {secret for secret in SECRETS if secret.lower() in said}


def texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from texts([*value, *value.values()])
        case list():
            for each in value:
                yield from texts(each)


def told(name: str) -> list[TurnTakingTold]:
    return [step for step in CACHED(name) if isinstance(step, TurnTakingTold)]


def kinds(steps: list[TurnTakingStep]) -> set[str]:
    return {type(effect).__name__ for step in steps for effect in step.effects}


@pytest.mark.parametrize("content", [True, False], ids=["words", "masked"])
@pytest.mark.parametrize("name", SCENES)
def test_a_session_replays_to_the_same_decisions_twice(tmp_path: Path, name: str, content: bool) -> None:
    recording = recording_of(tmp_path, name, content=content)
    first = replayed(recording)
    assert first.difference is None
    assert first.same
    assert first.decisions == sum(len(step.effects) for step in CACHED(name)) > 30
    assert first.steps == len(CACHED(name))
    assert replayed(recording) == first


def test_these_sessions_hold_what_they_are_for() -> None:
    assert {"PausePlayback", "StopPlayback", "ResumePlayback", "StartReply"} <= kinds(CACHED("barge-in"))
    events = {type(step.event) for step in told("barge-in")}
    assert {FinalTranscript, TextEntered, KeyPressed} <= events
    assert sum(isinstance(step, TurnTakingResumed) for step in CACHED("restart")) >= 3
    assert ReplyFailed in {type(step.event) for step in told("model fails")}
    assert PlaybackFailed in {type(step.event) for step in told("synthesizer fails")}


@pytest.mark.parametrize("name", SCENES)
def test_a_masked_file_holds_nothing_that_was_said(tmp_path: Path, name: str) -> None:
    assert {"Miller", "Hopkins"} <= secrets_in(session_file(CACHED(name), content=True))
    assert secrets_in(session_file(CACHED(name), content=False)) == set()


@pytest.mark.parametrize("content", [True, False], ids=["words", "masked"])
def test_a_session_with_a_model_that_hears_by_itself_replays_here_and_where_it_moves_to(
    tmp_path: Path, content: bool
) -> None:
    """It is taken by another worker after an interruption."""
    files: list[list[TurnTakingStep]] = [[], []]

    def taps(number: int) -> Callable[[SessionEntry], None]:
        return lambda entry: entry.change_plan(record_step=files[number].append)

    async def main() -> None:
        async with speaking(FakeRealtime(LONG, "It is open."), tap=taps(0)) as there:
            await there.talk(800)
            await asyncio.sleep(2.0)
            await there.talk(1_200)
            await heard(there)
            await asyncio.sleep(3.0)
            taken = encode(there.entry.checkpoint, LoopClock(), there.entry.tracks.all_voices.end_bytes)
        checkpoint = decode(taken, LoopClock())
        checkpoint.caller_audio_lost(greets_idle=True)
        async with speaking(FakeRealtime(LONG, "It is open."), checkpoint=checkpoint, tap=taps(1)) as here:
            await here.talk(800)
            await asyncio.sleep(2.0)
            await here.talk(1_200)
            await asyncio.sleep(5.0)

    run_virtual(main())
    assert isinstance(files[1][0], TurnTakingResumed)
    for steps in files:
        assert {"CommitSpeech", "StopPlayback"} <= kinds(steps)
        path = tmp_path / "session.jsonl"
        path.write_bytes(session_file(steps, content=content))
        for _ in range(2):
            found = replayed(read(path))
            assert found.difference is None
            assert found.decisions == sum(len(step.effects) for step in steps) > 15


@pytest.mark.parametrize("content", [True, False], ids=["words", "masked"])
def test_a_conversation_replays_with_the_policies_of_the_agent_that_has_it(tmp_path: Path, content: bool) -> None:
    steps: list[TurnTakingStep] = []

    async def main() -> None:
        _, _, opened = on_stage(desk_hands_off, tap=lambda entry: entry.change_plan(record_step=steps.append))
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("what do i owe"))
            await asyncio.sleep(60.0)

    run_virtual(main())
    path = tmp_path / "session.jsonl"
    path.write_bytes(session_file(steps, content=content))
    recording = read(path)
    found = replayed(recording)
    assert (found.difference, found.decisions > 20) == (None, True)
    # Had the first agent's policies held on, the caller would have been asked whether they are there much sooner.
    unchanged = tuple(msgspec.structs.replace(s, agent=None) if isinstance(s, Resumed) else s for s in recording.steps)
    assert replayed(msgspec.structs.replace(recording, steps=unchanged)).difference is not None


@pytest.mark.parametrize("content", [True, False])
def test_a_call_that_a_machine_has_answered_is_replayed(tmp_path: Path, content: bool) -> None:
    steps: list[TurnTakingStep] = []
    agent = msgspec.structs.replace(AGENT, voicemail=VoicemailAction.LEAVE_MESSAGE)
    screened = TurnSnapshot(screening=Screening())
    turn = RecordedTurnTaking(agent, steps.append, state=screened)
    turn.start(0.0)
    turn.handle(SpeechStarted(100.0), 0.1)
    turn.handle(SpeechContinued(2_000.0, 0.0), 2.1)
    turn.handle(SpeechStopped(start_ms=100.0, end_ms=2_100.0, voiced_ms=2_000.0, silence_ms=600.0), 2.7)
    turn.handle(FinalTranscript(text="This is Anna Smith, leave a message after the beep.", end_ms=2_100.0), 2.8)
    effects = turn.handle(ToneEnded(3_500.0, 400.0), 3.5)
    assert [effect.kind for effect in effects if isinstance(effect, Say)] == [UtteranceKind.VOICEMAIL]
    path = tmp_path / "session.jsonl"
    path.write_bytes(session_file(steps, content=content))
    assert (b"Smith" in path.read_bytes()) == content
    found = replayed(read(path))
    assert (found.same, found.steps) == (True, 6)


def test_another_policy_is_found_at_the_event_where_it_decides_otherwise(tmp_path: Path) -> None:
    recording = recording_of(tmp_path, "barge-in")
    policy = PhasePolicy(pause_ms=400, confirm_ms=4_000, confirm_words=9)
    agent = msgspec.structs.replace(recording.session.agent, barge_in=BargeIn(greeting=policy, speaking=policy))
    changed = msgspec.structs.replace(recording, session=msgspec.structs.replace(recording.session, agent=agent))
    found = replayed(changed)
    assert not found.same
    assert found.difference is not None
    assert found.difference.event == "SpeechContinued"
    assert found.difference.then == {"type": "PausePlayback"}
    assert found.decisions < replayed(recording).decisions
    line = recording.steps[found.difference.line - 2]
    assert found.difference.second == round(line.at - recording.steps[0].at, 3)


def test_another_rule_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = recording_of(tmp_path, "barge-in")
    monkeypatch.setattr(interruption, "takes_floor", lambda *_, **__: False)
    difference = replayed(recording).difference
    assert difference is not None
    assert difference.event == "InterimTranscript"
    assert difference.then is not None
    assert difference.then["type"] == "StopPlayback"


def test_a_decision_that_is_lacking_or_more_is_named_too(tmp_path: Path) -> None:
    recording = recording_of(tmp_path, "barge-in")
    at = next(n for n, step in enumerate(recording.steps) if isinstance(step, Told) and len(step.decisions) > 1)
    step = recording.steps[at]
    for decisions, then in ((step.decisions[:-1], None), ([*step.decisions, {"type": "More"}], {"type": "More"})):
        changed = list(recording.steps)
        changed[at] = msgspec.structs.replace(step, decisions=decisions)
        difference = replayed(msgspec.structs.replace(recording, steps=tuple(changed))).difference
        assert difference is not None
        assert (difference.line, difference.then) == (at + 2, then)
        assert (difference.now is None) is (then is not None)


def test_rules_that_fail_are_a_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = recording_of(tmp_path, "barge-in")

    def fail(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(interruption, "takes_floor", fail)
    difference = replayed(recording).difference
    assert difference is not None
    assert difference.now == {"type": "raised", "error": "ZeroDivisionError"}


@pytest.mark.parametrize("content", [True, False], ids=["words", "masked"])
def test_a_session_that_another_worker_has_gone_on_with_replays_there_twice(tmp_path: Path, content: bool) -> None:
    """It is taken from there in the middle of a reply, as it was stored."""
    steps: list[TurnTakingStep] = []

    async def main() -> None:
        async with stage(agent=GREETED, utterances=UTTERANCES, model=FakeModel(answer), tools=TOOLS) as there:
            await asyncio.sleep(2.5)
            await there.talk(900)
            await asyncio.sleep(2.0)
            taken = encode(there.entry.checkpoint, LoopClock(), there.entry.tracks.all_voices.end_bytes)
        checkpoint = decode(taken, LoopClock())
        checkpoint.caller_audio_lost(greets_idle=True)
        options: dict[str, Any] = {"agent": GREETED, "utterances": UTTERANCES[1:], "model": FakeModel(answer)}

        def tap(entry: SessionEntry) -> None:
            entry.change_plan(record_step=steps.append)

        async with stage(**options, tools=TOOLS, checkpoint=checkpoint, tap=tap) as here:
            await asyncio.sleep(4.0)
            await here.talk(900)
            await asyncio.sleep(8.0)

    run_virtual(main())
    assert isinstance(steps[0], TurnTakingResumed)
    path = tmp_path / "session.jsonl"
    path.write_bytes(session_file(steps, content=content))
    for _ in range(2):
        found = replayed(read(path))
        assert found.difference is None
        assert found.decisions > 5
