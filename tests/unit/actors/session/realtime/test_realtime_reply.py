"""The reply in hand of a speech-to-speech model: what is told of it, and what is left of it when it breaks off."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors.agent import Agent
from actors.errors import ErrorKind
from actors.messages.model import ModelFailed
from actors.ports import realtime_events as reported
from actors.ports.llm import ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import MAX_TOOL_CALLS
from actors.runtime.session_trace import Trace
from actors.session.checkpoint import Checkpoint
from actors.session.engine_events import ModelReported
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.realtime.realtime_memory import RealtimeMemory
from actors.session.realtime.realtime_reply import RealtimeReply
from actors.session.realtime.spoken_reply import SpokenReply
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter
from actors.session.recognition.audio_ring import AudioRing
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession
from tests.unit.actors.session.realtime.realtime_kit import OPTIONS, Told

TURN = 3
CALL = ToolCalled(call_id="c", name="book", arguments="{}")


class Making:
    """A reply, which is asked for in turn 3, and all that is told of it."""

    def __init__(self) -> None:
        self.told: list[ModelReported] = []
        self.failed: list[Any] = []
        self.retracted: list[str] = []
        self.sounding = 0
        memory = RealtimeMemory()
        memory.connect(FakeRealtimeSession(FakeRealtime(), OPTIONS, lambda event: None))
        writer = SpokenReplyWriter(Checkpoint(), Told(), 16_000)
        spoken = SpokenReply(memory, writer, self.retracted.append, self._sounds)
        actor: Any = SimpleNamespace(trace=Trace(), actor_ref=SimpleNamespace(tell=self.failed.append))
        clock: Any = SimpleNamespace(now=lambda: 1.0)
        self.reply = RealtimeReply(actor, spoken, CallerSpeech(AudioRing(16_000, 1_000)), clock, self.told.append)
        self.begin()

    def begin(self) -> None:
        agent = Agent(name="clinic", label="Clinic")
        self.reply.begin(ModelRequest(session_id="s", agent=agent, turn=TURN, messages=(), tools=()), 7)

    def _sounds(self) -> None:
        self.sounding += 1

    def says(self, text: str, item_id: str = "i") -> str:
        return self.reply.take(reported.ResponseTranscript("r", item_id, text))

    def sounds(self, ms: int, item_id: str = "i") -> None:
        assert self.reply.take(reported.ResponseAudio("r", item_id, bytes(32 * ms))) == ""

    def ends(self, item_id: str = "i") -> None:
        assert self.reply.take(reported.ResponseAudioFinished("r", item_id)) == ""

    def calls(self) -> None:
        self.reply.tool_calls.append(CALL)
        assert self.reply.take(reported.ResponseToolCalled("r", "j", CALL)) == ""

    @property
    def events(self) -> list[Any]:
        assert all(message.turn == TURN for message in self.told)
        return [message.event for message in self.told]


def test_words_and_calls_are_told_as_those_of_any_model_and_the_end_once() -> None:
    making = Making()
    making.says("Yes.")
    making.calls()
    making.reply.finish(ReplyGenerated(3, 4))
    making.reply.finish(ReplyGenerated())
    assert making.events == [TextGenerated("Yes."), CALL, ReplyGenerated(3, 4)]


def test_nothing_is_told_of_a_reply_that_is_not_wanted_any_more() -> None:
    making = Making()
    making.reply.cancel()
    making.says("Yes.")
    making.reply.retract()
    making.reply.drop_unspoken()
    making.reply.finish(ReplyGenerated())
    assert [making.reply.refuse("fake"), making.reply.is_complete] == [False, False]
    assert (making.events, making.retracted, making.failed) == ([], [], [])


def test_words_that_sound_are_to_be_written() -> None:
    making = Making()
    making.says("We are open.")
    assert making.sounding == 0
    making.sounds(400)
    assert making.sounding == 1


def test_one_that_goes_on_without_end_says_by_which_bound() -> None:
    making = Making()
    for _ in range(MAX_TOOL_CALLS):
        making.calls()
    assert making.reply.take(reported.ResponseToolCalled("r", "j", CALL)) == f"{MAX_TOOL_CALLS} calls of tools"


@pytest.mark.parametrize("speaks", [False, True])
@pytest.mark.parametrize("calls", [False, True])
def test_one_of_which_nothing_is_missing_is_over_when_its_session_is_lost(*, speaks: bool, calls: bool) -> None:
    making = Making()
    if speaks:
        making.says("One moment.")
        making.sounds(700)
        making.ends()
    if calls:
        making.calls()
    making.reply.retract()
    is_over = speaks or calls
    assert (ReplyGenerated() in making.events) is is_over
    assert making.retracted == []
    assert making.reply.tool_calls == ([CALL] if calls else [])


def test_of_one_that_breaks_off_the_words_are_kept_that_sounded_and_no_call() -> None:
    making = Making()
    making.calls()
    making.says("We are open until six.")
    making.sounds(500)
    making.reply.retract()
    assert making.retracted == ["We are"]
    assert making.reply.tool_calls == []
    assert making.reply.request is not None
    making.begin()
    making.says("We are open.")
    making.sounds(500)
    making.reply.drop_unspoken()
    assert making.retracted == ["We are", "We are"]


def test_of_one_that_is_not_wanted_any_more_the_words_are_left_that_sounded() -> None:
    making = Making()
    making.says("We are open until six.")
    making.sounds(500)
    making.reply.cancel()
    assert making.retracted == ["We are"]
    making.begin()
    making.says("We are open.")
    making.sounds(900)
    making.ends()
    making.reply.cancel()
    assert making.retracted == ["We are"]


def test_one_that_is_refused_is_told_as_failed() -> None:
    making = Making()
    assert making.reply.refuse("a filter")
    assert making.failed == [ModelFailed(TURN, ErrorKind.REFUSED, "a filter")]
    assert not making.reply.refuse("a filter")
