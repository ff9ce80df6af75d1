"""The scenario for voicebench: who says what when, and speech that begins and ends with the file."""

from tests.eval.voicebench import scenario, trimmed
from tests.kit.speech import silence

LOUD = b"\x00\x10" * 1_600


def test_a_caller_coughs_into_one_answer_and_interrupts_the_next() -> None:
    made = scenario("ws://127.0.0.1:8000", ["open.wav", "price.wav", "where.wav"], ["stop.wav", "wait.wav"])
    turns = made["turns"]
    assert [turn["expect"] for turn in turns] == ["respond", "ignore", "respond", "stop"] * 2
    assert [turn["audio"]["file"] for turn in turns if turn["expect"] == "stop"] == ["stop.wav", "wait.wav"]
    asked = [turn["audio"]["file"] for turn in turns if turn["expect"] == "respond"]
    assert asked == ["open.wav", "price.wav", "where.wav", "open.wav"]
    assert {turn["audio"]["duration_ms"] for turn in turns if turn["expect"] == "ignore"} == {180}
    assert {turn["start"]["after"] for turn in turns if turn["expect"] == "respond"} == {"agent_speech_end"}


def test_speech_begins_and_ends_with_the_file() -> None:
    assert trimmed(silence(300) + LOUD + silence(40) + LOUD + silence(500)) == LOUD + silence(40) + LOUD
    assert trimmed(silence(100)) == silence(100)
