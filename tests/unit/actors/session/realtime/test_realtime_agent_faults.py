"""What goes wrong between a session and its speech-to-speech model, on virtual time: the caller hears the answer."""

import asyncio
import itertools
import random
from collections.abc import Callable

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import Ending, Role, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.runtime.clock import run_virtual
from app.providers.absent import AbsentRecognizer
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import SOUND, FakeRealtime, FakeRealtimeSession
from tests.kit.fakes import FakeModel, FakeRecognizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import FRAME, Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, SILENT, heard, messages, speaking

CONNECTION_MS = 50 + 100
"""How long a fake needs to open a session, and to begin a response."""


def failing(
    kind: FailureKind, status: reported.ResponseStatus = reported.ResponseStatus.FAILED
) -> reported.ResponseFinished:
    """A response that fails before its first word."""
    return reported.ResponseFinished(response_id="", status=status, failure=kind, detail=f"fake: {kind}")


async def said(on: Stage, text: str) -> None:
    """Wait until the caller has heard this, whatever fillers come before it."""
    await on.ear.until(lambda ear: any(reply.text == text for reply in ear.of(ReplyHeard)))


def gap_ms(on: Stage, replies: list[ReplyHeard]) -> float:
    """The longest time without sound between the first and the last frame of any one reply."""
    turns = {reply.turn for reply in replies}
    gaps = [0.0]
    for turn in turns:
        times = [at for at, m in on.ear.shown if isinstance(m, AudioFrame) and m.turn == turn]
        gaps += [(after - before) * 1_000 for before, after in itertools.pairwise(times)]
    return max(gaps)


@pytest.mark.parametrize("word_times", [False, True])
@pytest.mark.parametrize("after_ms", sorted(random.Random(12).sample(range(50, 3_000), 10)))
@on_virtual_time
async def test_a_session_lost_at_any_moment_costs_the_caller_no_word(after_ms: int, *, word_times: bool) -> None:
    model = FakeRealtime(LONG, "Later.", words="tell me more", word_times=word_times)
    async with speaking(model) as on:
        asyncio.get_running_loop().call_later(after_ms / 1_000, lambda: model.sessions[0].drop())
        await on.talk(800)
        (reply,) = await heard(on)
        assert reply.text == LONG
        assert not reply.interrupted
        assert gap_ms(on, [reply]) <= CONNECTION_MS + 300
        await on.talk(800)
        await heard(on, 2)
        await asyncio.sleep(1)
        assert len(model.sessions) == 2
        assert messages(on) == [
            (Role.USER, "tell me more"),
            (Role.ASSISTANT, LONG),
            (Role.USER, "tell me more"),
            (Role.ASSISTANT, "Later."),
        ]


@on_virtual_time
async def test_one_call_outlives_ten_lost_sessions() -> None:
    moments = random.Random(10)
    model = FakeRealtime(*[LONG] * 20, words="go on")
    async with speaking(model) as on:
        for turn in range(10):
            loop = asyncio.get_running_loop()
            loop.call_later(moments.uniform(0.0, 4.0), lambda: model.sessions[-1].drop())
            await on.talk(800)
            await heard(on, turn + 1)
            await asyncio.sleep(1)
        replies = await heard(on, 10)
        assert [reply.text for reply in replies] == [LONG] * 10
        assert gap_ms(on, replies) <= CONNECTION_MS + 300
        assert len(model.sessions) == 11
        assert messages(on) == [(Role.USER, "go on"), (Role.ASSISTANT, LONG)] * 10
        told = model.sessions[-1]
        known = [m.text for m in told.options.history] + [m.text for m in told.added]
        assert known.count(LONG) >= 9


@on_virtual_time
async def test_a_reply_that_goes_on_in_another_session_is_interrupted_to_the_word() -> None:
    model = FakeRealtime(LONG, "Certainly.", word_times=True)
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 20)
        model.sessions[0].drop()
        await asyncio.sleep(2.5)
        await on.talk(1_200)
        cut, answer = await heard(on, 2)
        assert cut.interrupted
        assert LONG.startswith(cut.text)
        assert answer.text == "Certainly."
        frames_ms = 20 * sum(m.turn == cut.turn for m in on.ear.of(AudioFrame))
        assert abs(len(cut.text) * 50 - frames_ms) <= 600
        (second,) = model.sessions[1:]
        assert set(second.truncated) == {"item-1"}
        assert LONG.startswith(second.added[0].text)


