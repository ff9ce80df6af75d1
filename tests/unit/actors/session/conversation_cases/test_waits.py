"""Whole conversations in which something does not come: audio, transcripts, speech, or the end of the session."""

import asyncio
import math
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from actors.agent import Agent, Limits, Model, Voice
from actors.conversation import Ending, Floor, Role, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.lifecycle import RestartChild
from actors.messages.output import AudioFrame, FloorChanged, OutputMessage, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions
from actors.ports.tts import AudioSynthesized, Synthesis, SynthesisEvent
from actors.runtime.clock import run_virtual
from actors.session.modes.media import MEDIA
from actors.session.modes.transcription import TRANSCRIPTION
from actors.tools import tool
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, QUIET, answers, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import given


@pytest.mark.parametrize("talked_ms", [300, 1_500])
def test_audio_that_stops_in_mid_word_ends_the_utterance_and_what_comes_back_is_used(talked_ms: int) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["book it", "and more"], model=answers("Done.")) as on:
            await asyncio.sleep(0.3)
            on.talking = True
            await asyncio.sleep(talked_ms / 1000)
            await on.hang_up()
            stopped_at = asyncio.get_running_loop().time()
            await on.ear.until(lambda ear: heard(ear) == ["Done."])
            first = next(at for at, m in on.ear.shown if isinstance(m, AudioFrame))
            assert first - stopped_at < 2.0
            on.talking = False
            on.start_caller()
            await on.talk(600)
            await on.ear.until(lambda ear: heard(ear) == ["Done."] * 2)
            assert given(on) == ["book it", "and more"]

    run_virtual(main())


def test_audio_that_never_comes_back_ends_the_session_as_silence_does() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["book it"], model=answers("Done.")) as on:
            await asyncio.sleep(0.3)
            on.talking = True
            await asyncio.sleep(0.5)
            await on.hang_up()
            await on.ear.until(lambda ear: ear.ended is not None, 90)
            assert on.ear.ended is Ending.IDLE_TIMEOUT
            assert len(heard(on.ear, UtteranceKind.PROMPT)) == 2

    run_virtual(main())


def test_a_synthesizer_that_fails_every_time_ends_the_session_at_the_second_reply() -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.write", Fault.FAIL, times=10**6))
        agent = msgspec.structs.replace(QUIET, limits=Limits(no_input_s=60))
        async with stage(agent=agent, model=answers("Done."), faults=faults) as on:
            for _ in range(2):
                await asyncio.sleep(0.1)
                on.entry.deliver(TextEntered("hello"))
                await asyncio.sleep(8)
            await on.ear.until(lambda ear: ear.ended is not None, 40)
            assert on.ear.ended is Ending.ERROR

    run_virtual(main())


@pytest.mark.parametrize("seconds", [5, 12, 22, 28])
def test_of_a_long_utterance_nothing_is_lost_though_its_recognizer_fails(seconds: int) -> None:
    async def main() -> None:
        faults = Faults(Plan("recognizer.push", Fault.FAIL, first=seconds * 50 - 25))
        engine = FakeRecognizer(["all that was said"] * 2, faults=faults)
        async with stage(agent=QUIET, model=answers("Done."), recognizer=engine) as on:
            await asyncio.sleep(0.2)
            await on.talk(seconds * 1000)
            await on.ear.until(lambda ear: heard(ear) != [], 60)
            assert len(engine.streams) == 2
            last = engine.streams[-1].heard
            loud_ms = sum(1 for n in range(0, len(last), 640) if any(last[n : n + 640])) * 20
            assert loud_ms >= seconds * 1000 - 20
            assert heard(on.ear) == ["Done."]

    run_virtual(main())


SENTENCES = "We are open from eight until six. " * 12


@pytest.mark.parametrize("session_s", [4.0, 5.5, 9.3])
def test_the_longest_session_ends_with_a_sentence_and_at_most_ten_seconds_later(session_s: float) -> None:
    async def main() -> None:
        limits = Limits(max_session_s=session_s, no_input_s=60)
        agent = msgspec.structs.replace(QUIET, limits=limits)
        async with stage(agent=agent, model=answers(SENTENCES)) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until(lambda ear: ear.ended is not None, 60)
            (reply,) = heard(on.ear)
            assert reply.rstrip().endswith(".")
            assert SENTENCES.startswith(reply)
            assert len(reply) < len(SENTENCES)
            goodbye = next(
                at for at, m in on.ear.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.GOODBYE
            )
            assert session_s <= goodbye <= session_s + 10.1
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())


