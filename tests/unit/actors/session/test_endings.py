"""However a session ends, it is heard to end, and what was heard of it is in its record."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.conversation import ABANDONED, Ending, Role, UtteranceKind
from actors.messages.caller import MARKED, PACED, ConnectionAttached, EndSession, TextEntered
from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    ErrorShown,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    SessionEnded,
)
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ReplyGenerated, TextGenerated
from actors.ports.tts import SpokenPhrase
from actors.runtime.clock import run_virtual
from actors.runtime.restart_budget import RestartPolicy
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.supervisor import SessionSupervisor
from tests.kit.fakes import FakeModel, FakeStore
from tests.kit.session_kit import AGENT, QUIET, RATE_HZ, Ear, Stage, stage

ANSWER = "The first thing is this. The second thing is that. The third thing is all."
KEPT = {AGENT.phrases.apology: SpokenPhrase(b"\1\0" * RATE_HZ)}
"""A second of sound."""


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def talker() -> FakeModel:
    return FakeModel(lambda _: [0.2, TextGenerated(ANSWER), ReplyGenerated()])


def apology(ear: Ear) -> bytes:
    return b"".join(a.pcm for a in ear.of(AudioFrame) if a.kind is UtteranceKind.APOLOGY)


async def kill(on: Stage, victim: str, times: int) -> None:
    for _ in range(times):
        on.entry.addresses[victim].tell(Poison())
        await asyncio.sleep(2.1)


async def speaking(on: Stage, seconds: float) -> None:
    """The agent has been heard for so long."""
    await asyncio.sleep(0.2)
    on.entry.deliver(TextEntered("what are your hours"))
    await on.ear.until(lambda ear: any(a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
    await asyncio.sleep(seconds)


class TestTheApology:
    @pytest.mark.parametrize(
        ("victim", "times"), [("orchestrator", 4), ("recognizer", 4), ("synthesizer", 4), ("session", 2)]
    )
    def test_is_heard_whoever_failed_for_good_and_the_session_ends_when_it_was(self, victim: str, times: int) -> None:
        async def main() -> None:

            async with stage(agent=QUIET, kept=KEPT, restarts=RestartPolicy(within_s=60)) as on:
                await asyncio.sleep(0.5)
                killing = asyncio.create_task(kill(on, victim, times))
                await on.ear.until(lambda ear: ear.ended, 30)
                killing.cancel()
                assert on.ear.ended is Ending.ERROR
                assert apology(on.ear) == KEPT[AGENT.phrases.apology].pcm
                begun = next(
                    at for at, m in on.ear.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.APOLOGY
                )
                assert 0.9 < on.ear.times(SessionEnded)[0] - begun < 1.3
                assert on.ear.of(ErrorShown) == [ErrorShown(AGENT.phrases.apology)]
                assert [m.text for m in on.ear.of(ReplyHeard)] == [AGENT.phrases.apology]
                assert on.sessions.live == {}

        run_virtual(main())

    @pytest.mark.parametrize("victim", ["orchestrator", "session"])
    def test_ends_at_once_when_the_caller_hangs_up_during_it(self, victim: str) -> None:
        async def main() -> None:
            async with stage(agent=QUIET, kept=KEPT) as on:
                await asyncio.sleep(0.5)
                for _ in range(4):
                    on.entry.addresses[victim].tell(Poison())
                    await asyncio.sleep(0.45)
                await on.ear.until(lambda ear: any(a.kind is UtteranceKind.APOLOGY for a in ear.of(AudioFrame)))
                on.detach()
                await asyncio.sleep(2)
                assert on.sessions.live == {}

        run_virtual(main())

    @pytest.mark.parametrize("victim", ["orchestrator", "recognizer", "session", "synthesizer"])
    def test_is_heard_by_a_client_that_was_paused_when_it_came_to_that(self, victim: str) -> None:
        """The caller had begun to speak, or was put on hold."""

        async def main() -> None:
            restarts = RestartPolicy(max_restarts=0, within_s=60)
            async with stage(agent=QUIET, kept=KEPT, model=talker(), lead=MARKED, restarts=restarts) as on:
                await speaking(on, 1.0)
                talk = asyncio.create_task(on.talk(4_000))
                await on.ear.until_count(PlaybackPaused, 1)
                for _ in range(2 if victim == "session" else 1):
                    on.entry.addresses[victim].tell(Poison())
                    await asyncio.sleep(0)
                await on.ear.until(lambda ear: ear.ended, 30)
                is_held = False
                for _, message in on.ear.shown:
                    if isinstance(message, PlaybackPaused):
                        is_held = True
                    elif isinstance(message, PlaybackResumed | AudioDiscarded):
                        is_held = False
                    assert not (is_held and isinstance(message, ReplyHeard))
                assert apology(on.ear) == KEPT[AGENT.phrases.apology].pcm
                talk.cancel()

        run_virtual(main())

    def test_is_not_repeated_in_a_transcription(self) -> None:
        async def main() -> None:
            async with stage(mode=TRANSCRIPTION, kept=KEPT) as on:
                for _ in range(5):
                    await asyncio.sleep(0.5)
                    on.entry.addresses["recognizer"].tell(Poison())
                await on.ear.until(lambda ear: ear.ended, 30)
                assert apology(on.ear) == b""

        run_virtual(main())


class TestTheRecord:
    @pytest.mark.parametrize("how", ["hang_up", "detach", "orchestrator fails", "session fails"])
    @pytest.mark.parametrize("heard_s", [1.0, 2.5])
    def test_has_what_was_heard_of_a_reply_that_the_end_cut_off(self, how: str, heard_s: float) -> None:
        async def main() -> None:
            async with stage(agent=QUIET, model=talker()) as on:
                await speaking(on, heard_s)
                if "fails" in how:
                    on.entry.addresses[how.split()[0]].tell(Poison())
                    await asyncio.sleep(0.01)
                if how == "detach":
                    on.detach()
                else:
                    on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
                await asyncio.sleep(AGENT.limits.reconnect_s + 10)
                assert on.sessions.live == {}
                record = on.engines.store.saved[-1]  # type: ignore[attr-defined]
                reply = next(m for m in record.messages if m.role is Role.ASSISTANT and m.kind is UtteranceKind.REPLY)
                assert reply.interrupted
                assert ANSWER.startswith(reply.text)
                # 50 ms a character; at most the lead and half a word from what was sounded
                assert heard_s * 20 - 16 <= len(reply.text) <= heard_s * 20 + 2
                assert record.state == "ended"
                assert [m.text for m in on.ear.of(ReplyHeard) if m.kind is UtteranceKind.REPLY][:1] in (
                    [reply.text],
                    [],
                )

        run_virtual(main())

    @pytest.mark.parametrize("heard_s", [0.6, 1.0, 2.5])
    def test_has_whole_sentences_of_a_reply_behind_which_goodbye_was_said(self, heard_s: float) -> None:
        async def main() -> None:
            async with stage(agent=QUIET, model=talker()) as on:
                await speaking(on, heard_s)
                on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
                await on.ear.until(lambda ear: ear.ended, 15)
                await asyncio.sleep(1)
                record = on.engines.store.saved[-1]  # type: ignore[attr-defined]
                said = [m for m in record.messages if m.role is Role.ASSISTANT]
                assert [m.kind for m in said] == [UtteranceKind.REPLY, UtteranceKind.GOODBYE]
                assert ANSWER.startswith(said[0].text)
                assert said[0].text.endswith(".")
                assert len(said[0].text) > heard_s * 20 - 16

        run_virtual(main())

    def test_has_nothing_of_a_reply_that_was_not_heard(self) -> None:
        async def main() -> None:
            async with stage(agent=QUIET, model=talker()) as on:
                await asyncio.sleep(0.2)
                on.entry.deliver(TextEntered("what are your hours"))
                await asyncio.sleep(0.22)
                on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
                await asyncio.sleep(0.5)
                record = on.engines.store.saved[-1]  # type: ignore[attr-defined]
                assert [m.role for m in record.messages] == [Role.USER]

        run_virtual(main())

    def test_of_a_transcription_survives_a_failure_of_its_session(self) -> None:
        async def main() -> None:
            async with stage(mode=TRANSCRIPTION, utterances=["one two", "three four"]) as on:
                await on.talk(900)
                await on.ear.until_count(FinalTranscript, 1)
                on.entry.addresses.supervisor.tell(Poison())
                await asyncio.sleep(0.5)
                await on.talk(900)
                await on.ear.until_count(FinalTranscript, 2)
                assert [m.text for m in on.session.record().messages] == ["one two", "three four"]

        run_virtual(main())


class TestALostConnection:
    @pytest.mark.parametrize("after_s", [0.0, 3.0, 9.0])
    def test_is_waited_for_no_longer_because_the_session_failed_meanwhile(self, after_s: float) -> None:
        async def main() -> None:
            async with stage(agent=QUIET) as on:
                on.entry.deliver(TextEntered("good day"))
                await asyncio.sleep(0.5)
                on.detach()
                await asyncio.sleep(after_s)
                on.entry.addresses.supervisor.tell(Poison())
                await asyncio.sleep(AGENT.limits.reconnect_s - after_s - 0.5)
                assert on.session.stage == "waiting"
                await asyncio.sleep(1)
                assert on.sessions.live == {}
                assert on.engines.store.saved[-1].ended_reason == ABANDONED  # type: ignore[attr-defined]

        run_virtual(main())

    def test_may_come_back_after_the_session_failed_meanwhile(self) -> None:
        async def main() -> None:
            async with stage(agent=QUIET) as on:
                on.entry.deliver(TextEntered("good day"))
                await asyncio.sleep(0.5)
                on.detach()
                await asyncio.sleep(1)
                on.entry.addresses.supervisor.tell(Poison())
                await asyncio.sleep(1)
                on.attach("connection-2")
                on.entry.deliver(TextEntered("hello"))
                await on.ear.until_count(ReplyHeard, 1, 20)
                await asyncio.sleep(AGENT.limits.reconnect_s)
                assert on.ear.ended is None

        run_virtual(main())


class TestAnOutputThatRaises:
    @pytest.mark.parametrize("kind", [AudioFrame, FinalTranscript, ReplyHeard, SessionEnded])
    def test_costs_neither_its_session_nor_the_others(self, kind: type[OutputMessage]) -> None:
        class Broken(Ear):
            def tell(self, message: OutputMessage) -> None:
                if isinstance(message, kind):
                    raise ZeroDivisionError
                super().tell(message)

        async def main() -> None:
            async with stage(agent=QUIET) as on:
                broken = Broken()
                plan = msgspec.structs.replace(on.entry.plan, session_id="broken")
                entry = on.sessions.open(
                    plan, broken, ConnectionAttached(connection_id="connection-9", lead=PACED, rate_hz=RATE_HZ)
                )
                entry.deliver(TextEntered("hello"))
                await asyncio.sleep(3)
                on.entry.deliver(TextEntered("hello"))
                await on.ear.until_count(ReplyHeard, 1, 20)
                assert on.ear.ended is None
                entry.deliver(EndSession(Ending.NORMAL, politely=False))
                await asyncio.sleep(AGENT.limits.reconnect_s + 1)
                assert list(on.sessions.live) == ["test-session"]

        run_virtual(main())


@pytest.mark.parametrize("broken", ["kept", "voice_activity", "on_ended"])
def test_a_session_that_cannot_even_start_is_ended_and_the_next_one_starts(broken: str) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    async def main() -> None:
        async with stage(agent=QUIET) as on:
            ear = Ear()
            plan = msgspec.structs.replace(on.entry.plan, session_id="broken")
            if broken == "kept":
                plan = msgspec.structs.replace(plan, kept=fail)
            elif broken == "voice_activity":
                on.sessions.engines = msgspec.structs.replace(on.engines, voice_activity=fail)
            else:
                on.sessions._on_ended = fail
            entry = on.sessions.open(
                plan, ear, ConnectionAttached(connection_id="connection-9", lead=PACED, rate_hz=RATE_HZ)
            )
            await asyncio.sleep(0.5)
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(0.5)
            assert ear.ended is (Ending.NORMAL if broken == "on_ended" else Ending.ERROR)
            assert list(on.sessions.live) == ["test-session"]
            on.sessions.engines, on.sessions._on_ended = on.engines, lambda _: None
            again = on.sessions.open(
                msgspec.structs.replace(on.entry.plan, session_id="next"),
                ear,
                ConnectionAttached(connection_id="c", lead=PACED, rate_hz=RATE_HZ),
            )
            again.deliver(TextEntered("hello"))
            await ear.until_count(ReplyHeard, 1, 20)
            again.deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())


def test_a_supervisor_that_fails_while_it_ends_leaves_the_end_shown_once_and_what_was_heard_in_the_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    genuine = SessionSupervisor.on_receive

    def failing(session: SessionSupervisor, message: Any) -> None:
        genuine(session, message)
        if isinstance(message, EndSession):
            raise RuntimeError("fake")  # noqa: TRY004 - no matter which

    async def main() -> None:
        async with stage(agent=QUIET, model=talker()) as on:
            await speaking(on, 1.5)
            monkeypatch.setattr(SessionSupervisor, "on_receive", failing)
            on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await on.sessions.emptied()
            await asyncio.sleep(0.5)
            assert [m.reason for m in on.ear.of(SessionEnded)] == [Ending.NORMAL]
            store = on.engines.store
            assert isinstance(store, FakeStore)
            said = store.saved[-1].messages[-1]
            assert (said.role, said.interrupted) == (Role.ASSISTANT, True)
            assert ANSWER.startswith(said.text)

    run_virtual(main())


def test_a_hang_up_ends_a_session_whose_supervisor_fails_at_that_very_order(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = SessionSupervisor.on_receive

    def failing(session: SessionSupervisor, message: Any) -> None:
        if isinstance(message, EndSession):
            raise RuntimeError("fake")  # noqa: TRY004 - no matter which
        genuine(session, message)

    async def main() -> None:
        async with stage(agent=QUIET, model=talker()) as on:
            await speaking(on, 1.5)
            monkeypatch.setattr(SessionSupervisor, "on_receive", failing)
            on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            async with asyncio.timeout(1):
                await on.sessions.emptied()
            assert [m.reason for m in on.ear.of(SessionEnded)] == [Ending.NORMAL]

    run_virtual(main())
