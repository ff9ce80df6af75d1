"""Whole conversations of the kinds of the other cases: in other languages, with keys, with marks that come late."""

import asyncio
from itertools import pairwise

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import Ending, KeyPattern, UtteranceKind
from actors.messages.caller import MARKED, PACED, HoldEnded, HoldStarted, KeyPressed, Lead, PlaybackMarked, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.runtime.clock import run_virtual
from actors.tools import OnInterruption, ToolEnding, ToolOutcome
from tests.kit.fakes import FakeRecognizer
from tests.kit.listener import positions_played, send_marks
from tests.kit.session_kit import AGENT, LONG, QUIET, Stage, answers, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import GERMAN, calling, enter, given, slow_tool


async def late_marks(on: Stage, late_s: float) -> None:
    """Report what was played as a browser does whose reports take so long."""
    deliver = on.entry.deliver
    loop = asyncio.get_running_loop()

    def later(message: object) -> None:
        if isinstance(message, PlaybackMarked):
            loop.call_later(late_s, deliver, message)
        else:
            deliver(message)  # type: ignore[arg-type]  # whatever it was

    on.entry.deliver = later  # type: ignore[method-assign]  # the way of a slow network
    await send_marks(on)


@pytest.mark.parametrize(
    ("before", "joined"),
    [
        ("Ich sehe kurz nach.", "Ich sehe kurz nach. Um neun."),
        ("Un momento…", "Un momento… Um neun."),
        ("Je regarde :", "Je regarde : Um neun."),
        ("我查一下。", "我查一下。Um neun."),
        ("\U0001f642", "Um neun."),
        ("*smiles*", "Um neun."),
    ],
)
def test_words_of_any_language_before_a_long_tool_are_said_once(before: str, joined: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=calling(before, "Um neun."), tools={"work": slow_tool(12)}) as on:
            await enter(on, "wann")
            await on.ear.until(lambda ear: heard(ear) != [], 90)
            assert heard(on.ear) == [joined]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED], ids=["paced", "marks that come late"])
@pytest.mark.parametrize("noise_ms", [460, 2_000])
def test_noise_and_late_marks_while_tools_run_cost_nothing_and_repeat_nothing(lead: Lead, noise_ms: int) -> None:
    async def main() -> None:
        tools = {"work": slow_tool(6)}
        async with stage(agent=QUIET, model=calling("One moment.", "At nine.", 2), tools=tools, lead=lead) as on:
            marks = asyncio.ensure_future(late_marks(on, 1.2)) if lead is MARKED else None
            await enter(on, "when")
            await asyncio.sleep(4)
            if noise_ms:
                await on.talk(noise_ms)
            await on.ear.until(lambda ear: heard(ear) != [], 90)
            assert heard(on.ear) == ["One moment. One moment. At nine."]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            if marks is not None:
                marks.cancel()

    run_virtual(main())


@pytest.mark.parametrize(("delay_s", "at_s"), [(0.1, 1.5), (1.7, 3.4), (2.6, 0.2)])
def test_noise_at_any_time_before_the_answer_costs_no_question(delay_s: float, at_s: float) -> None:
    """Into a filler, just before the answer, and with a recognizer that takes its time to find no words."""

    async def main() -> None:
        model = answers("Um neun.", 4.0)
        recognizer = FakeRecognizer(["wann machen sie auf"], delay_s=0.1)
        async with stage(agent=GERMAN, model=model, recognizer=recognizer) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            recognizer.delay_s = delay_s
            await asyncio.sleep(at_s)
            await on.talk(340)
            await on.ear.until(lambda ear: heard(ear) != [], 30)
            assert heard(on.ear) == ["Um neun."]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            assert len(model.requests) == 1
            assert len(heard(on.ear, UtteranceKind.FILLER)) <= 2

    run_virtual(main())


@pytest.mark.parametrize("noise_ms", [700, 2_000])
def test_noise_to_an_agent_that_thinks_is_not_asked_about_behind_the_answer(noise_ms: int) -> None:
    """The recognizer takes so long to find nothing in it that the answer has been heard by then."""

    async def main() -> None:
        recognizer = FakeRecognizer([], delay_s=2.0)
        async with stage(agent=QUIET, model=answers("At nine.", 0.5), recognizer=recognizer) as on:
            await enter(on, "when")
            await asyncio.sleep(0.2)
            await on.talk(noise_ms)
            await asyncio.sleep(6)
            assert heard(on.ear) == ["At nine."]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


