"""Whole conversations in which somebody interrupts, or only seems to."""

import asyncio

import msgspec
import pytest

from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import BLIND, MARKED, PACED, Lead, TextEntered
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import end_conversation, tool
from tests.kit.fakes import MS_PER_CHAR, FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.listener import positions_played, send_marks
from tests.kit.session_kit import AGENT, LONG, QUIET, Stage, answers, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import enter, given


async def answered_for(on: Stage, seconds: float) -> int:
    """Ask, and hear the answer for some time; the number of the reply."""
    await on.talk(600)
    await on.ear.until(lambda ear: any(frame.kind is UtteranceKind.REPLY for frame in ear.of(AudioFrame)))
    await asyncio.sleep(seconds)
    return on.ear.of(AudioFrame)[-1].reply


@pytest.mark.parametrize("lead", [PACED, MARKED, BLIND], ids=["paced", "marked", "blind"])
@pytest.mark.parametrize("noise_ms", [460, 900, 3_000])
def test_noise_over_a_reply_costs_no_sample_of_it_and_repeats_none(lead: Lead, noise_ms: int) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["your hours"], model=answers(LONG), lead=lead) as on:
            marks = asyncio.ensure_future(send_marks(on)) if lead is MARKED else None
            reply = await answered_for(on, 1.0)
            await on.talk(noise_ms)
            await on.ear.until_count(ReplyHeard, 1)
            assert len(on.ear.of(AudioDiscarded)) == 1
            assert heard(on.ear) == [LONG]
            await asyncio.sleep(0.5)
            if marks is not None:
                marks.cancel()
            positions = positions_played(on.ear, reply)
            assert sorted(set(positions)) == list(range(0, len(LONG) * MS_PER_CHAR, 20)), "something was never heard"
            # The frame in whose middle playback fell silent is heard from its beginning.
            assert len(positions) - len(set(positions)) <= 1
            assert positions == sorted(positions)

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED, BLIND], ids=["paced", "marked", "blind"])
def test_noise_twice_over_one_reply_does_not_cost_any_of_it_either(lead: Lead) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["your hours"], model=answers(LONG), lead=lead) as on:
            marks = asyncio.ensure_future(send_marks(on)) if lead is MARKED else None
            reply = await answered_for(on, 0.5)
            for _ in range(2):
                await on.talk(500)
                await asyncio.sleep(1.7)
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(0.5)
            if marks is not None:
                marks.cancel()
            positions = positions_played(on.ear, reply)
            assert sorted(set(positions)) == list(range(0, len(LONG) * MS_PER_CHAR, 20))
            assert len(positions) - len(set(positions)) <= 2
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


@pytest.mark.parametrize("noise_ms", [120, 340, 2_000])
@pytest.mark.parametrize("thinks_s", [1.0, 3.0])
def test_noise_while_the_model_thinks_does_not_cost_the_question(noise_ms: int, thinks_s: float) -> None:
    async def main() -> None:
        model = answers("At nine.", thinks_s)
        async with stage(agent=QUIET, utterances=["when do you open"], model=model) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            await asyncio.sleep(0.3)
            await on.talk(noise_ms)
            await on.ear.until(lambda ear: heard(ear) != [])
            assert heard(on.ear) == ["At nine."]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            assert len(model.requests) == 1

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED, BLIND], ids=["paced", "marked", "blind"])
def test_an_answer_that_is_ready_while_somebody_speaks_is_not_begun(lead: Lead) -> None:
    async def main() -> None:
        model = answers("At nine.", 1.0)
        async with stage(agent=QUIET, utterances=["when do you open"], model=model, lead=lead) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            await asyncio.sleep(0.85)
            await on.talk(340)
            assert on.ear.of(AudioFrame) == []
            await on.ear.until(lambda ear: heard(ear) == ["At nine."])

    run_virtual(main())


def test_hello_said_again_and_again_does_not_keep_the_answer_from_coming() -> None:
    async def main() -> None:
        model = answers("At nine.", 3.0)
        async with stage(agent=QUIET, utterances=["when are you open", *["hello"] * 4], model=model) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            asked_at = on.ear.times(FinalTranscript)[0]
            for _ in range(4):
                await asyncio.sleep(0.1)
                await on.talk(240)
            await on.ear.until(lambda ear: heard(ear) != [])
            first = next(at for at, m in on.ear.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.REPLY)
            assert first - asked_at < 5
            assert model.requests[0].messages[-1].text == "when are you open"
            assert len(model.requests) == 1

    run_virtual(main())


@pytest.mark.parametrize("text", ["are you there", "thank you very much", "hello can you hear me"])
def test_politeness_and_impatience_cancel_no_tool_though_their_words_come_one_by_one(text: str) -> None:
    runs = 0

    @tool(timeout_s=60)
    async def work() -> str:
        """Do something."""
        nonlocal runs
        runs += 1
        await asyncio.sleep(6)
        return "nine"

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        if request.messages[-1].role is Role.TOOL:
            return [0.1, TextGenerated("At nine."), ReplyGenerated()]
        return [0.1, ToolCalled(call_id="call_0", name="work", arguments="{}"), ReplyGenerated()]

    async def main() -> None:
        utterances = ["when do you open", text]
        async with stage(agent=QUIET, utterances=utterances, model=FakeModel(script), tools={"work": work}) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            await asyncio.sleep(2)
            await on.talk(900)
            await on.ear.until(lambda ear: heard(ear) != [], 20)
            assert heard(on.ear) == ["At nine."]
            assert given(on) == ["when do you open"]
            assert runs == 1

    run_virtual(main())


