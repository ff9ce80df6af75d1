"""Half an emoji from anywhere is shown as U+FFFD, and ends nothing."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import MemoryUpdated, ModelEvent, ReplyGenerated, TextGenerated
from actors.rules.unicode_text import is_speakable, well_formed, well_formed_json
from actors.runtime.clock import run_virtual
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, stage

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("", False),
        (" ... ", False),
        ("***", False),
        ("😀", False),
        ("a", True),
        ("5", True),
        ("你", True),
        ("😀 é", True),
    ],
)
def test_only_letters_and_digits_can_be_pronounced(text: str, is_so: bool) -> None:
    assert is_speakable(text) is is_so


@given(ANY_TEXT)
def test_every_text_can_be_encoded_afterwards_and_good_text_is_as_it_was(text: str) -> None:
    well_formed(text).encode()
    if all(not "\ud800" <= character <= "\udfff" for character in text):
        assert well_formed(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\ud83d", "a�"), ("\ude00b", "�b"), ("\ud83d\ude00", "😀"), ("\ude00\ud83d", "��"), ("Zoë", "Zoë")],
)
def test_what_is_replaced(text: str, shown: str) -> None:
    assert well_formed(text) == shown
    assert well_formed_json({text: [text, 1, None]}) == {shown: [shown, 1, None]}


def test_a_model_and_a_client_that_send_half_an_emoji_go_on() -> None:
    async def main() -> None:
        said: list[ModelEvent | float] = [
            TextGenerated("Good \ud83d"),
            MemoryUpdated({"note": "\ude00"}),
            ReplyGenerated(),
        ]
        async with stage(agent=QUIET, model=FakeModel(lambda _: said)) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("hi \ud83d"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["hi �"]
            assert on.ear.of(ReplyHeard)[0].text == "Good"
            msgspec.json.encode(on.session.record())

    run_virtual(main())


def test_a_recognizer_that_tells_half_an_emoji_is_heard() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, utterances=["what now \ud83d"]) as on:
            await on.talk(900)
            await on.ear.until_count(FinalTranscript, 1, 20)
            assert on.ear.of(FinalTranscript)[0].text == "what now �"

    run_virtual(main())


@pytest.mark.parametrize("event", [TextGenerated(None), TextGenerated(b"x"), MemoryUpdated(None), "text", None])  # type: ignore[arg-type]
def test_what_a_model_tells_that_is_no_text_is_passed_over_and_it_is_asked_again(event: Any) -> None:
    async def main() -> None:
        scripts = iter([[event, ReplyGenerated()], [TextGenerated("Here you are."), ReplyGenerated()]])
        async with stage(agent=QUIET, model=FakeModel(lambda _: next(scripts))) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("hello"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert on.ear.of(ReplyHeard)[0].text == "Here you are."
            assert on.actor("orchestrator").restarts == 0

    run_virtual(main())