def test_a_session_that_is_over_while_a_filler_is_heard_is_not_left_in_silence() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, limits=Limits(max_session_s=2.0, no_input_s=60))
        async with stage(agent=agent, model=answers("At nine.", after_s=20)) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until(lambda ear: ear.ended is not None, 30)
            assert heard(on.ear, UtteranceKind.FILLER) == [AGENT.phrases.fillers[0]]
            audio = [at for at, m in on.ear.shown if isinstance(m, AudioFrame)]
            assert max(later - former for former, later in pairwise(audio)) < 1.2
            assert heard(on.ear, UtteranceKind.GOODBYE) == [AGENT.phrases.goodbye]

    run_virtual(main())


@pytest.mark.parametrize("limits", [Limits(max_tokens=10), Limits(max_tool_calls=1)], ids=["tokens", "tool calls"])
def test_the_reply_at_which_a_session_is_spent_is_heard_wholly(limits: Limits) -> None:
    @tool(timeout_s=60)
    async def work() -> str:
        """Do something."""
        await asyncio.sleep(14)
        return "nine"

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        if limits.max_tool_calls and request.messages[-1].role is not Role.TOOL:
            return [0.1, ToolCalled(call_id="call_0", name="work", arguments="{}"), ReplyGenerated()]
        return [0.1, TextGenerated(SENTENCES), ReplyGenerated()]

    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, limits=limits)
        async with stage(agent=agent, model=FakeModel(script), tools={"work": work}) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until(lambda ear: ear.ended is not None, 90)
            assert [text.strip() for text in heard(on.ear)] == [SENTENCES.strip()]
            assert heard(on.ear, UtteranceKind.GOODBYE) == [AGENT.phrases.goodbye]
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())


def test_a_sentence_without_an_end_is_not_waited_for_longer_than_ten_seconds() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, limits=Limits(max_session_s=4, no_input_s=60))
        async with stage(agent=agent, model=answers("and then we went on and on " * 20)) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until(lambda ear: ear.ended is not None, 60)
            assert heard(on.ear, UtteranceKind.GOODBYE) == [AGENT.phrases.goodbye]
            assert asyncio.get_running_loop().time() < 4 + 10 + 5

    run_virtual(main())


@pytest.mark.parametrize("delay_s", [0.0, 0.001, 0.05])
@pytest.mark.parametrize("message", [TextEntered("hello there"), KeyPressed("1")], ids=["text", "key"])
def test_what_is_sent_first_on_a_new_connection_is_not_lost(message: TextEntered | KeyPressed, delay_s: float) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answers("Done."), tap=lambda entry: entry.deliver(message)) as on:
            await asyncio.sleep(delay_s)
            on.entry.deliver(TextEntered("and this"))
            await on.ear.until(lambda ear: heard(ear) != [], 20)
            assert " ".join(given(on)) == ("hello there and this" if isinstance(message, TextEntered) else "1 and this")

    run_virtual(main())


@pytest.mark.parametrize("child", ["orchestrator", "synthesizer", "recognizer"])
def test_what_is_typed_while_a_child_is_being_restarted_is_answered(child: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answers("Done.")) as on:
            await asyncio.sleep(0.5)
            on.session._children[child].tell(object())
            on.entry.deliver(TextEntered("hello there"))
            await on.ear.until(lambda ear: heard(ear) != [], 20)
            assert given(on) == ["hello there"]

    run_virtual(main())


FIRST, SECOND = "We have a table for you on Friday evening. ", "Shall I book it for seven?"


def pauses(pause_s: float) -> FakeModel:
    """A model that falls silent between its two sentences."""

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [0.1, TextGenerated(FIRST), pause_s, TextGenerated(SECOND), ReplyGenerated()]

    return FakeModel(script)


PATIENT = msgspec.structs.replace(QUIET, model=Model(next_token_s=30.0))


@pytest.mark.parametrize("pause_s", [1.0, 7.0, 8.5, 12.0, 25.0])
def test_a_model_that_pauses_in_mid_reply_is_waited_for_and_the_caller_is_not_left_in_silence(pause_s: float) -> None:
    async def main() -> None:
        agent = QUIET if pause_s < 10 else PATIENT
        async with stage(agent=agent, model=pauses(pause_s)) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("a table on friday"))
            await on.ear.until(lambda ear: bool(heard(ear)), 60)
            assert heard(on.ear) == [FIRST + SECOND]
            assert on.ear.ended is None
            audio = [at for at, m in on.ear.shown if isinstance(m, AudioFrame)]
            # The fillers come after one, three, five and seven times the wait of the first.
            longest_s = max(later - former for former, later in pairwise(audio))
            assert longest_s <= 0.1 + 7 * QUIET.limits.filler_after_ms / 1000
            assert audio[0] < 2.0
            assert bool(heard(on.ear, UtteranceKind.FILLER)) == (pause_s > 5)
            replies = [m for m in on.ear.of(AudioFrame) if m.kind is UtteranceKind.REPLY]
            assert [m.sequence for m in replies] == list(range(len(replies)))

    run_virtual(main())