@pytest.mark.parametrize("delay_s", [1.6, 2.4])
def test_hello_that_is_understood_when_the_answer_has_begun_does_not_interrupt_it(delay_s: float) -> None:
    async def main() -> None:
        late = FakeRecognizer(["when do you open", "hello hello hello hello"], delay_s=delay_s)
        async with stage(agent=QUIET, model=answers(LONG, 3.0), recognizer=late) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            await asyncio.sleep(0.5)
            await on.talk(600)
            await on.ear.until(lambda ear: heard(ear) != [], 20)
            await asyncio.sleep(2)
            assert heard(on.ear) == [LONG]
            assert given(on) == ["when do you open"]

    run_virtual(main())


@pytest.mark.parametrize("word", ["two", "Müller", "tuesday"])
def test_a_single_word_over_a_reply_is_answered_when_the_reply_is_over(word: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["your hours", word], model=answers(LONG)) as on:
            await answered_for(on, 1.0)
            await on.talk(220)
            await on.ear.until_count(ReplyHeard, 2)
            assert heard(on.ear) == [LONG, LONG]
            assert given(on) == ["your hours", word]

    run_virtual(main())


@pytest.mark.parametrize("word", ["stop", "wait", "no"])
def test_a_word_that_stops_stops_at_once_and_is_answered(word: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["your hours", word], model=answers(LONG)) as on:
            await answered_for(on, 1.0)
            began = asyncio.get_running_loop().time()
            await on.talk(220)
            await on.ear.until_count(ReplyHeard, 1)
            assert on.ear.times(AudioDiscarded)[0] - began < 0.5
            assert on.ear.of(ReplyHeard)[0].interrupted
            await on.ear.until_count(ReplyHeard, 2)
            assert given(on) == ["your hours", word]

    run_virtual(main())


@pytest.mark.parametrize("word", ["yes", "uh huh", "hello"])
@pytest.mark.parametrize("prompt", [0, 1])
def test_any_word_over_a_prompt_keeps_the_session(word: str, prompt: int) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=[word], model=answers("Here I am.")) as on:
            kind = UtteranceKind.PROMPT
            await on.ear.until(lambda ear: len({f.reply for f in ear.of(AudioFrame) if f.kind is kind}) > prompt)
            await asyncio.sleep(0.3)
            await on.talk(220)
            await on.ear.until(lambda ear: heard(ear) != [])
            assert heard(on.ear) == ["Here I am."]
            assert on.ear.ended is None

    run_virtual(main())


@pytest.mark.parametrize("has_words", [True, False], ids=["words are timed", "by proportion"])
@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("zh-CN", "我们平日从八点开到六点、星期六从九点开到一点、星期天休息、如果您愿意、我可以马上给您预约。" * 3),
        ("ja-JP", "平日は八時から六時まで開いています。土曜日は九時から一時までです。日曜日はお休みです。" * 3),
        ("th-TH", "เราเปิดวันธรรมดาตั้งแต่แปดโมงถึงหกโมงเย็นวันเสาร์เปิดตั้งแต่เก้าโมงถึงบ่ายโมงวันอาทิตย์เราหยุด" * 2),
    ],
)
def test_of_a_reply_without_blanks_the_history_has_what_was_heard(language: str, reply: str, has_words: bool) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, languages=(language,))
        engine = FakeSynthesizer(has_words=has_words)
        async with stage(agent=agent, utterances=["a b c", "d e f g"], model=answers(reply), synthesizer=engine) as on:
            number = await answered_for(on, 4.0)
            await on.talk(900)
            await on.ear.until_count(ReplyHeard, 1)
            told = on.ear.of(ReplyHeard)[0]
            assert told.interrupted
            heard_ms = max(positions_played(on.ear, number))
            assert reply.startswith(told.text)
            assert abs(len(told.text) - heard_ms / MS_PER_CHAR) <= 12
            remembered = [m.text for m in on.session.record().messages if m.role is Role.ASSISTANT and m.interrupted]
            assert remembered == [told.text]

    run_virtual(main())


def test_a_goodbye_is_taken_back_by_another_question() -> None:
    def script(request: ModelRequest) -> list[ModelEvent | float]:
        text = request.messages[-1].text
        return [0.2, TextGenerated(LONG if "sunday" in text else "Goodbye then, have a nice day."), ReplyGenerated()]

    async def main() -> None:
        utterances = ["bye", "wait one more question are you open on sunday"]
        async with stage(agent=QUIET, utterances=utterances, model=FakeModel(script)) as on:
            await answered_for(on, 0.3)
            await on.talk(1_600)
            await on.ear.until(lambda ear: LONG in heard(ear))
            await asyncio.sleep(0.5)
            assert on.ear.ended is None

    run_virtual(main())


