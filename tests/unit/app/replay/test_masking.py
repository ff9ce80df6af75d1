"""A masked text means to the rules of turn-taking what was said, and says none of it."""

import random
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Phrases, VoicemailAction
from actors.conversation import KeyPattern, PositionPrecision, SpokenWord
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.model import KeysExpected, ReplyFailed
from actors.messages.playback import PlaybackFinished
from actors.messages.transcript import EndOfTurnLikely, FinalTranscript, InterimTranscript, SpeechStarted
from actors.rules.answering_machine import Heard
from actors.rules.answering_machine import judged as machine_or_person
from actors.rules.backchannel import POLITE, asks_to_wait, begins_with, meaningful_words, words_of
from actors.rules.language_words import BY_LANGUAGE
from actors.rules.questions import question_s
from actors.rules.turn_taking.event_rules import RULES, TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import Screening, TurnSnapshot
from actors.turn_taking_settings import BargeIn
from app.replay.masking import Masking, essential
from tests.kit.session_kit import AGENT

OTHERS = (
    "4711",
    "Miller",
    "o'clock",
    "seven",
    "电话",
    "我想",
    "プラン",
    "don\u2019t",
    "...",
    "mother-in-law",
    "a",
    "one",
)

HEARD: dict[str, Any] = {"precision": PositionPrecision.EXACT, "heard_ms": 500.0, "text_end": 10}


def speaking(language: str) -> Agent:
    return msgspec.structs.replace(AGENT, languages=(language,))


def judged(agent: Agent, text: str) -> tuple[object, ...]:
    words = TurnTaking(agent).words
    return (
        meaningful_words(text, words.backchannels),
        meaningful_words(text, words.backchannels, words.attention),
        begins_with(text, words.stop_words, unless=words.backchannels),
        asks_to_wait(text, words.waiting, words.backchannels),
        bool(text.strip()),
    )


@pytest.mark.parametrize("language", sorted(BY_LANGUAGE))
def test_whatever_is_said_is_judged_alike(language: str) -> None:
    agent, chance = speaking(language), random.Random(language)
    words = TurnTaking(agent).words
    known = (*words.backchannels, *words.stop_words, *words.attention, *words.waiting, *POLITE)
    masking = Masking(agent)
    for _ in range(400):
        separator = chance.choice((" ", ", ", "" if language in ("zh", "ja") else " "))
        said = separator.join(chance.choice(chance.choice((known, OTHERS))) for _ in range(chance.randint(0, 6)))
        said = chance.choice((said, said.upper(), f"{said}?"))
        assert judged(agent, masking.text(said)) == judged(agent, said), said
        assert masking.text(masking.text(said)) == masking.text(said)


def test_words_that_were_probably_the_last_are_the_same_or_others_as_they_were() -> None:
    chance = random.Random(7)
    texts = (
        "yes",
        "Yes.",
        "book",
        "book Miller",
        "book Meyer",
        "yes Miller",
        "电话",
        "我想",
        "book 电话",
        "uh huh",
        "...",
    )
    for _ in range(300):
        masking = Masking(AGENT)
        turns = [TurnTaking(msgspec.structs.replace(AGENT, greeting="")) for _ in range(2)]
        for turn in turns:
            turn.start(0.0)
        for number in range(12):
            text, end_ms = chance.choice(texts), float(number + 1)
            event: TurnEvent = chance.choice(
                (
                    SpeechStarted(0.0),
                    EndOfTurnLikely(text),
                    EndOfTurnLikely(text),
                    InterimTranscript(text, 0.0, end_ms),
                    FinalTranscript(text=text, end_ms=end_ms),
                )
            )
            told = (event, masking.event(event))
            decided = [
                [type(e).__name__ for e in turn.handle(each, number)] for turn, each in zip(turns, told, strict=True)
            ]
            assert decided[0] == decided[1], told
            if any(each == "StartReply" for each in decided[0]):
                for turn in turns:
                    turn.handle(ReplyFailed(turn=turn.state.turn_number, has_text=False), number)
                    turn.handle(PlaybackFinished(reply=turn.state.last_reply, **HEARD), number)


def test_only_what_the_rules_know_stays() -> None:
    masking = Masking(AGENT)
    assert masking.text("No, hold on: my PIN is 4711, one second") == "no hold on word word word word one second"
    assert masking.text("one two one four") == "word word word word"
    assert masking.text("  ") == ""
    assert masking.text("?!") == "..."


def test_words_that_an_agent_names_itself_stay_and_none_of_them_is_the_mask() -> None:
    agent = msgspec.structs.replace(AGENT, barge_in=BargeIn(stop_words=("word",), backchannels=("so",)))
    assert Masking(agent).text("word is so there") == "word xxxx so xxxx"


def test_a_phrase_lasts_as_long_and_asks_as_before() -> None:
    masking = Masking(AGENT)
    for text in ("Hello Mr. Smith. How are you?", "您好\uff0c史密斯先生。需要什么\uff1f", "Hi."):
        assert question_s(masking.phrase(text)) == question_s(text)
        assert not {"m", "i", "t", "史"} & set(masking.phrase(text))