def test_noise_again_and_again_while_the_agent_thinks_does_not_hold_the_answer_for_good() -> None:
    async def main() -> None:
        async with stage(agent=GERMAN, utterances=["wann"], model=answers("Um neun.", 2.0)) as on:
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            asked_at = asyncio.get_running_loop().time()
            for _ in range(6):
                await asyncio.sleep(0.5)
                await on.talk(300)
            await on.ear.until(lambda ear: heard(ear) != [], 30)
            assert heard(on.ear) == ["Um neun."]
            assert asyncio.get_running_loop().time() - asked_at < 12

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED], ids=["paced", "marks that come late"])
@pytest.mark.parametrize("kind", [UtteranceKind.GREETING, UtteranceKind.PROMPT, UtteranceKind.REPLY])
@pytest.mark.parametrize("delay_s", [2.4])
def test_noise_over_anything_that_is_said_costs_none_of_it(lead: Lead, kind: UtteranceKind, delay_s: float) -> None:
    async def main() -> None:
        phrases = msgspec.structs.replace(AGENT.phrases, no_input=(LONG,))
        agent = msgspec.structs.replace(QUIET, phrases=phrases, greeting=LONG if kind is UtteranceKind.GREETING else "")
        recognizer = FakeRecognizer([], delay_s=delay_s)
        async with stage(agent=agent, model=answers(LONG), lead=lead, recognizer=recognizer) as on:
            marks = asyncio.ensure_future(late_marks(on, 0.8)) if lead is MARKED else None
            if kind is UtteranceKind.REPLY:
                await enter(on, "when")
            await on.ear.until(lambda ear: any(frame.kind is kind for frame in ear.of(AudioFrame)), 30)
            await asyncio.sleep(1.0)
            await on.talk(460)
            await on.ear.until(lambda ear: heard(ear, kind) != [], 30)
            assert heard(on.ear, kind)[0] == LONG
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            reply = next(frame.reply for frame in on.ear.of(AudioFrame) if frame.kind is kind)
            if lead is PACED:
                positions = positions_played(on.ear, reply)
                assert sorted(set(positions)) == list(range(0, max(positions) + 20, 20))
            if marks is not None:
                marks.cancel()

    run_virtual(main())


@pytest.mark.parametrize("between", ["typed", "noise", "hold", "answer", "voice"])
def test_keys_and_whatever_comes_between_them_are_one_floor(between: str) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(GERMAN, keys=KeyPattern(length=4, wait_s=3.0))
        utterances = ["das ist meine nummer"] if between == "voice" else []
        async with stage(agent=agent, utterances=utterances, model=answers(LONG, 0.3)) as on:
            await asyncio.sleep(0.1)
            if between == "answer":
                await enter(on, "hallo")
                await on.ear.until_count(AudioFrame, 20)
            for key in "12":
                on.entry.deliver(KeyPressed(key))
                await asyncio.sleep(0.1)
            match between:
                case "typed":
                    on.entry.deliver(TextEntered("nein"))
                case "noise":
                    await on.talk(340)
                case "hold":
                    on.entry.deliver(HoldStarted())
                    await asyncio.sleep(1)
                    on.entry.deliver(HoldEnded())
                case "voice":
                    await on.talk(900)
                case _:
                    pass
            await asyncio.sleep(12)
            replies = [m for m in on.ear.of(ReplyHeard) if m.kind is UtteranceKind.REPLY]
            whole = [reply for reply in replies if not reply.interrupted]
            assert len(whole) == 1
            said = {"typed": "1 2 nein", "voice": "1 2 das ist meine nummer", "answer": "hallo 1 2"}.get(between, "1 2")
            assert " ".join(given(on)) == said
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


@pytest.mark.parametrize("where", ["over a reply", "after keys", "in a tool", "over a prompt"])
def test_audio_that_stops_in_mid_word_anywhere_leaves_nobody_waiting(where: str) -> None:
    async def main() -> None:
        model = calling("", "Um neun.") if where == "in a tool" else answers(LONG)
        async with stage(agent=GERMAN, model=model, tools={"work": slow_tool(4)}) as on:
            if where == "over a prompt":
                await on.ear.until(lambda ear: any(f.kind is UtteranceKind.PROMPT for f in ear.of(AudioFrame)), 30)
            elif where == "after keys":
                await asyncio.sleep(0.1)
                on.entry.deliver(KeyPressed("1"))
            else:
                await enter(on, "wann")
                await asyncio.sleep(1.5)
            on.talking = True
            await asyncio.sleep(0.5)
            await on.hang_up()
            on.talking = False
            began = asyncio.get_running_loop().time()
            sounds = UtteranceKind.PROMPT if where == "over a prompt" else UtteranceKind.REPLY
            await on.ear.until(lambda ear: heard(ear, sounds) != [], 40)
            assert asyncio.get_running_loop().time() - began < 15
            await on.ear.until(lambda ear: ear.ended is not None, 120)
            assert on.ear.ended is Ending.IDLE_TIMEOUT

    run_virtual(main())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de-DE", "ja danke schön"),
        ("de-DE", "hallo sind sie noch da"),
        ("es-ES", "vale muchas gracias"),
        ("fr-FR", "d'accord merci beaucoup"),
        ("fr-FR", "allô vous êtes là"),
        ("en-GB", "yo you there"),
    ],
)
def test_thanks_and_calls_while_it_rings_do_not_cost_the_transfer(language: str, words: str) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, languages=(language,))
        work = slow_tool(35, ToolOutcome({"status": "answered"}, ToolEnding.HANDOFF))
        async with stage(agent=agent, utterances=[words], model=calling("", "Da."), tools={"work": work}) as on:
            await enter(on, "mensch")
            await asyncio.sleep(4)
            await on.talk(900)
            await on.ear.until(lambda ear: ear.ended is not None, 120)
            assert on.ear.ended is Ending.HUMAN_HANDOFF
            assert heard(on.ear, UtteranceKind.PROMPT) == heard(on.ear, UtteranceKind.APOLOGY) == []
            fillers = heard(on.ear, UtteranceKind.FILLER)
            assert len(fillers) <= 6
            assert all(first != second for first, second in pairwise(fillers))

    run_virtual(main())