@pytest.mark.parametrize(
    ("text", "at_s", "is_taken_back"),
    [
        ("one more question please", 1.62, True),
        ("sunday", 0.5, True),
        ("bye", 1.62, False),
        ("thank you bye bye", 0.5, False),
        ("", 1.62, False),
    ],
)
def test_who_speaks_into_a_goodbye_by_a_tool_is_heard_out(text: str, at_s: float, is_taken_back: bool) -> None:
    goodbye = "Goodbye, and have a very nice day."

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        last = request.messages[-1]
        if last.role is Role.TOOL:
            return [0.1, ReplyGenerated()]
        if last.text == "that is all":
            call = ToolCalled(call_id="call_0", name="end_conversation", arguments="{}")
            return [0.1, TextGenerated(goodbye), call, ReplyGenerated()]
        return [0.1, TextGenerated("Yes?"), ReplyGenerated()]

    async def main() -> None:
        utterances = [text] if text else []
        tools = {"end_conversation": end_conversation}
        async with stage(agent=QUIET, utterances=utterances, model=FakeModel(script), tools=tools) as on:
            await asyncio.sleep(0.3)
            on.entry.deliver(TextEntered("that is all"))
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(at_s)
            await on.talk(600 if " " in text else 240)
            await asyncio.sleep(6)
            if is_taken_back:
                assert heard(on.ear) == [goodbye, "Yes?"]
                assert given(on) == ["that is all", text]
                assert on.ear.ended is None
            else:
                assert heard(on.ear) == [goodbye]
                assert on.ear.ended is Ending.NORMAL

    run_virtual(main())


@pytest.mark.parametrize("words", [True, False])
def test_what_is_said_into_a_protected_greeting_is_answered_without_a_filler(words: bool) -> None:
    async def main() -> None:
        barge_in = msgspec.structs.replace(
            AGENT.barge_in, greeting=msgspec.structs.replace(AGENT.barge_in.greeting, protected=True)
        )
        agent = msgspec.structs.replace(AGENT, greeting=LONG, barge_in=barge_in)
        async with stage(agent=agent, utterances=["book it please"] if words else [], model=answers("Done.")) as on:
            await asyncio.sleep(1)
            await on.talk(600)
            await on.ear.until_count(ReplyHeard, 2 if words else 1)
            assert heard(on.ear, UtteranceKind.GREETING) == [LONG]
            assert heard(on.ear, UtteranceKind.FILLER) == []
            assert heard(on.ear) == (["Done."] if words else [])
            assert on.ear.of(AudioDiscarded) == []

    run_virtual(main())


def test_a_session_that_nobody_answers_ends_by_its_silence() -> None:
    """The control of the cases above: without a word the prompts end the session."""

    async def main() -> None:
        async with stage(agent=QUIET) as on:
            await on.ear.until(lambda ear: ear.ended is not None, 120)
            assert on.ear.ended is Ending.IDLE_TIMEOUT

    run_virtual(main())


@pytest.mark.parametrize("order", ["okay stop", "uh-huh, wait", "yeah no", "hey stop", "hello, stop it"])
def test_an_order_to_stop_stops_at_once_behind_a_sign_of_listening(order: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=[order], model=answers(LONG)) as on:
            await enter(on, "when")
            await asyncio.sleep(2)
            await on.talk(400)
            await on.ear.until_count(FinalTranscript, 2)
            assert len(heard(on.ear)[0]) < len(LONG) / 2
            assert given(on) == ["when", order]

    run_virtual(main())


def test_a_courtesy_that_begins_like_an_order_to_stop_costs_nothing_behind_a_sign_of_listening() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["okay no problem"], model=answers(LONG)) as on:
            await enter(on, "when")
            await asyncio.sleep(2)
            await on.talk(600)
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]
            assert given(on) == ["when"]

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED, BLIND], ids=["paced", "marked", "blind"])
@pytest.mark.parametrize(("delay_s", "gap_s"), [(0.1, 0.6), (0.6, 0.6), (1.4, 1.3)])
@pytest.mark.parametrize("talks_ms", [200, 400])
def test_hello_into_the_pause_that_a_noise_has_made_costs_no_word_of_the_reply(
    lead: Lead, delay_s: float, gap_s: float, talks_ms: int
) -> None:
    async def main() -> None:
        recognizer = FakeRecognizer(delay_s=delay_s)
        async with stage(agent=QUIET, model=answers(LONG), lead=lead, recognizer=recognizer) as on:
            marks = asyncio.ensure_future(send_marks(on)) if lead is MARKED else None
            await enter(on, "when")
            await on.ear.until_count(AudioFrame, 50)
            await on.talk(460)
            await asyncio.sleep(gap_s)
            recognizer.utterances.append("hello")
            await on.talk(talks_ms)
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(3)
            if marks is not None:
                marks.cancel()
            assert heard(on.ear) == [LONG]
            assert given(on) == ["when"]

    run_virtual(main())
