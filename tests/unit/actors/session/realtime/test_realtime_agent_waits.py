"""What a speech-to-speech model owes and does not give, and in which order it is told of an interruption."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from actors.conversation import UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.rules.realtime.progress import MAX_LIMITED_S, WAITS, RealtimeState
from actors.runtime.clock import run_virtual
from actors.tools import tool
from actors.turn_taking_settings import BargeIn, PhasePolicy
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession
from tests.kit.fakes import FakeRecognizer
from tests.kit.session_kit import Ear, Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, SILENT, heard, speaking
from tests.unit.actors.session.realtime.test_realtime_agent_faults import CONNECTION_MS, failing, gap_ms, said

WITHIN_S = {wait.state: wait.within_s or 0.0 for wait in WAITS}
ANSWER = "It is open."


def replies(on: Stage, kind: UtteranceKind = UtteranceKind.REPLY) -> list[str]:
    return [each.text for each in on.ear.of(ReplyHeard) if each.kind is kind]


def now() -> float:
    return asyncio.get_running_loop().time()


# stalls


@on_virtual_time
async def test_one_that_falls_silent_in_the_midst_of_a_reply_is_replaced_and_the_rest_is_said() -> None:
    model = FakeRealtime(LONG, ANSWER)
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 20)
        model.sessions[0].stall()
        stalled_at = now()
        await said(on, LONG)
        assert len(model.sessions) == 2
        spoken_s = len(LONG) * 0.05
        assert now() - stalled_at <= WITHIN_S[RealtimeState.SPEAKING] + spoken_s + 1.0
        await on.talk(600)
        await said(on, ANSWER)
        assert replies(on) == [LONG, ANSWER]


def test_one_that_does_not_go_on_after_a_tool_is_replaced_and_the_answer_is_heard() -> None:
    @tool()
    async def look() -> str:
        """Look."""
        return "nine"

    async def main() -> None:
        model = FakeRealtime(ToolCalled(call_id="c", name="look", arguments="{}"), ANSWER)
        async with speaking(model, tools={"look": look}) as on:
            session = model.sessions[0]
            respond, orders = session.respond, [0]

            def ordered(request: port.ResponseRequest) -> int:
                orders[0] += 1
                if orders[0] > 1:
                    return orders[0]
                number = respond(request)
                before = reported.ResponseTranscript(f"response-{number}", f"item-{number}", "One moment, please.")
                loop = asyncio.get_running_loop()
                loop.call_later(0.1, session.tell, reported.ResponseStarted(f"response-{number}", number))
                loop.call_later(0.1, session.tell, before)
                audio = reported.ResponseAudio(f"response-{number}", f"item-{number}", bytes(32 * 900))
                loop.call_later(0.1, session.tell, audio)
                return number

            session.respond = ordered  # type: ignore[method-assign]
            await on.talk(600)
            await on.ear.until(lambda _: any(ANSWER in text for text in replies(on)))
            assert replies(on, UtteranceKind.APOLOGY) == []
            assert len(model.sessions) == 2

    run_virtual(main())


def test_a_call_whose_arguments_take_long_is_no_stall() -> None:
    asked: list[str] = []

    @tool()
    async def look(place: str) -> str:
        """Look.

        Args:
            place: Where.
        """
        asked.append(place)
        return "nine"

    async def main() -> None:
        model = FakeRealtime(ANSWER)
        async with speaking(model, tools={"look": look}) as on:
            session = model.sessions[0]
            respond, loop = session.respond, asyncio.get_running_loop()

            def ordered(request: port.ResponseRequest) -> int:
                session.respond = respond  # type: ignore[method-assign]
                call = ToolCalled(call_id="c", name="look", arguments='{"place": "there"}')
                over = reported.ResponseFinished(response_id="long", status=reported.ResponseStatus.COMPLETED)
                loop.call_later(0.1, session.tell, reported.ResponseStarted("long", 7))
                for second in range(1, 10):
                    loop.call_later(second, session.tell, reported.ResponseGoesOn("long"))
                loop.call_later(9.1, session.tell, reported.ResponseToolCalled("long", "item", call))
                loop.call_later(9.2, session.tell, over)
                return 7

            session.respond = ordered  # type: ignore[method-assign]
            await on.talk(600)
            await said(on, ANSWER)
            assert asked == ["there"]
            assert len(model.sessions) == 1

    run_virtual(main())


@on_virtual_time
async def test_an_order_that_is_withdrawn_and_never_begun_delays_the_next_answer_by_its_wait_alone() -> None:
    model = FakeRealtime(ANSWER)
    async with speaking(model) as on:
        model.sessions[0].respond = lambda request: 1  # type: ignore[method-assign]
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(0.5)
        on.entry.deliver(TextEntered("are you open"))
        asked_at = now()
        await said(on, ANSWER)
        assert len(model.sessions) == 2
        assert now() - asked_at <= WITHIN_S[RealtimeState.WITHDRAWN] + 1.5
        assert [m.text for m in model.sessions[1].options.history] == ["hello are you open"], "neither was answered"


@on_virtual_time
async def test_a_service_that_is_occupied_for_ever_is_replaced() -> None:
    model = FakeRealtime(ANSWER)
    async with speaking(model) as on:
        session = model.sessions[0]

        def refuse(request: port.ResponseRequest) -> int:
            refused = reported.RealtimeFailed(
                kind=FailureKind.HARMLESS, operation=reported.Operation.RESPOND, detail="fake", request=1
            )
            asyncio.get_running_loop().call_later(0.05, session.tell, refused)
            return 1

        session.respond = refuse  # type: ignore[method-assign]
        await on.talk(600)
        spoken_at = now()
        await said(on, ANSWER)
        assert len(model.sessions) == 2
        assert now() - spoken_at <= WITHIN_S[RealtimeState.OCCUPIED] + 2.0


def test_a_session_that_ends_in_the_midst_of_a_reply_as_it_has_told_is_replaced_then() -> None:
    """There was no silence in which another could have been opened before."""

    async def main() -> None:
        model = FakeRealtime(LONG * 2, ANSWER)
        async with speaking(model) as on:
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 1)
            model.sessions[0].tell(reported.RealtimeExpiring(1.0))
            await asyncio.sleep(1.0)
            model.sessions[0].drop(FailureKind.EXPIRED)
            (reply,) = await heard(on)
            assert (reply.text, reply.interrupted) == (LONG * 2, False)
            assert gap_ms(on, [reply]) <= CONNECTION_MS + 300
            await on.talk(600)
            assert (await heard(on, 2))[1].text == ANSWER
            assert len(model.sessions) == 2

    run_virtual(main())


# limits


@pytest.mark.parametrize("reset_s", [1.0, 5.0, 60.0])
@on_virtual_time
async def test_a_caller_who_has_to_wait_for_a_limit_hears_that_and_no_failure(reset_s: float) -> None:
    model = FakeRealtime(ANSWER)
    async with speaking(model) as on:
        await on.talk(500)
        told_at = now()
        model.sessions[0].tell(reported.RateLimited(name="tokens", limit=10, remaining=0, reset_s=reset_s))
        await said(on, ANSWER)
        asked_at = told_at + min(reset_s, MAX_LIMITED_S)
        assert asked_at <= now() <= asked_at + 4.0
        assert bool(replies(on, UtteranceKind.FILLER)) == (reset_s > 2.0)
        assert replies(on, UtteranceKind.APOLOGY) == []
        assert len(model.sessions) == 1
        assert not on.entry.checkpoint.realtime_given_up


@on_virtual_time
async def test_a_response_that_fails_for_a_limit_is_asked_for_again_when_that_is_whole() -> None:
    model = FakeRealtime(failing(FailureKind.RATE_LIMITED), ANSWER)
    async with speaking(model) as on:
        session, asked_at = model.sessions[0], []
        respond = session.respond

        def noted(request: port.ResponseRequest) -> int:
            asked_at.append(now())
            return respond(request)

        session.respond = noted  # type: ignore[method-assign]
        await on.talk(500)
        await on.ear.until(lambda _: asked_at)
        session.tell(reported.RateLimited(name="requests", limit=10, remaining=0, reset_s=4.0))
        told_at = now()
        await said(on, ANSWER)
        _, second = asked_at
        assert second - told_at >= 4.0
        assert len(model.sessions) == 1


# interruptions


class Noting(FakeRealtime):
    """Notes when its session is told of an interruption, and what the caller had been sent by then."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.ear: Ear | None = None
        self.told: list[tuple[str, float, int]] = []

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        session = await super().open(options, report)
        cancel, truncate = session.cancel, session.truncate

        def cancelled(response_id: str) -> None:
            self.note("cancel")
            cancel(response_id)

        def truncated(item_id: str, heard_ms: float) -> None:
            self.note("truncate")
            truncate(item_id, heard_ms)

        session.cancel, session.truncate = cancelled, truncated  # type: ignore[method-assign]
        return session

    def note(self, what: str) -> None:
        assert self.ear is not None
        self.told.append((what, now(), len(self.ear.of(AudioDiscarded))))


