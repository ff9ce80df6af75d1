"""What a speech-to-speech model is given of the caller's voice."""

import pytest

from actors.ports.realtime import RealtimeOptions
from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.utterances import MAX_UTTERANCE_CHARS
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.realtime.spoken_utterances import MOST_UNTOLD, NOT_ANSWERED
from actors.session.recognition.audio_ring import AudioRing
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession


def session() -> FakeRealtimeSession:
    return FakeRealtimeSession(FakeRealtime(), RealtimeOptions(session_id="s", instructions=""), lambda event: None)


def connected() -> tuple[AudioRing, CallerSpeech, FakeRealtimeSession]:
    """A caller's audio, what is given of it, and the session of the model that it is given to."""
    ring, heard = AudioRing(16_000), session()
    speech = CallerSpeech(ring)
    speech.connect(heard)
    return ring, speech, heard


def spoken(speech: CallerSpeech, ring: AudioRing, ms: int) -> None:
    onset_ms = ring.ms(ring.end_bytes)
    ring.append(bytes(ms * 32))
    speech.started(onset_ms)
    speech.forward()


def test_each_utterance_is_given_with_its_pre_roll_and_once() -> None:
    ring, speech, heard = connected()
    ring.append(bytes(1_000 * 32))
    spoken(speech, ring, 400)
    speech.commit()
    # The pre-roll of the next one was given with the first.
    spoken(speech, ring, 200)
    speech.commit()
    assert heard.turns == [700, 200]


def test_noise_is_cleared_and_nothing_is_committed_without_voice() -> None:
    ring, speech, heard = connected()
    spoken(speech, ring, 100)
    speech.discard()
    speech.commit()
    speech.forward()
    assert (heard.cleared, heard.turns) == (1, [])


def test_another_session_hears_what_was_not_answered() -> None:
    ring = AudioRing(16_000)
    speech, first, second, third = CallerSpeech(ring), session(), session(), session()
    speech.connect(first)
    spoken(speech, ring, 400)
    speech.commit()
    speech.utterances.asked(1, continues=False)
    speech.connect(None)
    assert speech.utterances.turns_to_hear == {1}
    spoken(speech, ring, 200)
    speech.connect(second)
    speech.commit()
    assert second.turns == [400, 200]
    speech.utterances.asked(2, continues=True)
    assert speech.utterances.turns_to_hear == {2}
    speech.utterances.answered()
    speech.connect(third)
    assert (third.turns, speech.utterances.turns_to_hear) == ([], set())


def test_what_is_unknown_begins_with_the_first_unanswered_speech_without_words() -> None:
    ring, speech, _ = connected()
    assert speech.unknown_since == 0
    for turn, item_id in enumerate(("a", "b", "c"), 1):
        ring.append(bytes(1_000 * 32))
        spoken(speech, ring, 200)
        speech.commit()
        speech.committed(item_id)
        speech.utterances.asked(turn, continues=turn == 3)
    assert speech.unknown_since == 1_900 * 32
    speech.take_transcript("b", "book a table")
    assert speech.unknown_since == 3_100 * 32
    speech.utterances.answered()
    assert speech.unknown_since == ring.end_bytes


def test_words_that_come_late_take_their_places() -> None:
    ring, speech, _ = connected()
    for item_id in ("a", "b"):
        spoken(speech, ring, 200)
        speech.commit()
        speech.committed(item_id)
    speech.committed("nobody's")
    speech.utterances.asked(3, continues=False)
    assert speech.take_transcript("b", "tomorrow") == 3
    assert speech.utterances.words(3, "[speech] [speech]") == "[speech] tomorrow"
    assert speech.take_transcript("a", "open") == 3
    assert speech.utterances.words(3, "12 [speech] [speech]") == "12 open tomorrow"
    assert speech.take_transcript("a", "again") == 0


def test_no_more_than_a_minute_is_kept() -> None:
    ring = AudioRing(16_000, 120_000)
    speech = CallerSpeech(ring)
    for _ in range(3):
        spoken(speech, ring, 25_000)
        speech.commit()
    heard = session()
    speech.connect(heard)
    assert heard.turns == [25_000, 25_000]


def test_words_that_are_understood_beside_belong_to_the_utterance_in_which_they_end() -> None:
    ring, speech, _ = connected()
    for _ in range(2):
        spoken(speech, ring, 400)
        speech.commit()
        ring.append(bytes(1_000 * 32))
    speech.utterances.asked(3, continues=False)
    assert speech.utterances.take_overheard(1_000.0, "in the silence") == 0
    assert speech.utterances.take_overheard(1_700.0, "second") == 3
    assert speech.utterances.take_overheard(1_750.0, "again") == 0
    assert speech.utterances.take_overheard(420.0, "first") == 3
    assert speech.utterances.words(3, "[speech] [speech]") == "first second"


