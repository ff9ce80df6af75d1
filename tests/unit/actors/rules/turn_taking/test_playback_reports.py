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


class TestAReplyThatWasCaughtUpWith:
    """All that the model has written was heard, and it has not finished."""

    def waiting(self) -> Talk:
        return Talk().thinking().starts().catches_up()

    def test_is_bridged_by_fillers_and_goes_on(self) -> None:
        talk = self.waiting()
        assert not talk.turn.is_sounding
        assert kinds(talk.wait(1.6)) == [UtteranceKind.FILLER]
        talk.starts().ends()
        talk.starts(1)
        assert Timer.REPLY not in talk.due
        assert talk.written().wait(20).did == []
        assert talk.turn.state.failures == 0

    def test_that_does_not_go_on_is_apologised_for(self) -> None:
        talk = self.waiting()
        assert talk.due[Timer.REPLY] - talk.at == talk.turn.agent.model.next_token_s
        while Timer.REPLY in talk.due:
            talk.wait(1.0)
            if len(talk.turn.state.utterances) > 1:
                talk.starts().ends()
        assert talk.turn.state.failures == 1
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_is_none_of_those_that_are_written(self) -> None:
        talk = Talk().speaking().catches_up()
        assert talk.turn.is_sounding
        assert Timer.REPLY not in talk.due

    def test_is_no_filler_nor_what_is_gone(self) -> None:
        talk = Talk().thinking().wait(1.6).starts().catches_up()
        assert talk.turn.is_sounding
        assert TestReportsOfWhatIsGone().stopped().catches_up(1).did == []

    def test_is_interrupted_by_words_as_one_that_is_heard(self) -> None:
        assert "StopPlayback" in self.waiting().says("no, on tuesday please").did
