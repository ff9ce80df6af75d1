"""What the synthesizer reports about replies that are heard, fail, or are not queued any more, as examples."""

from actors.conversation import Floor, UtteranceKind
from actors.messages.lifecycle import Timer
from actors.messages.playback import PlaybackYielded
from actors.messages.transcript import NoiseStopped
from tests.unit.actors.rules.turn_taking.script import GREETER, Talk, kinds


class TestReportsOfWhatIsGone:
    """A report that crossed the order to stop changes nothing."""

    def stopped(self) -> Talk:
        return Talk().speaking().says("what about tuesday").stopped()

    def test_a_start(self) -> None:
        talk = self.stopped().starts(1)
        assert talk.did == []
        assert not talk.turn.is_sounding

    def test_an_end(self) -> None:
        assert self.stopped().ends(1).did == []

    def test_a_failure(self) -> None:
        talk = self.stopped().breaks(1)
        assert talk.did == []
        assert talk.turn.state.failures == 0

    def test_that_it_is_silent(self) -> None:
        talk = Talk().speaking().voice(400).tell(NoiseStopped(), PlaybackYielded())
        assert talk.did == ["ResumePlayback"]
        assert talk.turn.timings.silenced_at is None


def test_a_reply_that_starts_again_with_its_synthesizer_was_first_heard_when_it_was() -> None:
    talk = Talk().speaking()
    first_audio_at = talk.turn.timings.first_audio_at
    talk.at += 1.0
    assert talk.starts().did == []
    assert talk.turn.timings.first_audio_at == first_audio_at


def test_a_greeting_that_cannot_be_spoken_is_done_without() -> None:
    talk = Talk(GREETER).breaks()
    assert talk.did == []
    assert talk.turn.floor is Floor.NOBODY
    assert Timer.NO_INPUT in talk.due


def test_so_is_a_prompt_and_the_next_one_comes_in_its_time() -> None:
    talk = Talk().wait(10).breaks()
    assert kinds(talk) == []
    assert kinds(talk.wait(10)) == [UtteranceKind.PROMPT]