def test_a_transfer_that_must_be_done_stands_though_the_caller_asks_something_else() -> None:
    async def main() -> None:
        work = slow_tool(
            20, ToolOutcome({"status": "answered"}, ToolEnding.HANDOFF), on_interruption=OnInterruption.FINISH
        )
        utterances = ["wie lange dauert das denn"]
        async with stage(agent=GERMAN, utterances=utterances, model=calling("", "Da."), tools={"work": work}) as on:
            await enter(on, "mensch")
            await asyncio.sleep(4)
            await on.talk(1_000)
            await on.ear.until(lambda ear: ear.ended is not None, 120)
            assert on.ear.ended is Ending.HUMAN_HANDOFF

    run_virtual(main())


@pytest.mark.parametrize(
    "sentences",
    [
        "Wir haben von acht bis 18 Uhr geöffnet. " * 12,
        "¿Quiere usted que le llame mañana? " * 14,
        "我们从八点开到六点。" * 30,
    ],
    ids=["de", "es", "zh"],
)
@pytest.mark.parametrize("lead", [PACED, MARKED], ids=["paced", "marks that come late"])
def test_the_longest_session_ends_with_a_sentence_of_any_language(sentences: str, lead: Lead) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, limits=Limits(max_session_s=5.5, no_input_s=60))
        async with stage(agent=agent, model=answers(sentences), lead=lead) as on:
            marks = asyncio.ensure_future(late_marks(on, 0.8)) if lead is MARKED else None
            await enter(on, "wann")
            await on.ear.until(lambda ear: ear.ended is not None, 60)
            (reply,) = heard(on.ear)
            assert reply.rstrip()[-1] in ".?。"
            assert sentences.startswith(reply.rstrip())
            assert len(reply) < len(sentences)
            assert on.ear.ended is Ending.NORMAL
            if marks is not None:
                marks.cancel()

    run_virtual(main())


@pytest.mark.parametrize("noise", [True, False])
def test_the_longest_session_that_is_over_in_a_tool_or_in_noise_ends_with_a_goodbye(noise: bool) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(GERMAN, limits=Limits(max_session_s=5.5, no_input_s=60))
        model = answers(LONG) if noise else calling("", "Da.")
        async with stage(agent=agent, model=model, tools={"work": slow_tool(30)}) as on:
            await enter(on, "wann")
            await asyncio.sleep(5.0)
            if noise:
                await on.talk(800)
            await on.ear.until(lambda ear: ear.ended is not None, 60)
            assert on.ear.ended is Ending.NORMAL
            assert len(heard(on.ear, UtteranceKind.GOODBYE)) == 1
            assert asyncio.get_running_loop().time() < 5.5 + 10 + 5

    run_virtual(main())


@pytest.mark.parametrize(("delay_s", "thinks_s"), [(1.6, 3.5), (2.5, 1.5), (2.9, 0.2), (2.9, 3.5)])
def test_a_slow_recognizer_and_a_slow_model_make_fillers_at_growing_intervals(delay_s: float, thinks_s: float) -> None:
    async def main() -> None:
        slow = FakeRecognizer(["wann machen sie auf"], delay_s=delay_s)
        async with stage(agent=GERMAN, model=answers("Um neun.", thinks_s), recognizer=slow) as on:
            await asyncio.sleep(0.3)
            await on.talk(600)
            await on.ear.until(lambda ear: heard(ear) != [])
            fillers = [
                (at, message.text)
                for at, message in on.ear.shown
                if isinstance(message, ReplyHeard) and message.kind is UtteranceKind.FILLER
            ]
            assert len(fillers) <= 2
            assert all(later[0] - former[0] > 2.5 and later[1] != former[1] for former, later in pairwise(fillers))
            assert heard(on.ear) == ["Um neun."]

    run_virtual(main())