def test_what_was_discarded_and_may_be_recalled_is_a_turn_after_all() -> None:
    ring, speech, heard = connected()
    speech.recall()
    spoken(speech, ring, 300)
    speech.discard(may_be_recalled=True)
    spoken(speech, ring, 100)
    speech.discard()
    speech.recall()
    speech.recall()
    speech.utterances.asked(1, continues=False)
    assert heard.turns == [300]
    assert speech.utterances.turns_to_hear == {1}


def test_nothing_is_recalled_into_an_utterance_and_what_is_without_a_session_is_told_the_next_one() -> None:
    ring = AudioRing(16_000)
    speech, heard = CallerSpeech(ring), session()
    spoken(speech, ring, 300)
    speech.discard(may_be_recalled=True)
    spoken(speech, ring, 200)
    speech.recall()
    speech.discard()
    speech.recall()
    speech.connect(heard)
    assert heard.turns == [300]


def test_an_item_that_the_session_has_made_by_itself_is_the_utterance_and_the_silence_behind_it_none() -> None:
    ring, speech, heard = connected()
    spoken(speech, ring, 400)
    speech.continued(400, 0)
    speech.committed("early")
    speech.continued(400, 80)
    speech.commit()
    speech.utterances.asked(1, continues=False)
    assert (heard.turns, heard.cleared) == ([], 1)
    assert speech.utterances.turns_to_hear == {1}
    assert speech.take_transcript("early", "are you open") == 1
    assert speech.utterances.words(1, "[speech]") == "are you open"


def test_words_of_such_an_item_may_be_told_before_the_utterance_is_over() -> None:
    ring, speech, _ = connected()
    spoken(speech, ring, 400)
    speech.committed("early")
    assert speech.take_transcript("early", "are you open") == 0
    speech.commit()
    speech.utterances.asked(1, continues=False)
    assert speech.utterances.words(1, "[speech]") == "are you open"
    assert speech.take_transcript("early", "again") == 0


def test_who_goes_on_after_such_an_item_has_said_both() -> None:
    ring, speech, heard = connected()
    spoken(speech, ring, 400)
    speech.committed("early")
    ring.append(bytes(300 * 32))
    speech.continued(700, 0)
    speech.commit()
    speech.committed("rest")
    speech.utterances.asked(1, continues=False)
    assert len(heard.turns) == 1
    assert speech.take_transcript("early", "are you open") == 1
    assert speech.take_transcript("rest", "on sunday") == 1
    assert speech.utterances.words(1, "[speech]") == "are you open on sunday"


def test_items_of_what_was_no_turn_are_deleted_whenever_they_are_told() -> None:
    ring, speech, heard = connected()
    spoken(speech, ring, 200)
    speech.committed("cough")
    speech.discard()
    speech.committed("late")
    assert heard.truncated == {"cough": 0.0, "late": 0.0}
    assert heard.turns == []


def test_a_late_item_of_noise_is_not_taken_for_the_utterance_that_has_begun_since() -> None:
    ring, speech, heard = connected()
    spoken(speech, ring, 200)
    speech.discard()
    spoken(speech, ring, 400)
    speech.committed("cough", 180.0)
    speech.committed("early", 500.0)
    assert heard.truncated == {"cough": 0.0}
    assert speech.take_transcript("early", "are you open") == 0
    speech.commit()
    speech.utterances.asked(1, continues=False)
    assert speech.utterances.words(1, "[speech]") == "are you open"
    # Another session counts from its own beginning.
    second = session()
    speech.utterances.answered()
    speech.connect(second)
    spoken(speech, ring, 100)
    speech.committed("early", 90.0)
    assert second.truncated == {}


def test_a_turn_that_the_session_has_not_made_does_not_get_the_words_of_the_next() -> None:
    ring, speech, _ = connected()
    for turn in (1, 2):
        spoken(speech, ring, 200)
        speech.commit()
        speech.utterances.asked(turn, continues=False)
    speech.commit_failed()
    speech.committed("second")
    assert speech.take_transcript("second", "tomorrow") == 2
    speech.commit_failed()


def test_words_that_are_known_are_not_written_down_twice_by_another_session() -> None:
    ring, speech, _ = connected()
    spoken(speech, ring, 200)
    speech.commit()
    speech.utterances.asked(1, continues=False)
    speech.committed("first")
    assert speech.take_transcript("first", "are you open") == 1
    speech.connect(session())
    speech.committed("again")
    assert speech.take_transcript("again", "are you open") == 0
    assert speech.utterances.words(1, "[speech]") == "are you open"


def test_what_nobody_answers_is_given_for_its_words_alone() -> None:
    ring = AudioRing(16_000)
    speech, heard, later = CallerSpeech(ring), session(), session()
    speech.connect(heard)
    spoken(speech, ring, 400)
    speech.commit(is_answered=False)
    assert heard.turns == [400]
    speech.committed("item")
    assert speech.take_transcript("item", "leave a message") == NOT_ANSWERED
    speech.utterances.asked(1, continues=False)
    assert speech.utterances.words(1, "hello") == "hello"
    assert speech.utterances.turns_to_hear == set()
    speech.connect(later)
    assert later.turns == []