@on_virtual_time
async def test_a_session_that_expires_is_replaced_in_a_silence() -> None:
    model = FakeRealtime("It is open.", "Yes, it really is.", "No, it really is not.", words="well")
    async with speaking(model) as on:
        for turn in range(3):
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 1 + len(on.ear.of(AudioFrame)))
            model.sessions[turn].tell(reported.RealtimeExpiring(5))
            await heard(on, turn + 1)
            await asyncio.sleep(0.5)
        assert len(model.sessions) == 4
        assert all(session.is_closed for session in model.sessions[:3])
        assert [m.text for m in model.sessions[3].options.history] == [
            *("well", "It is open.", "well", "Yes, it really is.", "well", "No, it really is not."),
        ]


@pytest.mark.parametrize("reply", [LONG * 2])
@on_virtual_time
async def test_a_call_crosses_the_limit_of_sessions_three_times(reply: str) -> None:
    model = FakeRealtime(*[reply] * 100, words="go on")
    model.limit_s = 60.0
    async with speaking(model) as on:
        turn = 0
        while asyncio.get_running_loop().time() < 200:
            await on.talk(800)
            turn += 1
            await heard(on, turn)
            await asyncio.sleep(1)
        replies = await heard(on, turn)
        assert [each.text for each in replies] == [reply] * turn
        assert gap_ms(on, replies) <= CONNECTION_MS + 300
        assert len(model.sessions) >= 4
        assert messages(on) == [(Role.USER, "go on"), (Role.ASSISTANT, reply)] * turn


@on_virtual_time
async def test_a_session_that_stalls_is_replaced() -> None:
    model = FakeRealtime("It is open.", "It is open again.")
    async with speaking(model) as on:
        model.sessions[0].respond = lambda request: 1  # type: ignore[method-assign]
        await on.talk(600)
        await said(on, "It is open.")
        assert len(model.sessions) == 2


@on_virtual_time
async def test_a_session_that_does_not_end_what_was_cancelled_is_replaced() -> None:
    model = FakeRealtime(LONG * 8, "Certainly.")
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        model.sessions[0].stall()
        await asyncio.sleep(1)
        began = asyncio.get_running_loop().time()
        await on.talk(1_200)
        _, answer = await heard(on, 2)
        assert answer.text == "Certainly."
        assert len(model.sessions) == 2
        assert asyncio.get_running_loop().time() - began < 1.2 + 0.4 + 3.0 + 1.5


@on_virtual_time
async def test_one_that_never_opens_is_given_up() -> None:
    model = FakeRealtime()
    model.open = lambda options, report: asyncio.sleep(3_600)  # type: ignore[assignment,method-assign,return-value]
    patient = msgspec.structs.replace(SILENT, limits=Limits(no_input_s=100))
    async with speaking(model, patient) as on:
        await asyncio.sleep(3 * 6.0 + 2.0)
        assert not on.entry.checkpoint.realtime_given_up
        await asyncio.sleep(1.0)
        assert on.entry.checkpoint.realtime_given_up


# responses that fail


@pytest.mark.parametrize(
    "kind", [FailureKind.RATE_LIMITED, FailureKind.TRANSIENT, FailureKind.EXPIRED, FailureKind.TOO_LONG]
)
@on_virtual_time
async def test_a_response_that_may_succeed_later_is_asked_for_again(kind: FailureKind) -> None:
    model = FakeRealtime(failing(kind), failing(kind), "It is open.")
    async with speaking(model) as on:
        await on.talk(600)
        await said(on, "It is open.")
        assert len(model.sessions) == (1 if kind is FailureKind.RATE_LIMITED else 3)


@on_virtual_time
async def test_one_that_is_filtered_is_not_asked_for_again() -> None:
    model = FakeRealtime(failing(FailureKind.REFUSED, reported.ResponseStatus.FILTERED), "Never.")
    async with speaking(model) as on:
        await on.talk(600)
        (apology,) = await heard(on)
        assert apology.text != "Never."
        assert len(model.replies) == 1


@on_virtual_time
async def test_what_is_filtered_again_and_again_ends_no_session_and_is_not_told_to_another_one() -> None:
    refused = failing(FailureKind.REFUSED, reported.ResponseStatus.FILTERED)
    model = FakeRealtime("Hello.", refused, refused, "It is open.", words="a word")
    async with speaking(model) as on:
        for replies in range(1, 5):
            await on.talk(600)
            await on.ear.until_count(ReplyHeard, replies)
            await asyncio.sleep(2)
        kinds = [reply.kind for reply in on.ear.of(ReplyHeard)]
        assert kinds == [UtteranceKind.REPLY, UtteranceKind.APOLOGY, UtteranceKind.APOLOGY, UtteranceKind.REPLY]
        withheld = [message.turn for message in on.entry.checkpoint.messages if message.is_withheld]
        assert {2, 3} <= set(withheld)
        session = model.sessions[-1]
        assert len(model.sessions) == 3, "one that was told it is not gone on with"
        assert len(session.turns) == 1, "the speech of a turn that is refused is not given again"
        assert "a word" not in [message.text for message in session.added]


