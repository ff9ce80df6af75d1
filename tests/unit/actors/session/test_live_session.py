"""What of a session outlives its actors: the door at which a connection tells, and what is kept before it is told."""

from typing import Any

import msgspec
import pytest

from actors.conversation import Ending
from actors.messages.caller import (
    PACED,
    CallerAudio,
    ConnectionAttached,
    ConnectionDetached,
    EndSession,
    InputMessage,
    InterruptRequested,
    KeyPressed,
    TextEntered,
)
from actors.messages.lifecycle import RestartChild
from actors.session.checkpoint import Checkpoint
from actors.session.live_session import MOST_RESTARTS, ActorRestarted, LiveSession
from tests.kit.session_kit import AGENT, plan_of

PLAN = plan_of()
RECEIVES: dict[str, tuple[type, ...]] = {
    "recognizer": (CallerAudio,),
    "orchestrator": (TextEntered, KeyPressed),
}


class Told:
    """An actor at an address, as far as an address needs one."""

    class Flag:
        is_raised = False

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.actor_stopped = self.Flag()
        self.actor_inbox = self

    def put(self, envelope: Any) -> None:
        self.messages.append(envelope.message)

    def put_now(self, message: Any) -> None:
        self.messages.append(message)


class Door:
    """A session whose addresses are listened at."""

    def __init__(self, checkpoint: Checkpoint | None = None) -> None:
        self.session = LiveSession(PLAN, RECEIVES, checkpoint)
        self.told = {name: Told() for name in ("session", *RECEIVES)}
        for name, told in self.told.items():
            address = self.session.addresses.supervisor if name == "session" else self.session.addresses[name]
            address.connect(told)  # type: ignore[arg-type]


def test_text_and_keys_are_numbered_and_go_to_those_who_receive_them() -> None:
    door = Door()
    for message in (TextEntered("hello"), KeyPressed("1"), InterruptRequested()):
        door.session.deliver(message)
    assert door.told["orchestrator"].messages == [TextEntered("hello", 1), KeyPressed("1", 2)]
    assert door.session.checkpoint.inputs == 2
    assert door.told["recognizer"].messages == []


def test_of_an_actor_that_is_started_again_over_and_over_the_last_times_are_kept() -> None:
    session = Door().session
    for number in range(MOST_RESTARTS + 2):
        session.restarted(ActorRestarted(float(number), "recognizer", "died"))
    assert [restart.at for restart in session.restarts] == [float(n) for n in range(2, MOST_RESTARTS + 2)]


def test_half_an_emoji_does_not_get_in() -> None:
    door = Door()
    door.session.deliver(TextEntered("good \ud83d day"))
    (message,) = door.told["orchestrator"].messages
    assert message.text.encode() == b"good \xef\xbf\xbd day"


@pytest.mark.parametrize("politely", [True, False])
def test_the_order_to_end_at_once_is_kept_before_it_is_told(politely: bool) -> None:
    door = Door()
    order = EndSession(Ending.NORMAL, politely=politely)
    door.session.deliver(order)
    assert door.session.checkpoint.hung_up is (None if politely else Ending.NORMAL)
    assert door.told["session"].messages == [order]


def test_a_connection_is_known_before_the_session_has_heard_of_it() -> None:
    door = Door()
    attached = ConnectionAttached(connection_id="c2", lead=PACED, rate_hz=16_000)
    door.session.deliver(attached)
    door.session.deliver(ConnectionDetached("c1"))
    assert door.session.connection.output_id == "c2"
    assert door.told["session"].messages == [attached, ConnectionDetached("c1")]


def test_the_first_audio_starts_the_recognizer_and_all_of_it_is_kept() -> None:
    door = Door()
    for _ in range(3):
        door.session.push_audio(b"\1\0" * 320)
    assert door.told["session"].messages == [RestartChild("recognizer", unless_running=True)]
    assert [message.offset_bytes for message in door.told["recognizer"].messages] == [0, 640, 1280]
    assert door.session.tracks.kept_bytes == 3 * 640
    assert door.session.checkpoint.track().is_open


def test_a_recording_sees_all_that_comes_in() -> None:
    door = Door()
    seen: list[InputMessage | CallerAudio] = []
    door.session.tap = seen.append
    door.session.deliver(TextEntered("hello"))
    door.session.push_audio(b"\1\0" * 320)
    assert [type(message) for message in seen] == [TextEntered, CallerAudio]


def test_a_session_that_goes_on_keeps_the_agent_of_its_checkpoint_if_there_is_such_a_one() -> None:
    assert Door(Checkpoint(agent="gone")).session.checkpoint.agent == AGENT.name
    assert Door().session.plan.agent.name == AGENT.name


def test_what_a_session_is_can_be_completed_before_its_actors_start() -> None:
    door = Door()
    door.session.change_plan(resume_token="another")
    assert door.session.plan == msgspec.structs.replace(PLAN, resume_token="another")


def test_a_session_that_is_over_tells_nobody() -> None:
    door = Door()
    door.session.close()
    door.session.deliver(TextEntered("hello"))
    assert door.told["orchestrator"].messages == []