@pytest.mark.parametrize(("agent", "pause_s"), [(QUIET, 12.0), (QUIET, 40.0), (PATIENT, 40.0)])
def test_a_model_that_goes_on_too_late_is_apologised_for_and_the_conversation_goes_on(
    agent: Agent, pause_s: float
) -> None:
    async def main() -> None:
        async with stage(agent=agent, model=pauses(pause_s)) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("a table on friday"))
            await on.ear.until(lambda ear: bool(heard(ear, UtteranceKind.APOLOGY)), 60)
            assert [text.rstrip() for text in heard(on.ear)] == [FIRST.rstrip()]
            assert heard(on.ear, UtteranceKind.APOLOGY) == [QUIET.phrases.no_answer]
            assert heard(on.ear, UtteranceKind.FILLER)
            said = [m.text.rstrip() for m in on.session.record().messages if m.kind is UtteranceKind.REPLY]
            assert FIRST.rstrip() in said
            assert on.ear.ended is None

    run_virtual(main())


def test_voice_in_such_a_pause_takes_the_floor_and_nothing_of_the_rest_is_heard() -> None:
    async def main() -> None:
        model = pauses(12.0)
        async with stage(agent=QUIET, utterances=["no, on saturday please"], model=model) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("a table on friday"))
            await asyncio.sleep(7)
            asked = len(model.requests)
            await on.talk(900)
            await on.ear.until(lambda ear: bool(heard(ear)), 10)
            assert heard(on.ear)[0].rstrip() == FIRST.rstrip()
            await asyncio.sleep(1)
            assert len(model.requests) == asked + 1

    run_virtual(main())


@pytest.mark.parametrize("fault_s", [3.0, 4.5, 9.0])
def test_a_synthesizer_that_starts_anew_in_such_a_pause_says_nothing_twice(fault_s: float) -> None:
    async def main() -> None:
        async with stage(agent=PATIENT, model=pauses(12.0)) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("a table on friday"))
            await asyncio.sleep(fault_s)
            on.entry.addresses.supervisor.tell(RestartChild("synthesizer"))
            await on.ear.until(lambda ear: bool(heard(ear)), 60)
            assert heard(on.ear) == [FIRST + SECOND]

    run_virtual(main())


@pytest.mark.parametrize("lost_s", [0.1, 2.5, 6.0])
@pytest.mark.parametrize("thinks_s", [1.0, 3.0, 7.0])
def test_a_caller_who_was_cut_off_while_the_agent_thought_hears_the_answer_and_nothing_stale(
    thinks_s: float, lost_s: float
) -> None:
    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [thinks_s, TextGenerated("At nine."), ReplyGenerated()]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(script)) as on:
            on.entry.deliver(TextEntered("when do you open"))
            await asyncio.sleep(0.2)
            on.detach()
            await asyncio.sleep(lost_s)
            back_at = asyncio.get_running_loop().time()
            on.attach("connection-2")
            await on.ear.until(lambda ear: any(m.kind is UtteranceKind.REPLY for m in ear.of(ReplyHeard)))
            kinds = [m.kind for m in on.ear.of(ReplyHeard)]
            waits_s = thinks_s - lost_s - 0.2
            assert kinds.count(UtteranceKind.FILLER) == (waits_s > 1.5) + (waits_s > 4.5)
            assert kinds[-1] is UtteranceKind.REPLY
            assert all(at >= back_at for at, m in on.ear.shown if isinstance(m, AudioFrame))
            await asyncio.sleep(5)
            assert len(on.ear.of(ReplyHeard)) == len(kinds), "nothing comes behind the answer"

    run_virtual(main())


@pytest.mark.parametrize("text", ["It is open.", "It is open. Anything else? Well, then there is more."])
def test_an_engine_that_speaks_all_and_never_says_that_it_was_all_costs_the_caller_nothing(text: str) -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.finish", Fault.STALL, 1, 1_000))
        async with stage(agent=QUIET, model=answers(text), faults=faults) as on:
            for replies in range(1, 5):
                on.entry.deliver(TextEntered("are you open"))
                await on.ear.until_count(ReplyHeard, replies)
                await asyncio.sleep(0.5)
            assert heard(on.ear) == [text] * 4
            assert not any(reply.interrupted for reply in on.ear.of(ReplyHeard))
            assert list(on.entry.restarts) == []

    run_virtual(main())