@on_virtual_time
async def test_a_service_that_completes_no_response_is_given_up() -> None:
    model = FakeRealtime(*[failing(FailureKind.TRANSIENT)] * 20)
    async with speaking(model, model=FakeModel()) as on:
        await on.talk(600)
        await asyncio.sleep(8)
        assert on.entry.checkpoint.realtime_given_up
        assert len(model.sessions) == 5


def refused(kind: FailureKind) -> reported.RealtimeFailed:
    """The failure of an order for a response, which had the number -1."""
    return reported.RealtimeFailed(kind=kind, operation=reported.Operation.RESPOND, detail="fake", request=-1)


def refuse_next_order(session: FakeRealtimeSession, *told: tuple[float, reported.RealtimeEvent]) -> None:
    """Have the next order for a response get the number -1 and these events, each after so many seconds."""
    respond = session.respond

    def refuse(request: port.ResponseRequest) -> int:
        session.respond = respond  # type: ignore[method-assign]
        for after_s, event in told:
            asyncio.get_running_loop().call_later(after_s, session.tell, event)
        return -1

    session.respond = refuse  # type: ignore[method-assign]


@on_virtual_time
async def test_an_order_that_is_refused_because_another_response_runs_is_given_again_after_that() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model) as on:
        over = reported.ResponseFinished(response_id="other", status=reported.ResponseStatus.CANCELLED)
        refuse_next_order(model.sessions[0], (0.05, refused(FailureKind.HARMLESS)), (0.5, over))
        await on.talk(600)
        (reply,) = await heard(on)
        assert reply.text == "It is open."
        assert len(model.sessions) == 1


@on_virtual_time
async def test_an_order_that_fails_when_it_is_not_wanted_any_more_does_not_keep_the_next_from_being_given() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model) as on:
        refuse_next_order(model.sessions[0], (1.5, refused(FailureKind.REFUSED)))
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(0.5)
        on.entry.deliver(TextEntered("are you open"))
        await said(on, "It is open.")
        assert len(model.sessions) == 1


@on_virtual_time
async def test_a_limit_that_is_reached_is_waited_for_before_the_next_order() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model) as on:
        await on.talk(500)
        told = asyncio.get_running_loop().time()
        model.sessions[0].tell(reported.RateLimited(name="requests", limit=10, remaining=0, reset_s=2.5))
        await said(on, "It is open.")
        assert 2.5 <= asyncio.get_running_loop().time() - told < 2.5 + 1.0
        assert len(model.sessions) == 1


# the model is given up


@pytest.mark.parametrize("kind", [ErrorKind.AUTHENTICATION, ErrorKind.BAD_REQUEST])
@on_virtual_time
async def test_a_service_that_refuses_leaves_the_call_to_the_other_engines(kind: ErrorKind) -> None:
    model = FakeRealtime()
    model.refusals.append(kind)
    async with speaking(model, model=FakeModel()) as on:
        on.entry.deliver(TextEntered("hello"))
        replies = await heard(on)
        assert replies[0].text
        assert on.entry.checkpoint.realtime_given_up
        assert on.ear.ended is None


@pytest.mark.parametrize("words", ["", "are you open"])
@on_virtual_time
async def test_what_was_asked_of_a_model_that_is_given_up_is_answered_or_asked_for_again(words: str) -> None:
    model = FakeRealtime(failing(FailureKind.RATE_LIMITED), failing(FailureKind.FATAL), words=words)
    async with speaking(model, model=FakeModel()) as on:
        await on.talk(600)
        await asyncio.sleep(8)
        assert on.entry.checkpoint.realtime_given_up
        answers = [reply for reply in on.ear.of(ReplyHeard) if reply.kind is not UtteranceKind.FILLER]
        assert [reply.kind for reply in answers] == [UtteranceKind.REPLY if words else UtteranceKind.APOLOGY]
        assert words in answers[0].text
        on.entry.deliver(TextEntered("hello"))
        await on.ear.until(lambda ear: "hello" in ear.of(ReplyHeard)[-1].text)
        assert on.ear.ended is None


