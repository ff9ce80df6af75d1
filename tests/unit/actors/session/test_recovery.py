"""Whatever is killed and whatever fails, at whatever moment: the session goes on, or ends; it never hangs."""

import ast
import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.output import AudioFrame, ErrorShown, ReplyHeard, SessionEnded
from actors.messages.playback import PlaybackFinished
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.tts import SpokenPhrase
from actors.runtime.clock import run_virtual
from actors.runtime.exits import order_stop
from actors.runtime.restart_budget import RestartPolicy
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.orchestrator import Orchestrator
from actors.tools import tool
from tests.kit.fakes import FakeModel
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.repeating import some
from tests.kit.session_kit import AGENT, Ear, Stage, stage
from tests.kit.source import ROOT

ANSWER = "The first thing is this. The second thing is that. The third thing is all."


class Poison(msgspec.Struct, frozen=True):
    """A message that no actor knows: handling it kills."""


def answer(request: ModelRequest) -> list[ModelEvent | float]:
    return [0.3, TextGenerated(ANSWER), ReplyGenerated()]


def heard_replies(ear: Ear) -> list[ReplyHeard]:
    return [m for m in ear.of(ReplyHeard) if m.kind is UtteranceKind.REPLY]


MOMENTS = ["opening", "greeting", "listening", "talking", "pausing", "awaited", "thinking", "speaking"]
CASES = list(itertools.product(["recognizer", "orchestrator", "synthesizer"], MOMENTS))


async def until_moment(on: Stage, moment: str) -> None:
    """Bring the session to a moment; from `talking` on, the user has asked."""
    if moment == "opening":
        return
    await on.ear.until_count(AudioFrame, 3)
    if moment == "greeting":
        return
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(0.3)
    if moment == "listening":
        return
    on.talking = True
    await asyncio.sleep(0.5)
    if moment == "talking":
        return
    await asyncio.sleep(0.4)
    on.talking = False
    if moment == "pausing":
        await asyncio.sleep(0.15)
        return
    if moment == "awaited":
        await asyncio.sleep(0.42)
        return
    await on.ear.until_count(FinalTranscript, 1)
    if moment == "thinking":
        await asyncio.sleep(0.1)
        return
    await on.ear.until(lambda ear: any(a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
    await asyncio.sleep(0.8)


async def carry_on(on: Stage, moment: str) -> None:
    """Ask if it has not been asked yet, and stop talking if that was cut short."""
    if moment in ("opening", "greeting", "listening"):
        await on.ear.until_count(ReplyHeard, 1)
        await asyncio.sleep(0.3)
        await on.talk(900)
    elif moment == "talking":
        await asyncio.sleep(0.4)
        on.talking = False


@pytest.mark.parametrize(("victim", "moment"), CASES)
def test_a_killed_child_is_replaced_and_the_question_answered(victim: str, moment: str) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(answer)) as on:
            await until_moment(on, moment)
            on.entry.addresses[victim].tell(Poison())
            await carry_on(on, moment)
            await on.ear.until(lambda ear: len(heard_replies(ear)) >= 1, 20)
            assert on.ear.ended is None
            assert on.actor(victim).restarts == 1
            texts = [m.text for m in on.session.record().messages if m.role is Role.USER]
            assert texts == ["what are your hours"]
            heard = heard_replies(on.ear)
            assert heard[0].text.endswith("The third thing is all.")
            assert [m.text for m in on.ear.of(FinalTranscript)][-1] == "what are your hours"

    run_virtual(main())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_session_is_rebuilt_once(moment: str) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(answer)) as on:
            await until_moment(on, moment)
            on.entry.addresses.supervisor.tell(Poison())
            await carry_on(on, moment)
            await on.ear.until(lambda ear: len(heard_replies(ear)) >= 1, 20)
            assert on.entry.rebuilt == 1
            assert [m.text for m in on.session.record().messages if m.role is Role.USER] == ["what are your hours"]
            on.entry.addresses.supervisor.tell(Poison())
            await on.ear.until_count(SessionEnded, 1, 25)
            assert on.ear.ended is Ending.ERROR
            assert on.ear.of(ErrorShown) == [ErrorShown(AGENT.phrases.apology)]

    run_virtual(main())


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_that_ends_in_mid_conversation_without_an_error_is_rebuilt_as_well(moment: str) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(answer)) as on:
            await until_moment(on, moment)
            order_stop(on.session.actor_ref)
            await carry_on(on, moment)
            await on.ear.until(lambda ear: len(heard_replies(ear)) >= 1, 20)
            assert (on.ear.ended, on.entry.rebuilt) == (None, 1)
            assert [m.text for m in on.session.record().messages if m.role is Role.USER] == ["what are your hours"]

    run_virtual(main())


