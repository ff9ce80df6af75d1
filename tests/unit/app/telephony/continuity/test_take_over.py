"""Calls outlive their worker: what the launcher is told of each, and how a worker goes on with one of another's."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from actors.agent import InLanguage, Phrases
from actors.conversation import SessionRecord
from actors.errors import ErrorKind, StoreError
from actors.messages.caller import HoldEnded, HoldStarted
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.session.checkpoint import Checkpoint
from app.agents.roster import AgentRoster
from app.observers import Observers
from app.server.processes.worker_bus import WorkerBusError
from app.server.processes.worker_pipe import WorkerNotice
from app.telephony.call import Admission, Call, Custody
from app.telephony.call_control import OnTheCall
from app.telephony.call_log import CallLog
from app.telephony.continuity.call_checkpoints import KEPT, ORPHANED, OVER, CallCheckpoint
from app.telephony.continuity.shared_calls import record_of_call
from app.telephony.continuity.take_over import LOAD_S, SOON_KNOWN_S, TakeOver, taking_over
from app.telephony.errors import CallControlError, Trouble
from app.telephony.hang_up import WAITS_S
from app.telephony.network_state import DISCONNECTED
from app.telephony.transfer.consult import CONSULTS
from protocol.calls import CallState, Participant
from tests.kit.session_kit import AGENT
from tests.unit.app.telephony.call_kit import CALLER, Network, new_call, on_virtual_time

SOURCE = "+12065550111"


class Shared:
    """The store of all workers' calls, and what it has of the one that is asked for."""

    worker = "this one"

    def __init__(self) -> None:
        self.kept: list[CallCheckpoint] = []
        self.dropped: list[str] = []
        self.secret: str | None = ""
        """Of the call; None: the store does not answer."""
        self.owner_id = "another"
        self.is_had = True
        """A worker that asks for the call gets it."""

    def keep(self, record: CallCheckpoint) -> None:
        self.kept.append(record)

    def drop(self, secret: str, call_id: str) -> None:
        self.dropped.append(secret)

    async def secret_of(self, call_id: str) -> str:
        if self.secret is None:
            raise StoreError(ErrorKind.UNAVAILABLE, "fake")
        return self.secret

    async def owner(self, secret: str) -> str:
        return self.owner_id

    async def take_orphan(self, secret: str, former: str) -> bool:
        return self.is_had