@on_virtual_time
async def test_a_caller_who_speaks_while_the_model_is_given_up_is_understood_by_what_takes_over() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model, recognizer=FakeRecognizer(["anyone there"]), transcriber=AbsentRecognizer()) as on:
        asyncio.get_running_loop().call_later(0.4, lambda: model.sessions[0].drop(FailureKind.FATAL))
        await on.talk(1_000)
        (reply,) = await heard(on)
        assert "anyone there" in reply.text


def test_who_goes_on_when_the_model_is_given_up_is_understood_from_how_they_began() -> None:
    """The model has taken their first words for all, and nobody else has understood those yet."""

    async def main() -> None:
        model = FakeRealtime(LONG)
        recognizer = FakeRecognizer(["please book the slot"])
        async with speaking(model, recognizer=recognizer, transcriber=AbsentRecognizer()) as on:
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 2)
            loop = asyncio.get_running_loop()
            loop.call_later(0.2, lambda: model.sessions[0].drop(FailureKind.FATAL))
            await on.talk(800)
            await on.ear.until(lambda ear: any("please book the slot" in reply.text for reply in ear.of(ReplyHeard)))
            assert recognizer.streams[-1].heard.count(FRAME) * 20 >= 1_360

    run_virtual(main())


@on_virtual_time
async def test_without_what_takes_over_the_caller_is_told_and_the_session_ends() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model, realtime_falls_back=False) as on:
        await on.talk(600)
        await heard(on)
        model.sessions[0].drop(FailureKind.FATAL)
        before = len(on.ear.of(AudioFrame))
        await on.ear.until(lambda ear: ear.ended)
        assert on.ear.ended is Ending.ERROR
        kinds = {frame.kind for frame in on.ear.of(AudioFrame)[before:]}
        assert kinds == {UtteranceKind.APOLOGY}


@on_virtual_time
async def test_tools_that_ran_are_known_to_the_session_that_takes_over() -> None:
    call = ToolCalled(call_id="c1", name="nothing", arguments="{}")
    model = FakeRealtime(call, failing(FailureKind.TRANSIENT), "Done.", words="do it")
    async with speaking(model) as on:
        await on.talk(600)
        (reply,) = await heard(on)
        assert reply.text == "Done."
        assert model.sessions[1].asked == [[SOUND, Role.ASSISTANT, Role.TOOL]]


@on_virtual_time
async def test_a_service_that_ends_for_good_in_the_call_leaves_it_to_the_other_engines() -> None:
    model = FakeRealtime("It is open.")
    async with speaking(model) as on:
        await on.talk(600)
        await heard(on)
        model.sessions[0].drop(FailureKind.FATAL)
        await asyncio.sleep(1)
        on.entry.deliver(TextEntered("hello"))
        await heard(on, 2)
        assert on.ear.ended is None


@pytest.mark.parametrize(
    "plan",
    [
        Plan("recognizer.open", Fault.FAIL, times=10_000),
        Plan("recognizer.open", Fault.STALL, times=10_000),
        Plan("recognizer.push", Fault.FAIL, times=10_000),
        Plan("recognizer.finish_utterance", Fault.FAIL, times=10_000),
        Plan("recognizer.finish_utterance", Fault.NOTHING, times=10_000),
    ],
    ids=lambda plan: f"{plan.place} {plan.fault}",
)
@on_virtual_time
async def test_a_recognizer_beside_that_does_not_work_costs_the_call_nothing(plan: Plan) -> None:
    model = FakeRealtime(*["It is open."] * 10)
    beside = FakeRecognizer(["anyone there"] * 10, faults=Faults(plan))
    async with speaking(model, transcriber=beside) as on:
        for turn in range(10):
            await on.talk(800)
            await heard(on, turn + 1)
            await asyncio.sleep(4)
        assert [reply.text for reply in await heard(on, 10)] == ["It is open."] * 10
        assert len(model.sessions) == 1


class Unopened(FakeRealtime):
    """Opens no session and says nothing of it."""

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        await asyncio.Event().wait()
        raise AssertionError("can't happen because it waits for ever")


@on_virtual_time
async def test_a_service_that_opens_no_session_is_given_up_before_the_caller_is() -> None:
    recognizer = FakeRecognizer(["are you open"])
    async with speaking(Unopened(), model=FakeModel(), realtime_falls_back=True, recognizer=recognizer) as on:
        await on.talk(600)
        await said(on, "You said are you open. What else?")
        assert on.entry.checkpoint.realtime_given_up
        assert UtteranceKind.APOLOGY not in [reply.kind for reply in on.ear.of(ReplyHeard)]