def test_a_recognizer_that_cannot_be_mended_is_apologised_for() -> None:
    async def main() -> None:
        faults = Faults(Plan("recognizer.open", Fault.FAIL, times=1000))
        async with stage(faults=faults, restarts=RestartPolicy(max_restarts=2)) as on:
            await on.ear.until_count(SessionEnded, 1, 60)
            assert on.ear.ended is Ending.ERROR
            assert UtteranceKind.APOLOGY in {a.kind for a in on.ear.of(AudioFrame)}
            assert on.ear.of(ErrorShown) == [ErrorShown(AGENT.phrases.apology)]

    run_virtual(main())


def test_kept_phrases_speak_when_the_synthesizer_cannot() -> None:
    async def main() -> None:
        apology = AGENT.phrases.apology
        kept = {apology: SpokenPhrase(b"\1\0" * 16_000)}
        faults = Faults(Plan("synthesizer.open", Fault.FAIL, times=1000))
        async with stage(faults=faults, kept=kept, restarts=RestartPolicy(max_restarts=2)) as on:
            await on.ear.until_count(SessionEnded, 1, 60)
            assert (
                b"".join(a.pcm for a in on.ear.of(AudioFrame) if a.kind is UtteranceKind.APOLOGY) == kept[apology].pcm
            )

    run_virtual(main())


def test_an_orchestrator_that_cannot_be_mended_ends_the_session() -> None:
    async def main() -> None:
        async with stage(restarts=RestartPolicy(max_restarts=2)) as on:
            for _ in range(3):
                await asyncio.sleep(0.5)
                on.entry.addresses["orchestrator"].tell(Poison())
            await on.ear.until_count(SessionEnded, 1, 60)
            assert on.ear.ended is Ending.ERROR

    run_virtual(main())


PLACES = {
    "recognizer.open": (Fault.STALL, Fault.FAIL),
    "recognizer.push": (Fault.FAIL,),
    "recognizer.finish_utterance": tuple(Fault),
    "recognizer.close": (Fault.STALL, Fault.FAIL),
    "voice_activity.probability": (Fault.FAIL,),
    "synthesizer.open": (Fault.STALL, Fault.FAIL),
    "synthesizer.write": tuple(Fault),
    "synthesizer.finish": (Fault.STALL, Fault.NOTHING),
    "synthesizer.close": (Fault.STALL, Fault.FAIL),
    "model.reply": tuple(Fault),
    "store.save": tuple(Fault),
}
"""Every await and every call into an engine that the actors make, and how it can go wrong there."""
TABLE = [
    (place, fault, first, times)
    for place, faults in PLACES.items()
    for fault in faults
    for first, times in ((1, 1), (2, 1), (3, 2))
]