def test_keys_are_one_digit_and_what_ends_them_stays() -> None:
    masking = Masking(msgspec.structs.replace(AGENT, keys=KeyPattern(terminator="0")))
    assert [masking.key(key) for key in "1209*#A"] == ["1", "1", "0", "1", "*", "#", "A"]
    masking.event(KeysExpected(KeyPattern(terminator="1")))
    assert [masking.key(key) for key in ("1", "5", "secret", "")] == ["1", "2", "?", "?"]


def test_the_texts_of_events_and_states_are_masked() -> None:
    masking = Masking(AGENT)
    final = FinalTranscript(text="I am Miller", end_ms=900.0, words=(SpokenWord("Miller", 1.0, 2.0),))
    assert masking.event(final) == FinalTranscript(text="word word word", end_ms=900.0)
    assert masking.event(InterimTranscript("Miller", 1.0, 2.0)) == InterimTranscript("word", 1.0, 2.0)
    assert masking.event(TextEntered("Miller", 3)) == TextEntered("word", 3)
    assert masking.event(KeyPressed("7", 4)) == KeyPressed("0", 4)
    said = TurnSnapshot(asked="Miller", interim="yes", waiting_text="4711", tail_text="ok", keys="47", turn_number=3)
    assert masking.state(said) == TurnSnapshot(
        asked="word", interim="yes", waiting_text="word", tail_text="ok", keys="00", turn_number=3
    )


NO_CONTENT = {"speaker", "language", "cause"}
"""Texts that are labels of ours."""


def has_content(kind: type[msgspec.Struct]) -> bool:
    return any(field.type is str and field.name not in NO_CONTENT for field in msgspec.structs.fields(kind))


def filled(kind: type[msgspec.Struct], said: str) -> Any:
    """A message or state in which each text is `said`, but for those of `NO_CONTENT`."""
    nothing: dict[type, Any] = {int: 1, float: 1.0, bool: True}
    values = {
        field.name: said if field.type is str else nothing.get(field.type)
        for field in msgspec.structs.fields(kind)
        if field.required or (field.type is str and field.name not in NO_CONTENT)
    }
    return kind(**values)


def test_no_text_of_any_event_or_state_stays() -> None:
    said = "Miller 4711"
    masking = Masking(AGENT)
    events = [masking.event(filled(kind, said)) for kind in RULES if has_content(kind)]
    assert {type(event) for event in events} >= {InterimTranscript, FinalTranscript, TextEntered, KeyPressed}
    masked = [masking.state(filled(TurnSnapshot, said)), *events]
    assert b"Miller" not in msgspec.msgpack.encode(masked)
    assert b"4711" not in msgspec.msgpack.encode(masked)


def test_that_something_was_spoken_to_a_model_that_hears_stays_what_it_is() -> None:
    kept = TurnSnapshot(asked="4711 [speech] Miller", waiting_text="[speech] [speech]", tail_text="[speech]")
    assert Masking(AGENT).state(kept) == TurnSnapshot(
        asked="word [speech] word", waiting_text="[speech] [speech]", tail_text="[speech]"
    )


def test_of_an_agent_only_what_turn_taking_asks_is_kept() -> None:
    agent = msgspec.structs.replace(AGENT, instructions="secret", description="secret", tools=("secret",))
    kept = essential(agent)
    assert b"secret" not in msgspec.json.encode(kept)
    assert (kept.barge_in, kept.limits, kept.keys) == (agent.barge_in, agent.limits, agent.keys)
    assert len(kept.phrases.no_input) == len(agent.phrases.no_input)


def test_every_list_of_words_that_the_rules_know_is_left_in_place() -> None:
    words = TurnTaking(AGENT).words
    masking = Masking(AGENT)
    for group in msgspec.structs.astuple(words):
        assert masking.text(f"{group[0]} Miller") == f"{' '.join(words_of(group[0]))} word"


def test_what_is_heard_of_an_answering_machine_is_judged_alike() -> None:
    screening = msgspec.structs.replace(AGENT, voicemail=VoicemailAction.HANG_UP)
    masking = Masking(essential(screening))
    for said in (
        "You have reached Anna Miller, please leave a message after the tone.",
        "Anna Miller is not available, would you like to leave a message",
        "Miller, not available. Leave your name?",
    ):
        masked = masking.text(said)
        assert "miller" not in masked
        assert machine_or_person(Heard(text=masked), ["en-US"]) == machine_or_person(Heard(text=said), ["en-US"])
    state = TurnSnapshot(screening=Screening(words="Anna Miller, leave a message"))
    assert masking.state(state) == TurnSnapshot(screening=Screening(words="word word leave a message"))


def test_the_phrases_of_an_agent_keep_their_shape_and_nothing_else() -> None:
    phrases = Phrases(say_again="Miller, say again?", no_input=("Miller?", "There, Miller?"))
    agent = msgspec.structs.replace(AGENT, introduction="Hello Miller.", phrases=phrases)
    masked = Masking(agent).agent(essential(agent))
    assert b"Miller" not in msgspec.json.encode(masked)
    assert question_s(masked.phrases.say_again) == question_s(phrases.say_again)
    assert list(map(question_s, masked.phrases.no_input)) == list(map(question_s, phrases.no_input))
    assert masked.introduction == "xxxxx xxxxxx."