class Bus:
    """The pipe to the launcher: notes what it is told, or cannot be reached."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.is_dead = False
        self.hear: Any = None

    def on_notice(self, hear: Any) -> None:
        self.hear = hear

    async def tell(self, topic: str, fields: dict[str, Any]) -> None:
        if self.is_dead:
            raise WorkerBusError("the launcher does not answer")
        self.told.append((topic, fields))


class Worker:
    """A worker with a take-over, a network and a launcher."""

    def __init__(self, *, stored: Checkpoint | None = None, loads_s: float = 0.0) -> None:
        self.bus, self.network, self.log = Bus(), Network(), CallLog()
        self.saved: Observers[SessionRecord] = Observers()
        self.asked_for_media: list[tuple[Call, bool]] = []
        self._stored, self._loads_s = stored, loads_s
        self.board: Any = SimpleNamespace(
            network=self.network,
            control=self.network,
            log=self.log,
            carrier=SimpleNamespace(source_number=SOURCE),
            wall=lambda: 0.0,
            media_lost=lambda call, at_once: self.asked_for_media.append((call, at_once)),
        )
        self.it = TakeOver(
            worker_bus=cast(Any, self.bus),
            clock=LoopClock(),
            background=BackgroundTasks(),
            agents=AgentRoster({AGENT.name: AGENT}),
            session_saved=self.saved,
            checkpoints=cast(Any, SimpleNamespace(load=self._load)),
            new_calls=cast(Any, SimpleNamespace(enlist=self.log.add)),
            switchboard=cast(Any, self.board),
        )

    async def _load(self, session_id: str, record: SessionRecord | None) -> Checkpoint | None:
        await asyncio.sleep(self._loads_s)
        return self._stored

    def has(self, **states: Any) -> Call:
        """A call of this worker, of which it tells."""
        call = new_call()
        call.admission = Admission.ADMITTED
        for name, value in states.items():
            setattr(call, name, value)
        self.log.add(call)
        self.board.call_changed(call)
        return call


def record(**changes: Any) -> CallCheckpoint:
    """A call of another worker that was talked in."""
    call = new_call()
    call.admission, call.progress.connected_at = Admission.ADMITTED, 7.0
    call.resumption.conversation = conversation()
    call.participants.restore([Participant(id="p", phone_number=None, role="person", status="connected")])
    return msgspec.structs.replace(record_of_call(call, "that one"), **changes)


def conversation() -> SessionRecord:
    return SessionRecord(
        session_id="s", mode="media", agent=AGENT.name, state="live", created_at=1.0, updated_at=2.0, turn=3
    )


def topics(worker: Worker) -> list[str]:
    return [topic for topic, _ in worker.bus.told]


class TestWhatIsTold:
    """The launcher is told how each call stands, once for each state."""

    def test_changes_within_a_moment_are_told_once_and_the_end_after_them(self) -> None:
        async def act() -> None:
            worker = Worker()
            call = worker.has()
            worker.board.call_changed(call)
            await asyncio.sleep(0.1)
            worker.board.call_changed(call)
            await asyncio.sleep(0.1)
            assert worker.bus.told == [(KEPT, record_of_call(call).fields())]
            call.change_state(CallState.DISCONNECTED, 1.0)
            worker.board.call_changed(call)
            await asyncio.sleep(0.1)
            assert worker.bus.told[1:] == [(OVER, {"secret": call.secret})]

        on_virtual_time(act)

    def test_what_was_said_goes_with_the_call(self) -> None:
        async def act() -> None:
            worker = Worker()
            worker.has()
            worker.saved.notify(conversation())
            await asyncio.sleep(0.1)
            assert worker.bus.told[-1][1]["conversation"]["turn"] == 3

        on_virtual_time(act)

    def test_nothing_is_told_of_a_call_that_has_moved(self) -> None:
        async def act() -> None:
            worker = Worker()
            worker.has(custody=Custody.MOVED)
            await asyncio.sleep(0.1)
            assert worker.bus.told == []

        on_virtual_time(act)

    def test_all_is_told_anew_where_it_may_be_lost(self) -> None:
        async def act() -> None:
            worker = Worker()
            worker.has()
            await asyncio.sleep(0.1)
            worker.it.tell_all()
            await asyncio.sleep(0.1)
            assert topics(worker) == [KEPT, KEPT]

        on_virtual_time(act)

    def test_a_launcher_that_does_not_answer_is_named_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async def act() -> None:
            worker = Worker()
            worker.bus.is_dead = True
            worker.has()
            await asyncio.sleep(0.1)

        on_virtual_time(act)
        assert "a call would be lost with this worker: the launcher does not answer" in caplog.messages

    def test_workers_of_other_machines_are_told_too(self) -> None:
        async def act() -> None:
            worker, shared = Worker(), Shared()
            worker.it.shared = shared
            call = worker.has()
            await asyncio.sleep(0.1)
            assert shared.kept == [record_of_call(call, shared.worker)]
            call.change_state(CallState.DISCONNECTED, 1.0)
            worker.board.call_changed(call)
            await asyncio.sleep(0.1)
            assert shared.dropped == [call.secret]

        on_virtual_time(act)


class TestOrphans:
    """A call whose worker has died goes on at another one, or ends."""

    def test_a_caller_who_was_cut_off_is_talked_with_on_a_new_media_socket(self) -> None:
        async def act() -> None:
            stored = Checkpoint()
            stored.track().final_owed = True
            worker = Worker(stored=stored)
            fields = record(own_number="").fields()
            worker.bus.hear(WorkerNotice(ORPHANED, fields))
            worker.bus.hear(WorkerNotice(KEPT, fields))
            await asyncio.sleep(0.1)
            (call,) = worker.log.live
            assert (call.call_id, call.own_number, call.resumption.taken_over, call.progress.connected_before) == (
                "call-1",
                SOURCE,
                True,
                7.0,
            )
            assert call.resumption.checkpoint is stored
            assert not stored.track().final_owed, "nobody has the audio any more that it was owed for"
            assert worker.asked_for_media == [(call, True)]
            await worker.it.take_over(record(), None)
            assert worker.log.live == [call], "it is had already"

        on_virtual_time(act)

    def test_one_who_was_not_picked_up_yet_is_greeted_as_always(self) -> None:
        async def act() -> None:
            worker = Worker()
            await worker.it.take_over(record(conversation=None, connected_at=None), None)
            (call,) = worker.log.live
            assert not call.resumption.taken_over

        on_virtual_time(act)

    @pytest.mark.parametrize(("checkpoint", "is_taken_over"), [(None, True), (Checkpoint(), False)])
    def test_a_call_that_was_handed_over_brings_its_media_socket(
        self, checkpoint: Checkpoint | None, is_taken_over: bool
    ) -> None:
        async def act() -> None:
            worker = Worker()
            await worker.it.take_over(record(), checkpoint, is_cut_off=False)
            (call,) = worker.log.live
            assert (call.state, call.progress.connected_at, call.resumption.taken_over) == (
                CallState.CONNECTED,
                7.0,
                is_taken_over,
            )
            assert worker.asked_for_media == []

        on_virtual_time(act)

    def test_a_checkpoint_that_does_not_come_in_time_is_gone_on_without(self) -> None:
        async def act() -> None:
            worker = Worker(stored=Checkpoint(), loads_s=LOAD_S + 0.1)
            assert await worker.it.checkpoint_of(record()) is None
            assert await worker.it.checkpoint_of(record(admitted=False)) is None

        on_virtual_time(act)

    def test_one_that_another_machine_has_by_now_is_left_to_it(self) -> None:
        async def act() -> None:
            worker, shared = Worker(), Shared()
            worker.it.shared, shared.is_had = shared, False
            worker.bus.hear(WorkerNotice(ORPHANED, record().fields()))
            await asyncio.sleep(0.1)
            assert (worker.log.live, worker.bus.told) == ([], [(OVER, {"secret": "secret"})])

        on_virtual_time(act)

    @pytest.mark.parametrize(
        ("changes", "order"),
        [({"is_joined": True}, "leave"), ({"secret": f"{CONSULTS}1"}, "hang_up")],
    )
    def test_one_that_nobody_can_go_on_with_is_ended_or_left_to_those_who_talk(
        self, changes: dict[str, Any], order: str
    ) -> None:
        async def act() -> None:
            worker, shared = Worker(), Shared()
            worker.it.shared = shared
            lost = record(**changes)
            await worker.it.take_over(lost, None)
            assert worker.network.orders == [(order, "call-1")]
            assert (worker.log.live, shared.dropped) == ([], [lost.secret])
            assert worker.bus.told == [(OVER, {"secret": lost.secret})]

        on_virtual_time(act)

    def test_a_record_that_cannot_be_read_is_named_in_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        async def act() -> None:
            worker = Worker()
            worker.bus.hear(WorkerNotice(ORPHANED, {"secret": 3}))
            await worker.it.take_over(record(direction="sideways"), None)
            await asyncio.sleep(0.1)
            assert worker.log.live == []
            assert worker.network.orders == [("hang_up", "call-1")], "its caller would hear nothing"

        with caplog.at_level(logging.WARNING):
            on_virtual_time(act)
        assert len([line for line in caplog.messages if line.startswith("a call cannot be taken over: ")]) == 2

    def test_who_is_on_a_call_is_asked_where_its_record_names_nobody(self) -> None:
        async def act() -> None:
            worker = Worker()
            present = [OnTheCall("4:caller", CALLER, False, True), OnTheCall("4:ours", SOURCE, False, False)]

            async def participants(call_id: str) -> list[OnTheCall]:
                return present

            worker.board.control = SimpleNamespace(participants=participants)
            await worker.it.take_over(record(caller="", own_number="", participants=()), None)
            (call,) = worker.log.live
            assert call.caller == CALLER
            assert call.participants.is_caller_on_hold

        on_virtual_time(act)

    def test_a_call_of_which_nobody_can_be_asked_goes_on_all_the_same(self, caplog: pytest.LogCaptureFixture) -> None:
        async def act() -> None:
            worker = Worker()
            worker.network.failures["participants"] = [CallControlError(Trouble.UNAVAILABLE, "status 503")]
            await worker.it.take_over(record(participants=()), None)
            assert len(worker.asked_for_media) == 1

        on_virtual_time(act)
        assert "the participants of a call cannot be looked up: unavailable: status 503" in caplog.messages


class TestCallsThatNobodyHas:
    """A call that the network shows and nobody knows is hung up, once."""

    def test_it_is_hung_up_if_only_its_id_is_known_still(self) -> None:
        async def act() -> None:
            worker, shared = Worker(), Shared()
            worker.it.shared = shared
            shared.secret, shared.owner_id = "secret", ""
            worker.board.nobody_has("lost-1")
            await asyncio.sleep(SOON_KNOWN_S + 1)
            assert worker.network.named("hang_up") != []

        on_virtual_time(act)

    def test_it_is_hung_up_when_nobody_has_taken_it_meanwhile(self) -> None:
        async def act() -> None:
            worker = Worker()
            worker.board.nobody_has("lost-1")
            worker.board.nobody_has("lost-1")
            worker.board.nobody_has("")
            await asyncio.sleep(SOON_KNOWN_S - 0.1)
            assert worker.network.orders == []
            await asyncio.sleep(0.2)
            assert worker.network.named("hang_up") == [("hang_up", "lost-1")]

        on_virtual_time(act)

    @pytest.mark.parametrize("found", ["here", "elsewhere", "perhaps elsewhere", "over"])
    def test_one_that_somebody_has_or_that_is_over_is_not(self, found: str) -> None:
        async def act() -> None:
            worker, shared = Worker(), Shared()
            worker.it.shared = shared
            worker.board.nobody_has("call-1")
            if found == "here":
                worker.has()
            elif found == "over":
                worker.network.state = DISCONNECTED
            else:
                shared.secret = "secret" if found == "elsewhere" else None
            await asyncio.sleep(SOON_KNOWN_S + 1)
            assert worker.network.named("hang_up") == []

        on_virtual_time(act)

    def test_one_that_could_not_be_hung_up_is_tried_again_when_it_shows_itself(self) -> None:
        async def act() -> None:
            worker = Worker()
            worker.network.failures["hang_up"] = [CallControlError(Trouble.UNAVAILABLE, "status 503")] * len(WAITS_S)
            worker.board.nobody_has("lost-1")
            await asyncio.sleep(SOON_KNOWN_S + sum(WAITS_S) + 1)
            worker.board.nobody_has("lost-1")
            await asyncio.sleep(SOON_KNOWN_S + 1)
            assert len(worker.network.named("hang_up")) == len(WAITS_S) + 1

        on_virtual_time(act)


def test_an_agent_that_takes_over_greets_with_the_apology_in_each_of_its_languages() -> None:
    german = InLanguage(greeting="Hallo.", phrases=Phrases(cut_off="Da bin ich wieder."))
    agent = taking_over(msgspec.structs.replace(AGENT, greeting="Hello.", in_language={"de-DE": german}))
    assert agent.greeting == AGENT.phrases.cut_off
    assert agent.in_language["de-DE"].greeting == "Da bin ich wieder."


def of_caller(*, on_hold: bool) -> tuple[OnTheCall, ...]:
    return (OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=on_hold),)


def held(*, on_hold: bool) -> tuple[Participant, ...]:
    status = "on_hold" if on_hold else "connected"
    return (Participant(id=f"4:{CALLER}", phone_number=CALLER, role="person", status=status),)


@pytest.mark.parametrize("was_on_hold", [True, False])
def test_a_hold_that_began_or_ended_while_nobody_had_the_call_is_followed(was_on_hold: bool) -> None:
    async def act() -> None:
        worker, told = Worker(), list[Any]()
        worker.board.tell_session = lambda call, message: told.append(type(message))
        worker.network.present = of_caller(on_hold=not was_on_hold)
        await worker.it.take_over(record(participants=held(on_hold=was_on_hold)), None)
        (call,) = worker.log.live
        call.progress.state = CallState.ON_HOLD if was_on_hold else CallState.CONNECTED
        assert worker.asked_for_media == [(call, True)], "the caller, who hears nothing, does not wait for that"
        await asyncio.sleep(0.1)
        assert call.participants.is_caller_on_hold is not was_on_hold
        assert call.state is (CallState.CONNECTED if was_on_hold else CallState.ON_HOLD)
        assert told == [HoldEnded if was_on_hold else HoldStarted]

    on_virtual_time(act)


def test_what_the_network_has_told_meanwhile_is_later_than_what_it_was_asked() -> None:
    async def act() -> None:
        worker = Worker()
        worker.network.present = of_caller(on_hold=True)
        await worker.it.take_over(record(), None)
        (call,) = worker.log.live
        call.participants.update(1, held(on_hold=False))
        await asyncio.sleep(0.1)
        assert not call.participants.is_caller_on_hold

    on_virtual_time(act)
