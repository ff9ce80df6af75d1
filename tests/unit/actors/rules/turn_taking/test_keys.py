"""Telephone keys as an input, as examples."""

import pytest

from actors.conversation import KeyPattern, UtteranceKind
from actors.messages.caller import InputLost, KeyPressed, TextEntered
from actors.messages.lifecycle import Timer
from actors.messages.model import KeysExpected
from actors.messages.transcript import NoiseStopped
from actors.rules.turn_taking.machine import UnexpectedEventError
from tests.unit.actors.rules.turn_taking.script import Talk, asked, kinds


class TestKeys:
    def test_keys_are_one_input(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4)))
        for key in "123":
            assert asked(talk.tell(KeyPressed(key))) == []
        assert asked(talk.tell(KeyPressed("4"))) == ["1 2 3 4"]

    def test_the_terminator_ends_it(self) -> None:
        assert asked(Talk().tell(KeyPressed("1"), KeyPressed("#"))) == ["1"]

    def test_a_terminator_alone_is_a_key(self) -> None:
        assert asked(Talk().tell(KeyPressed("#")).wait(2)) == ["#"]

    def test_a_pause_ends_it_and_takes_the_floor(self) -> None:
        talk = Talk().tell(KeyPressed("1"))
        talk.turn.state.utterances = Talk().speaking().turn.state.utterances
        assert talk.wait(2).did[0] == "StopPlayback"

    def test_after_a_pause_no_filler_is_said_while_the_reply_is_at_hand(self) -> None:
        pattern = KeyPattern(length=4, wait_s=5)
        talk = Talk().tell(KeysExpected(pattern), KeyPressed("1")).wait(5)
        assert asked(talk) == ["1"]
        assert kinds(talk.wait(1.4)) == []
        assert kinds(talk.wait(0.2)) == [UtteranceKind.FILLER]

    def test_words_complete_the_keys(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4, wait_s=5)), KeyPressed("1"), KeyPressed("2"))
        assert asked(talk.says("that was wrong")) == ["1 2 that was wrong"]
        assert Timer.KEYS not in talk.due

    def test_words_instead_of_the_keys_end_the_pattern(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4, wait_s=5)))
        talk.says("i want to change my address").starts().written().ends()
        assert asked(talk.tell(KeyPressed("1")).wait(2)) == ["1"]

    def test_typed_text_and_words_over_the_reply_end_it_too(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4)), TextEntered("another thing"))
        assert talk.turn.state.key_pattern is None
        talk = Talk().speaking().tell(KeysExpected(KeyPattern(length=4))).says("tuesday", ms=200)
        assert talk.turn.state.key_pattern is not None
        assert asked(talk.ends()) == ["tuesday"]
        assert talk.turn.state.key_pattern is None

    @pytest.mark.parametrize("text", ["okay", "one moment", "let me see", "okay thank you", "hello?"])
    def test_words_that_say_nothing_leave_it(self, text: str) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4, wait_s=5)), TextEntered(text)).starts().written().ends()
        for key in "123":
            assert asked(talk.tell(KeyPressed(key)).wait(3)) == []
        assert asked(talk.tell(KeyPressed("4"))) == ["1 2 3 4"]

    def test_typed_text_completes_the_keys_as_words_do(self) -> None:
        talk = Talk().tell(KeyPressed("1"), KeyPressed("2"))
        assert asked(talk.tell(TextEntered("that was wrong"))) == ["1 2 that was wrong"]
        assert asked(talk.stopped().wait(3)) == []

    def test_words_that_are_being_said_are_waited_for(self) -> None:
        talk = Talk().tell(KeyPressed("1")).voice(1_500).pause().wait(0.5)
        assert asked(talk) == []
        assert asked(talk.final("that was wrong")) == ["1 that was wrong"]

    def test_a_noise_does_not_keep_the_keys(self) -> None:
        talk = Talk().tell(KeyPressed("1")).wait(1.5).voice(900).tell(NoiseStopped())
        assert asked(talk.wait(0.1)) == ["1"]

    def test_no_key_that_no_telephone_has(self) -> None:
        with pytest.raises(UnexpectedEventError):
            Talk().tell(KeyPressed("x"))


class TestWhatAnOrchestratorDiedOn:
    """Its successor is told it once more."""

    def test_is_not_done_again_where_it_was_kept(self) -> None:
        talk = Talk().tell(TextEntered("hello", 1), TextEntered("hello", 1))
        assert asked(talk) == ["hello"]
        talk = Talk().tell(KeyPressed("4", 1), KeyPressed("4", 1), KeyPressed("4", 2))
        assert asked(talk.wait(2)) == ["4 4"]

    def test_is_asked_for_again_when_the_successor_dies_too(self) -> None:
        talk = Talk().tell(InputLost(1))
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_is_asked_for_again_when_the_agent_has_spoken(self) -> None:
        talk = Talk().speaking().tell(InputLost(1))
        assert kinds(talk) == []
        assert kinds(talk.starts().ends()) == [UtteranceKind.APOLOGY]

    def test_takes_the_keys_before_it_along(self) -> None:
        talk = Talk().tell(KeyPressed("1", 1), InputLost(2)).starts().ends().tell(KeyPressed("3", 3))
        assert asked(talk.wait(2)) == ["3"]

    def test_is_not_asked_for_again_when_the_successor_had_done_it(self) -> None:
        talk = Talk().tell(TextEntered("hello", 1), InputLost(1))
        assert kinds(talk) == []
        assert asked(talk) == ["hello"]

    def test_is_asked_for_behind_the_answer_to_what_came_before_that_was_heard(self) -> None:
        talk = Talk().tell(InputLost(1))
        assert asked(talk.tell(TextEntered("and another thing", 2)).stopped()) == ["and another thing"]
        assert kinds(talk.starts().written()) == []
        assert kinds(talk.ends()) == [UtteranceKind.APOLOGY]
        assert kinds(talk.starts().ends()) == []
        assert asked(talk.tell(TextEntered("hello", 3))) == ["hello"]
        assert kinds(talk.starts().written().ends()) == []

    def test_is_asked_for_once_by_whoever_has_heard_that(self) -> None:
        talk = Talk().tell(InputLost(1)).starts()
        talk.tell(TextEntered("hello", 2)).stopped()
        assert kinds(talk.starts().written().ends()) == []