def test_voice_that_goes_on_is_given_in_pieces_and_nothing_of_it_is_lost_at_its_end() -> None:
    ring = AudioRing(16_000)
    speech = CallerSpeech(ring)
    given: list[int] = []

    class Heard(FakeRealtimeSession):
        def append(self, pcm: bytes) -> None:
            given.append(len(pcm) // 32)
            super().append(pcm)

    heard = Heard(FakeRealtime(), RealtimeOptions(session_id="s", instructions=""), lambda event: None)
    speech.connect(heard)
    ring.append(bytes(20 * 32))
    speech.started(0.0)
    for frame in range(5):
        ring.append(bytes(20 * 32))
        speech.continued(20.0 * (frame + 2), 0.0)
    speech.commit()
    assert given == [20, 60, 40]
    assert heard.turns == [120]


def answered_in(*turns: int) -> CallerSpeech:
    """Speech of which an utterance was answered in each of these turns, and whose words are known."""
    ring, speech, _ = connected()
    for number, turn in enumerate(turns):
        spoken(speech, ring, 200)
        speech.commit()
        speech.committed(f"item-{number}")
        speech.utterances.asked(turn, continues=False)
        speech.take_transcript(f"item-{number}", f"words {number}")
    return speech


def test_words_of_a_turn_that_stand_are_not_taken_for_those_of_the_next() -> None:
    speech = answered_in(1)
    ring = speech._ring
    spoken(speech, ring, 200)
    speech.commit()
    speech.committed("later")
    speech.utterances.asked(2, continues=True, stands=True)
    assert speech.utterances.words(2, f"{SPOKEN} {SPOKEN}", since=1) == f"words 0 {SPOKEN}"
    speech.take_transcript("later", "more")
    assert speech.utterances.words(2, SPOKEN) == "more"


def test_a_session_that_tells_of_no_item_leaves_no_more_turns_than_the_bound() -> None:
    ring, speech, _ = connected()
    for turn in range(1, 3 * MOST_UNTOLD):
        spoken(speech, ring, 20)
        speech.commit()
        speech.utterances.asked(turn, continues=False)
    assert len(speech._uncommitted) == MOST_UNTOLD


def test_a_session_that_tells_of_items_without_end_leaves_no_more_than_the_bound() -> None:
    ring, speech, _ = connected()
    spoken(speech, ring, 400)
    for number in range(3 * MOST_UNTOLD):
        speech.committed(f"early-{number}")
        speech.take_transcript(f"early-{number}", "x" * MAX_UTTERANCE_CHARS * 2)
    assert len(speech._early) == MOST_UNTOLD
    assert max(map(len, speech._early.values())) <= MAX_UTTERANCE_CHARS
    speech.commit()
    assert max(len(utterance.text) for utterance in speech.utterances._kept) <= MAX_UTTERANCE_CHARS
    for number in range(3 * MOST_UNTOLD):
        spoken(speech, ring, 20)
        speech.commit()
        speech.committed(f"wordless-{number}")
    assert len(speech._items) == MOST_UNTOLD


def test_words_of_a_turn_that_are_told_again_and_again_are_bounded() -> None:
    ring, speech, _ = connected()
    spoken(speech, ring, 400)
    for number in range(8):
        speech.committed(f"i{number}")
    speech.commit()
    for number in range(8):
        speech.take_transcript(f"i{number}", "word " * 1_000)
    (utterance,) = speech.utterances._kept
    assert len(utterance.text) <= MAX_UTTERANCE_CHARS


@pytest.mark.parametrize("rest", ["open", ""])
def test_words_that_are_finished_with_in_mid_utterance_stand_before_those_that_come_when_it_is_over(rest: str) -> None:
    """Also where a successor of who told them tells them once more, and where nothing more comes."""
    ring = AudioRing(16_000)
    speech = CallerSpeech(ring)
    spoken(speech, ring, 400)
    for _ in range(2):
        speech.keep_overheard(300.0, "are you")
    speech.commit()
    speech.utterances.asked(1, continues=False)
    ring.append(bytes(1_000 * 32))
    speech.keep_overheard(1_300.0, "nobody speaks")
    said = f"are you {rest}".strip()
    assert speech.utterances.with_beginning(420.0, rest) == said
    assert speech.utterances.take_overheard(420.0, rest) == 1
    assert speech.utterances.words(1, "[speech]") == said
    spoken(speech, ring, 400)
    speech.commit()
    speech.utterances.asked(2, continues=False)
    assert speech.utterances.take_overheard(1_800.0, "") == 0, "it has no beginning of another"