@pytest.mark.parametrize(("place", "fault", "first", "times"), some(TABLE))
def test_a_fault_anywhere_is_recovered_from_or_ends_the_session(
    place: str, fault: Fault, first: int, times: int
) -> None:
    async def main() -> None:
        faults = Faults(Plan(place, fault, first, times))
        questions = ["what are your hours", "and on friday please", "thank you very much", "one more thing please"] * 3
        model = FakeModel(answer, faults)
        async with stage(utterances=questions, model=model, faults=faults) as on:
            await on.ear.until_count(AudioFrame, 1, 30)
            for _ in range(4):
                await on.ear.until(lambda ear: ear.ended or not on.entry.checkpoint.pending_replies, 45)
                if on.ear.ended:
                    break
                await asyncio.sleep(0.5)
                await on.talk(1200)
                await asyncio.sleep(6)
            if on.ear.ended is None:
                count = len(heard_replies(on.ear))
                await on.ear.until(lambda ear: ear.ended or not on.entry.checkpoint.pending_replies, 45)
                await on.talk(1200)
                await on.ear.until(lambda ear: len(heard_replies(ear)) > count or ear.ended, 60)
            assert on.ear.ended in (None, Ending.ERROR, Ending.IDLE_TIMEOUT)

    run_virtual(main())


AWAITS = {
    ("generation.py", "Generation._attempt"): {"model.reply"},
    # A model that is busy is waited for in test_model_asking.py.
    ("generation.py", "Generation._stream"): set(),
    # A judge's answer and a summary are read where they are asked for.
    ("aside_answer.py", "AsideAnswer.read"): set(),
    # A summary fails in test_summaries.py, one of a speech-to-speech model in test_realtime_writing.py.
    ("realtime_writing.py", "WritingModel.reply"): set(),
    ("summaries.py", "summarize"): set(),
    # A judge is late, fails and talks nonsense in test_guardrail_model.py.
    ("guardrail_model.py", "GuardrailModel._judge"): set(),
    ("tool_runs.py", "ToolRuns._run"): {"tool.run"},
    # Nobody decides, decides in the last moment, or is interrupted in test_approvals.py.
    ("tool_runs.py", "ToolRuns._not_approved"): set(),
    ("approvals.py", "Approvals.refusal"): set(),
    ("recognition_connection.py", "RecognitionConnection._open"): {"recognizer.open", "recognizer.close"},
    ("synthesis_stream.py", "SynthesisStream._connect"): {"synthesizer.open", "synthesizer.close"},
    ("pronounced_synthesis.py", "open_pronounced"): {"synthesizer.open"},
    ("pronounced_synthesis.py", "_PronouncedSynthesis.close"): {"synthesizer.close"},
    ("record_saving.py", "RecordSaver._save"): {"store.save"},
    ("closing.py", ""): {"recognizer.close", "synthesizer.close"},
    ("sessions.py", "Sessions.emptied"): set(),
    # Whoever is looked up is late or unknown in test_looked_up.py and test_session_hook.py.
    ("sessions.py", "Sessions._looked_up"): set(),
    # Opening is refused, stalls and is lost in test_realtime_agent.py: no other mode has such a session.
    ("realtime_connection.py", "RealtimeConnection._open"): set(),
    ("guarded_realtime.py", "GuardedRealtimeSession.close"): set(),
    # So does what listens beside it in test_parallel_recognizer.py and test_realtime_agent_faults.py.
    ("parallel_recognizer.py", "ParallelRecognizer.open"): set(),
    ("parallel_recognizer.py", "ParallelRecognition.connect"): set(),
    ("parallel_recognizer.py", "ParallelRecognition.close"): set(),
}
"""By function of the session's actors, the places at which what it awaits can go wrong."""


def awaiting_functions() -> set[tuple[str, str]]:
    """All functions of the session's actors that await something, from their source."""
    found = set()
    for path in sorted((ROOT / "actors/session").rglob("*.py")):
        tree = ast.parse(path.read_text())
        found |= {(path.name, name) for name, node in functions(tree) if any(map(is_wait, ast.walk(node)))}
    # Of nested functions the innermost counts.
    return {(file, name) for file, name in found if not any(o.startswith(f"{name}.") for f, o in found if f == file)}


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Functions with their qualified names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from functions(child, f"{name}.")


def is_wait(node: ast.AST) -> bool:
    """Whether something is awaited here."""
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)


def test_the_table_names_every_await_of_the_actors() -> None:
    assert awaiting_functions() == {key for key in AWAITS if key[1]}
    assert {place for places in AWAITS.values() for place in places} <= {*PLACES, "tool.run"}