@pytest.mark.parametrize("text", [LONG * 8, LONG], ids=["while it is made", "when it is made"])
@on_virtual_time
async def test_silence_comes_first_then_the_service_is_told_and_nothing_is_waited_for(text: str) -> None:
    model = Noting(text, ANSWER)
    async with speaking(model) as on:
        model.ear = on.ear
        on.entry.deliver(TextEntered("hello"))
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(2.5)
        decided_at = now()
        on.entry.deliver(TextEntered("stop"))
        await said(on, ANSWER)
        (silent_at,) = on.ear.times(AudioDiscarded)
        assert silent_at == decided_at, "in that very moment"
        is_made = text == LONG
        assert [what for what, _, _ in model.told] == (["truncate"] if is_made else ["cancel", "truncate"])
        assert all(at == decided_at for _, at, _ in model.told)
        assert model.told[-1][2] == 1, "it is told what was heard when that is known"
        assert on.ear.audio_after_clear() == 0


PATIENT = msgspec.structs.replace(SILENT, barge_in=BargeIn(speaking=PhasePolicy(confirm_words=2, confirm_ms=2_500)))
"""Voice alone takes long to be an interruption."""


@pytest.mark.parametrize(
    ("words", "interrupts"), [("no not that one please", True), ("uh-huh", False), ("", False)],
    ids=["words", "a backchannel", "none"],
)  # fmt: skip
@on_virtual_time
async def test_the_words_of_a_recognizer_beside_confirm_an_interruption(words: str, interrupts: bool) -> None:
    model = FakeRealtime(LONG, ANSWER)
    beside = FakeRecognizer(["tell me all", words] if words else ["tell me all"])
    async with speaking(model, PATIENT, transcriber=beside) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(1)
        began_at = now()
        await on.talk(1_200)
        await asyncio.sleep(0.5)
        stopped = [at for at in on.ear.times(AudioDiscarded) if at >= began_at]
        assert bool(stopped) is interrupts
        await on.ear.until(lambda ear: replies(on))
        assert on.ear.of(ReplyHeard)[0].interrupted is interrupts
