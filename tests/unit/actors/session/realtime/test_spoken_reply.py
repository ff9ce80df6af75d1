"""One spoken reply in the making: what is passed on, where its words lie, and what is left when its session is lost."""

import pytest

from actors.messages.playback import PlayAudio, TextPlaced, WordPlaced
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import TextGenerated, ToolCalled
from actors.session.checkpoint import Checkpoint
from actors.session.realtime.realtime_memory import MAX_ITEMS, RealtimeMemory
from actors.session.realtime.spoken_reply import GO_ON, MAX_REPLY_MS, SpokenReply
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession
from tests.unit.actors.session.realtime.realtime_kit import OPTIONS, Told

SECOND = bytes(32_000)


class Making:
    """Reply 2, in turn 1."""

    def __init__(self) -> None:
        self.synthesizer = Told()
        self.retracted: list[str] = []
        self.sounding = 0
        self.memory = RealtimeMemory()
        self.session = self.connect()
        self.writer = SpokenReplyWriter(Checkpoint(), self.synthesizer, 16_000)
        self.reply = SpokenReply(self.memory, self.writer, self.retracted.append, self.sounds)
        self.reply.begin(2, 1)

    def sounds(self) -> None:
        self.sounding += 1

    def says(self, text: str, item_id: str = "i") -> None:
        assert self.reply.take(reported.ResponseTranscript("r", item_id, text)) == TextGenerated(text)

    def connect(self) -> FakeRealtimeSession:
        session = FakeRealtimeSession(FakeRealtime(), OPTIONS, lambda event: None)
        self.memory.connect(session)
        return session

    def audio(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            assert self.reply.take(reported.ResponseAudio("r", "i", SECOND)) is None

    def ends(self, item_id: str = "i") -> None:
        assert self.reply.take(reported.ResponseAudioFinished("r", item_id)) is None

    def word(self, text: str, audio_ms: float) -> None:
        times = {"audio_ms": audio_ms, "duration_ms": 400.0}
        assert self.reply.take(reported.ResponseWord(response_id="r", item_id="i", text=text, **times)) is None


def test_text_and_calls_of_tools_are_those_of_any_model() -> None:
    making = Making()
    call = ToolCalled(call_id="c", name="hours", arguments="{}")
    assert [making.reply.is_begun] == [False]
    assert making.reply.take(reported.ResponseTranscript("r", "i", "Yes.")) == TextGenerated("Yes.")
    assert making.reply.take(reported.ResponseToolCalled("r", "j", call)) is call
    assert [making.reply.is_begun] == [True]


def test_words_are_placed_when_their_audio_has_come() -> None:
    making = Making()
    making.reply.take(reported.ResponseTranscript("r", "i", "We are open."))
    for number, word in enumerate(("We", "are", "open")):
        making.word(word, number * 400.0)
    making.audio()
    placed = [m for m in making.synthesizer.messages if isinstance(m, WordPlaced)]
    assert [(m.text_start, m.text_end, m.audio_ms) for m in placed] == [(0, 2, 0.0), (3, 6, 400.0)]
    assert [making.reply.is_complete] == [False]
    making.reply.take(reported.ResponseAudioFinished("r", "i"))
    assert [making.reply.is_complete] == [True]
    last = making.synthesizer.messages[-1]
    assert last == WordPlaced(reply=2, text_start=7, text_end=11, audio_ms=800.0)


def test_what_has_come_as_audio_is_kept_and_the_rest_is_asked_of_another_session() -> None:
    making = Making()
    assert making.reply.order("Be kind.") == port.ResponseRequest()
    making.reply.take(reported.ResponseTranscript("r", "i", "We are open until six."))
    for number, word in enumerate(("We", "are", "open")):
        making.word(word, number * 400.0)
    making.audio()
    making.reply.retract()
    assert making.retracted == ["We are"]
    session = making.connect()
    assert making.reply.order("Be kind.") == port.ResponseRequest(instructions=f"Be kind.\n\n{GO_ON}")
    assert [message.text for message in session.added] == ["We are"]
    assert making.reply.order("Be kind.") == port.ResponseRequest()
    making.reply.take(reported.ResponseTranscript("r", "i", "open until six."))
    making.word("open", 0.0)
    making.audio()
    last = making.synthesizer.messages[-1]
    assert last == WordPlaced(reply=2, text_start=7, text_end=11, audio_ms=1_000.0)


def test_a_reply_of_which_nothing_has_sounded_is_asked_for_anew() -> None:
    making = Making()
    making.reply.take(reported.ResponseTranscript("r", "i", "We are open."))
    making.reply.retract()
    assert making.retracted == [""]
    assert making.reply.order("Be kind.") == port.ResponseRequest()


def test_a_reply_has_a_longest_length_whatever_the_model_does() -> None:
    making = Making()
    making.audio(int(MAX_REPLY_MS / 1_000))
    assert making.reply.exceeded == ""
    making.audio()
    assert making.reply.exceeded == "180 s of audio"
    making.reply.begin(3, 2)
    assert making.reply.exceeded == ""


def test_audio_is_played_as_it_comes() -> None:
    making = Making()
    making.audio(2)
    assert [m for m in making.synthesizer.messages if isinstance(m, PlayAudio)] == [PlayAudio(2, SECOND)] * 2


@pytest.mark.parametrize("word_times", [False, True])
def test_words_are_to_be_written_when_their_audio_has_come_and_not_before(word_times: bool) -> None:
    making = Making()
    making.says("We are open until six.")
    for number, word in enumerate(("We", "are", "open") if word_times else ()):
        making.word(word, number * 400.0)
    making.reply.write_what_sounds()
    assert making.sounding == 0
    making.audio()
    making.reply.write_what_sounds()
    assert making.sounding == 1
    making.writer.write(2, "We are open until six.")
    making.reply.write_what_sounds()
    assert making.sounding == 1


def test_when_all_audio_has_come_all_words_are_to_be_written_and_have_their_place() -> None:
    making = Making()
    making.audio()
    making.says("We are open from eight o'clock in the morning until six o'clock in the evening.")
    making.reply.write_what_sounds()
    making.sounding = 0
    making.ends()
    making.reply.write_what_sounds()
    assert making.sounding == 1
    making.writer.write(2, "We are open.")
    making.reply.write_what_sounds()
    last = making.synthesizer.messages[-1]
    assert last == TextPlaced(reply=2, text_end=12, audio_ms=1_000.0, is_estimate=False)


def test_it_is_complete_when_all_audio_of_what_was_begun_has_come() -> None:
    making = Making()
    assert [making.reply.is_complete] == [False]
    making.says("One moment.")
    assert [making.reply.is_complete] == [False]
    making.audio()
    making.ends()
    assert [making.reply.is_complete] == [True]
    making.says("We are open.", "j")
    assert [making.reply.is_complete] == [False]
    making.ends("j")
    assert [making.reply.is_complete] == [True]


def test_what_was_said_before_tools_does_not_make_the_rest_complete() -> None:
    making = Making()
    making.says("One moment.")
    making.ends()
    making.reply.begin(2, 1)
    assert [making.reply.is_complete] == [False]
    making.says("We are open.", "j")
    assert [making.reply.is_complete] == [False]


def test_calls_of_tools_have_no_audio_to_wait_for() -> None:
    making = Making()
    making.reply.take(reported.ResponseToolCalled("r", "j", ToolCalled(call_id="c", name="hours", arguments="{}")))
    assert [making.reply.is_complete] == [True]
    making.says("And", "k")
    assert [making.reply.is_complete] == [False]


def test_a_former_session_does_not_make_the_rest_complete() -> None:
    making = Making()
    making.says("We are open until six.")
    making.audio()
    making.reply.retract()
    making.connect()
    making.reply.order("Be kind.")
    assert [making.reply.is_complete] == [False]


def test_a_reply_of_items_without_end_is_more_than_a_reply_may_have() -> None:
    making = Making()
    for number in range(MAX_ITEMS):
        making.reply.take(reported.ResponseAudio("r", f"i{number}", b""))
    assert making.reply.exceeded == ""
    making.reply.take(reported.ResponseAudioFinished("r", "one more"))
    assert making.reply.exceeded == f"{MAX_ITEMS} items"


def test_words_of_another_response_lie_behind_audio_of_which_no_words_were_told() -> None:
    """A model that has told none is asked once more, and what it says then has not been heard with the first of it."""
    making = Making()
    making.audio(3)
    making.ends()
    making.reply.begin(2, 1)
    placed = [m for m in making.synthesizer.messages if isinstance(m, TextPlaced)]
    assert placed == [TextPlaced(reply=2, text_end=0, audio_ms=3_000.0, is_estimate=False)]
    making.reply.begin(2, 1)
    assert len([m for m in making.synthesizer.messages if isinstance(m, TextPlaced)]) == 1