class Misplacing(FakeRecognizer):
    """Tells of its first final what `change` makes of it."""

    def __init__(self, change: Callable[[FinalTranscript], FinalTranscript]) -> None:
        super().__init__(["are you open", "and tomorrow"])
        self._change = change
        self._finals = 0

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        def told(event: RecognitionEvent) -> None:
            if isinstance(event, FinalTranscript):
                self._finals += 1
                event = self._change(event) if self._finals == 1 else event
            report(event)

        return await super().open(options, told)


@pytest.mark.parametrize("end_ms", [1e9, math.inf, math.nan, None])
@pytest.mark.parametrize("mode", [MEDIA, TRANSCRIPTION])
def test_words_that_an_engine_places_nowhere_or_far_ahead_cost_neither_themselves_nor_the_next(
    mode: str, end_ms: float
) -> None:
    async def main() -> None:
        engine = Misplacing(lambda final: msgspec.structs.replace(final, end_ms=end_ms))
        async with stage(agent=QUIET, mode=mode, recognizer=engine) as on:
            for _ in range(2):
                await on.talk(900)
                await asyncio.sleep(6)
            assert [final.text for final in on.ear.of(FinalTranscript)] == ["are you open", "and tomorrow"]
            assert list(on.entry.restarts) == []

    run_virtual(main())


@pytest.mark.parametrize("text", ["...", " . ", "-"])
def test_punctuation_alone_is_no_word_of_the_caller(text: str) -> None:
    async def main() -> None:
        engine = Misplacing(lambda final: msgspec.structs.replace(final, text=text))
        async with stage(agent=QUIET, recognizer=engine) as on:
            await on.talk(900)
            await on.ear.until(lambda ear: heard(ear, UtteranceKind.APOLOGY) != [])
            assert on.ear.of(FinalTranscript) == []
            assert heard(on.ear) == []

    run_virtual(main())


class Silent(FakeSynthesizer):
    """Says that it has spoken, and gives no audio: the first time, or always."""

    def __init__(self, *, always: bool) -> None:
        super().__init__()
        self._always = always
        self._streams = 0

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        self._streams += 1
        is_silent = self._always or self._streams == 1

        def told(event: SynthesisEvent) -> None:
            if isinstance(event, AudioSynthesized) and is_silent:
                event = AudioSynthesized(event.reply, b"")
            report(event)

        return await super().open(voice, rate_hz, told)


@pytest.mark.parametrize("always", [True, False])
def test_what_has_no_sound_was_not_heard_whatever_the_engine_says(always: bool) -> None:
    async def main() -> None:
        engine = Silent(always=always)
        async with stage(agent=QUIET, model=answers("It is open."), synthesizer=engine) as on:
            on.entry.deliver(TextEntered("are you open"))
            await asyncio.sleep(4)
            assert heard(on.ear) == ([] if always else ["It is open."])
            if always:
                on.entry.deliver(TextEntered("are you open"))
                await on.ear.until(lambda ear: ear.ended is Ending.ERROR)

    run_virtual(main())


@pytest.mark.parametrize("how", ["lost", "output fails", "both outputs fail"])
def test_who_is_back_before_the_session_has_heard_of_their_loss_is_not_cut_off(how: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answers("It is open. Until six, as on all days.")) as on:
            on.entry.deliver(TextEntered("are you open"))
            await on.ear.until_count(AudioFrame, 5)
            if how == "lost":
                on.detach()
            else:
                on.entry.connection.output = Failing()
                on.entry.connection.show(FloorChanged(Floor.NOBODY, 0))
            on.attach("connection-2")
            if how == "both outputs fail":
                on.entry.connection.output = Failing()
                on.entry.connection.show(FloorChanged(Floor.NOBODY, 0))
                await asyncio.sleep(1)
                on.attach("connection-3")
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("and now"))
            await on.ear.until_count(ReplyHeard, 2)
            assert heard(on.ear) == ["It is open. Until six, as on all days."] * 2
            await asyncio.sleep(AGENT.limits.reconnect_s + 1)
            assert on.ear.ended is None

    run_virtual(main())


class Failing:
    """An output that takes nothing."""

    def tell(self, message: OutputMessage) -> None:
        raise ConnectionError
