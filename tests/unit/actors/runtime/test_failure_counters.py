"""Each kind of failure, brought about: it moves its counter, and leaves a line with its cause in the log."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import msgspec
import pytest
from pykka._envelope import Envelope

from actors.agent import Agent
from actors.conversation import ChatMessage, Floor, Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import CallerAudio, KeyPressed, TextEntered
from actors.messages.output import FloorChanged, OutputMessage
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.realtime_events import ResponseFinished, ResponseStatus
from actors.runtime import failure_counters
from actors.runtime.address import Address
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import run_virtual
from actors.runtime.failure_counters import Failure
from actors.runtime.mailbox import MAX_REFUSABLE, Mailbox
from actors.runtime.play_clock import PlayClock
from actors.runtime.restart_budget import RestartPolicy
from actors.session import measurements
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session_context import SessionContext
from app.agents.session_hook import lookup_of
from app.browser.session_output import SessionOutput
from app.console.timeline import Timeline
from app.providers.failover.model import FailoverModel
from app.server.processes.worker_bus import WorkerBus
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.failover_kit import providers
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel, FakeRecognizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import QUIET, Stage, stage

REQUEST = ModelRequest(
    session_id="s", turn=1, agent=Agent(name="a", label="A"), messages=[ChatMessage(role=Role.USER, text="Hello?")]
)
RESTART = "earshot.actor.restarts"
MAILBOX = "earshot.actor.dropped"
"""Counted by the mailbox, which its actor tells once a second."""
Provoke = Callable[[], Awaitable[None]]


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


class FailingOutput:
    """A connection or dashboard that cannot be shown anything."""

    def tell(self, message: OutputMessage) -> None:
        raise ZeroDivisionError

    def close(self, code: int, reason: str) -> None:
        return


async def ask(on: Stage, seconds: float = 5.0) -> None:
    on.entry.deliver(TextEntered("hello"))
    await asyncio.sleep(seconds)


def silent(request: ModelRequest) -> list[ModelEvent | float]:
    return [ReplyGenerated()]


def slow(request: ModelRequest) -> list[ModelEvent | float]:
    return [5.0, TextGenerated("r"), 5.0, TextGenerated("r"), 5.0, ReplyGenerated()]


async def a_model_that_fails() -> None:
    async with stage(agent=QUIET, faults=Faults(Plan("model.reply", Fault.FAIL))) as on:
        await ask(on)


async def a_model_that_says_nothing() -> None:
    async with stage(agent=QUIET, model=FakeModel(silent)) as on:
        await ask(on)


async def a_model_that_is_late() -> None:
    limits = msgspec.structs.replace(QUIET.limits, max_turn_s=2.0)
    async with stage(agent=msgspec.structs.replace(QUIET, limits=limits), model=FakeModel(slow)) as on:
        await ask(on)


async def a_voice_that_fails_twice() -> None:
    async with stage(agent=QUIET, faults=Faults(Plan("synthesizer.write", Fault.FAIL, 1, 4))) as on:
        await ask(on)


async def a_child_that_fails() -> None:
    async with stage(agent=QUIET) as on:
        on.entry.addresses["recognizer"].tell(Poison())
        await asyncio.sleep(1)


async def a_session_that_fails() -> None:
    async with stage(agent=QUIET) as on:
        on.entry.addresses.supervisor.tell(Poison())
        await asyncio.sleep(1)


async def a_child_that_fails_again_and_again() -> None:
    async with stage(agent=QUIET, restarts=RestartPolicy(max_restarts=0)) as on:
        on.entry.addresses["recognizer"].tell(Poison())
        await asyncio.sleep(1)


async def a_session_that_fails_twice() -> None:
    async with stage(agent=QUIET) as on:
        for _ in range(2):
            on.entry.addresses.supervisor.tell(Poison())
            await asyncio.sleep(1)


async def an_address_that_nobody_is_at() -> None:
    address: Address[Any] = Address("part", limit=1)
    address.tell(Poison())
    address.tell(Poison())


async def a_message_at_which_two_actors_fail() -> None:
    async with stage(agent=QUIET) as on:
        with mock.patch("actors.rules.turn_taking.machine.TurnTaking.handle", side_effect=ZeroDivisionError):
            await ask(on, 0.05)


async def a_mailbox_that_is_full() -> None:
    mailbox = Mailbox()
    for _ in range(MAX_REFUSABLE + 1):
        mailbox.store(Envelope(KeyPressed("1")))
    assert mailbox.dropped == 1


async def a_mailbox_with_too_much_audio() -> None:
    mailbox = Mailbox()
    for offset in range(150):
        mailbox.store(Envelope(CallerAudio(b"", offset, 20.0)))
    assert mailbox.dropped == 50


async def a_launcher_that_does_not_read() -> None:
    async def send(line: bytes) -> None:
        raise BrokenPipeError

    bus = WorkerBus()
    bus._send = send
    bus.session_opened("s")
    await asyncio.sleep(0.1)


async def a_connection_that_cannot_be_shown_anything() -> None:
    async with stage(agent=QUIET) as on:
        on.entry.connection.output = FailingOutput()
        await ask(on, 1.0)


async def a_dashboard_that_cannot_be_shown_anything() -> None:
    output = SessionOutput("s", Timeline(time.time, (), content=False), log_content=False)
    output.dashboards.add(FailingOutput())
    output.tell(FloorChanged(Floor.NOBODY, 1))


async def an_event_that_cannot_happen() -> None:
    async with stage(agent=QUIET) as on:
        on.entry.deliver(KeyPressed("x"))
        await asyncio.sleep(0.5)


def model(*plans: Plan) -> FakeModel:
    return FakeModel(faults=Faults(*plans))


async def reply_of(*models: FakeModel) -> None:
    failover = FailoverModel(providers(*models))
    for _ in range(4):
        try:
            async for _event in failover.reply(REQUEST):
                pass
        except ModelError:
            continue


async def voice_activity_that_gives_no_probability() -> None:
    faults = Faults(Plan("voice_activity.probability", Fault.FAIL))
    async with stage(faults=faults):
        await asyncio.sleep(0.5)


async def a_provider_that_fails() -> None:
    await reply_of(model(Plan("model.reply", Fault.FAIL)))


async def a_provider_that_is_down() -> None:
    await reply_of(model(Plan("model.reply", Fault.FAIL, 1, 9)))


async def a_provider_in_whose_place_another_answers() -> None:
    await reply_of(model(Plan("model.reply", Fault.FAIL, 1, 9)), model())


async def a_store_that_fails() -> None:
    async with stage(agent=QUIET, faults=Faults(Plan("store.save", Fault.FAIL, 1, 9))) as on:
        await ask(on, 1.0)


async def work_in_the_background_that_fails() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    background = BackgroundTasks()
    background.run(work())
    await background.finished()


async def a_caller_who_cannot_be_looked_up() -> None:
    look_up = lookup_of(msgspec.structs.replace(QUIET, on_session=f"{__name__}:nobody_there"))
    assert look_up is not None
    await look_up(SessionContext())


async def a_speech_to_speech_service_that_is_away() -> None:
    model = FakeRealtime()
    model.refusals.append(ErrorKind.UNAVAILABLE)
    async with stage(mode=VOICE_LIVE, agent=QUIET, realtime=model):
        await asyncio.sleep(1)


async def a_speech_to_speech_model_that_is_silent() -> None:
    model = FakeRealtime()
    async with stage(mode=VOICE_LIVE, agent=QUIET, realtime=model) as on:
        await asyncio.sleep(0.2)
        model.sessions[0].stall()
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(9)


async def a_recognizer_beside_that_is_away() -> None:
    away = FakeRecognizer(faults=Faults(Plan("recognizer.open", Fault.FAIL)))
    async with stage(mode=VOICE_LIVE, agent=QUIET, realtime=FakeRealtime(), transcriber=away):
        await asyncio.sleep(1)


async def a_spoken_response_that_fails() -> None:
    failed = ResponseFinished(
        response_id="", status=ResponseStatus.FAILED, failure=FailureKind.RATE_LIMITED, detail="x"
    )
    async with stage(mode=VOICE_LIVE, agent=QUIET, realtime=FakeRealtime(failed)) as on:
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(2)


async def a_speech_to_speech_model_that_refuses_us() -> None:
    model = FakeRealtime()
    model.refusals += [ErrorKind.AUTHENTICATION] * 9
    async with stage(mode=VOICE_LIVE, agent=QUIET, realtime=model):
        await asyncio.sleep(5)


async def a_player_that_fails() -> None:
    def fail(at_ms: float) -> None:
        raise ZeroDivisionError

    loop = asyncio.get_running_loop()
    PlayClock(loop.time, loop.call_at).join(fail, loop.time() * 1000)
    await asyncio.sleep(0.5)


CASES: list[tuple[Failure | str, Provoke, str]] = [
    (Failure.REPLY, a_model_that_fails, "a reply failed: the language model failed: unavailable"),
    (Failure.REPLY, a_model_that_says_nothing, "a reply failed: the language model said nothing"),
    (Failure.REPLY, a_model_that_is_late, "a reply failed: nothing of it was heard in time"),
    (Failure.REPLY, a_voice_that_fails_twice, "a reply failed: it could not be spoken"),
    (RESTART, a_child_that_fails, "recognizer is started again: "),
    (RESTART, a_session_that_fails, "a session is rebuilt from its checkpoint: "),
    (Failure.GIVEN_UP, a_child_that_fails_again_and_again, "recognizer failed too often: "),
    (Failure.GIVEN_UP, a_session_that_fails_twice, "a session failed too often: "),
    (Failure.DROPPED, an_address_that_nobody_is_at, "too many messages wait for the part: a Poison is dropped"),
    (Failure.DROPPED, a_message_at_which_two_actors_fail, "a TextEntered is given up: two actors of the orchestrator"),
    (MAILBOX, a_mailbox_that_is_full, "too many messages wait for an actor: a KeyPressed is dropped"),
    (MAILBOX, a_mailbox_with_too_much_audio, "too much audio waits for an actor: a CallerAudio is dropped"),
    (Failure.DROPPED, a_launcher_that_does_not_read, "the launcher was not told of a session: BrokenPipeError"),
    (Failure.OUTPUT, a_connection_that_cannot_be_shown_anything, "the output of a session failed and is given up"),
    (Failure.OUTPUT, a_dashboard_that_cannot_be_shown_anything, "a socket that shows a session failed"),
    (Failure.UNEXPECTED, an_event_that_cannot_happen, "turn-taking was told KeyPressed, which cannot happen"),
    (Failure.REALTIME, a_speech_to_speech_service_that_is_away, "a speech-to-speech session cannot be opened: "),
    (Failure.REALTIME, a_speech_to_speech_model_that_is_silent, "a speech-to-speech session has stalled: it is asked"),
    (Failure.REALTIME, a_spoken_response_that_fails, "a response of the speech-to-speech model has failed: x"),
    (Failure.TRANSCRIBER, a_recognizer_beside_that_is_away, "the parallel recognizer has failed, and the conversation"),
    (Failure.PROVIDER, a_provider_that_fails, "first has failed: unavailable"),
    (
        Failure.ENGINE,
        voice_activity_that_gives_no_probability,
        "the voice activity has reported what its port does not allow",
    ),
    (Failure.BREAKER, a_provider_that_is_down, "circuit breaker open for "),
    (
        Failure.FALLBACK,
        a_speech_to_speech_model_that_refuses_us,
        "fallback in use: the speech-to-speech model is given",
    ),
    (Failure.OUTPUT, a_player_that_fails, "a member of the play clock failed and was removed: ZeroDivisionError"),
    (Failure.FALLBACK, a_provider_in_whose_place_another_answers, "fallback in use: "),
    (Failure.STORE, a_store_that_fails, "a session could not be stored: "),
    (Failure.HOOK, a_caller_who_cannot_be_looked_up, f"{__name__}:nobody_there failed, the session begins without it"),
    (Failure.BACKGROUND, work_in_the_background_that_fails, "background work failed: ZeroDivisionError"),
]


class Counters:
    """Counts as the SDK's counters would."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def of(self, failure: str) -> mock.Mock:
        def add(amount: int, attributes: dict[str, str]) -> None:
            assert all(isinstance(value, str) for value in attributes.values())
            self.counts[failure] += amount

        return mock.Mock(add=add)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counters = Counters()
    monkeypatch.setattr(failure_counters, "_counters", {failure: counters.of(failure) for failure in Failure})
    monkeypatch.setattr(measurements, "_restarts", counters.of(RESTART))
    return counters.counts


@pytest.mark.parametrize(("failure", "provoke", "line"), CASES, ids=[case[1].__name__ for case in CASES])
def test_each_failure_is_counted_and_leaves_a_line(
    failure: Failure | str, provoke: Provoke, line: str, counts: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        await provoke()

    with caplog.at_level(logging.WARNING):
        run_virtual(main())
    assert failure == MAILBOX or counts[failure] >= 1
    assert [record for record in caplog.records if record.getMessage().startswith(line)]


def test_each_kind_of_failure_has_a_case() -> None:
    assert {failure for failure, _, _ in CASES} == {*Failure, RESTART, MAILBOX}


def test_a_conversation_in_which_nothing_fails_counts_nothing(counts: Counter[str]) -> None:
    async def main() -> None:
        async with stage() as on:
            await ask(on)

    run_virtual(main())
    assert counts == Counter()