@pytest.mark.parametrize("fault", Fault)
def test_a_tool_that_goes_wrong_is_told_to_the_model_and_the_turn_goes_on(fault: Fault) -> None:
    @tool(timeout_s=3)
    async def look_up() -> list[str]:
        """Look something up."""
        await Faults(Plan("tool.run", fault)).at("tool.run", RuntimeError("a secret of the tool"))
        return []

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        if request.messages[-1].role is Role.TOOL:
            return [TextGenerated(f"It said {request.messages[-1].text}."), ReplyGenerated()]
        return [ToolCalled(call_id="c1", name="look_up", arguments="{}"), ReplyGenerated()]

    async def main() -> None:
        async with stage(utterances=["what is there"], model=FakeModel(script), tools={"look_up": look_up}) as on:
            await until_moment(on, "awaited")
            await on.ear.until(lambda ear: len(heard_replies(ear)) >= 1, 20)
            assert heard_replies(on.ear)[0].text.startswith("It said")
            assert "secret" not in heard_replies(on.ear)[0].text
            fillers = [m for m in on.ear.of(ReplyHeard) if m.kind is UtteranceKind.FILLER]
            assert bool(fillers) == (fault is Fault.STALL)

    run_virtual(main())


def test_the_table_names_every_place_the_fakes_can_fail_at() -> None:
    async def main() -> None:
        faults = Faults()
        async with stage(utterances=["what are your hours"], model=FakeModel(answer, faults), faults=faults) as on:
            await until_moment(on, "speaking")
        assert set(faults.calls) == set(PLACES)

    run_virtual(main())


class TestTheConnection:
    def test_who_comes_back_in_time_hears_the_rest(self) -> None:
        async def main() -> None:
            async with stage(utterances=["what are your hours"], model=FakeModel(answer)) as on:
                await until_moment(on, "speaking")
                on.detach()
                await asyncio.sleep(3)
                sent = len(on.ear.of(AudioFrame))
                assert [t for t in on.ear.times(AudioFrame)[-1:]] != []
                on.attach("connection-2")
                await on.ear.until(lambda ear: len(heard_replies(ear)) >= 1, 20)
                assert len(on.ear.of(AudioFrame)) > sent
                assert heard_replies(on.ear)[0].text == ANSWER
                assert [a.kind for a in on.ear.of(AudioFrame)].count(UtteranceKind.GREETING) < 40, "it greeted again"

        run_virtual(main())

    def test_who_does_not_ends_the_session(self) -> None:
        async def main() -> None:
            async with stage(utterances=["what are your hours"], model=FakeModel(answer)) as on:
                await until_moment(on, "speaking")
                on.detach()
                await asyncio.sleep(AGENT.limits.reconnect_s + 1)
                assert on.sessions.live == {}

        run_virtual(main())


def test_transcription_only_listens() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], mode=TRANSCRIPTION) as on:
            await asyncio.sleep(0.5)
            await on.talk(900)
            await on.ear.until_count(FinalTranscript, 1)
            assert on.ear.of(AudioFrame) == []
            assert {state.name for state in on.session.tree()[1:]} == {"recognizer", "transcriber"}
            assert [m.text for m in on.session.record().messages] == ["what are your hours"]

    run_virtual(main())


def test_a_reply_whose_end_the_orchestrator_failed_at_is_recorded_once_and_silence_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine, failed = Orchestrator.on_receive, list[object]()

    def failing(self: Orchestrator, message: Any) -> None:
        if isinstance(message, PlaybackFinished) and not failed:
            failed.append(message)
            raise RuntimeError("fake")
        genuine(self, message)

    async def main() -> None:
        async with stage() as on:
            await on.ear.until(lambda ear: any(m.kind is UtteranceKind.PROMPT for m in ear.of(AudioFrame)), 20)
            said = [m.text for m in on.session.record().messages]
            assert said == [AGENT.greeting]
            assert failed

    monkeypatch.setattr(Orchestrator, "on_receive", failing)
    run_virtual(main())
