"""Of what models write, what is spoken; however it is cut into tokens."""

import random

import pytest

from actors.rules.sentences import SentenceSplitter
from actors.rules.spoken_text import UnspokenParts, speakable

CASES = [
    ("Hello there. How are you?", "Hello there. How are you?"),
    ("**Bold.** Next *one*, ~~old~~ and `code`.", "Bold. Next one, old and code."),
    ("# Title\n\n- item one\n* [x] item two\n> quoted\n\nDone.", "Title item one item two quoted Done."),
    ("1. First\n2. Second", "1. First 2. Second"),
    ("| a | b |\n|---|:-:|\n| 1 | 2 |\n", "a, b. 1, 2."),
    ("See [our site](https://www.example.com/a?x=1 'T') now.", "See our site now."),
    ("Go to https://www.example.com/foo/bar_baz.html, or www.test.org.", "Go to example.com, or test.org."),
    ("<think>I should\nlie</think>Hello.", "Hello."),
    ("<THINKING>no</thinking>Yes <reasoning effort='x'>{</reasoning>no.", "Yes no."),
    ("Wait. <think>for ever", "Wait."),
    ('One moment <function=book>{"a": {"b": 1}}</function> please.', "One moment please."),
    ('<tool_call>{"name": "x"}</tool_call>', ""),
    ('{"name": "book", "arguments": {"x": {"y": "}"}}', ""),
    ('Sure. { "name": "book", "arguments": {} } Done.', "Sure. Done."),
    ("<|im_start|>Hi<|im_end|>", "Hi"),
    ("Hi <b>you</b><br/> and <speak version='1'>me</speak>.", "Hi you and me."),
    ("```py\nprint(1)\n```\nThat is it.", "That is it."),
    ("```py\nprint(1)", ""),
    ("\U0001f642\U0001f44d\U0001f3fd", ""),
    ("Fine \u2705, 20 \u00b0C \u260e\ufe0f.", "Fine, 20 \u00b0C."),
    ("Half \ufffd an emoji.", "Half an emoji."),
    ("---\n***", ""),
    ("5 < 6, a<b and 3 * 4 = 12, snake_case_name and _it_.", "5 < 6, a<b and 3 * 4 = 12, snake_case_name and it."),
    ("It costs {5}, or { nothing }.", "It costs {5}, or { nothing }."),
    ("It is a < b", "It is a < b"),
    ("It is <", "It is <"),
    ("So <b and c", "So <b and c"),
    ("So </functio", "So"),
    ("A ` and a {", "A  and a {"),
    ('Sure. [TOOL_CALLS] [{"name": "x", "arguments": {}}]', "Sure."),
    ("[Terms] apply, see [1] and [T", "[Terms] apply, see [1] and [T"),
    ("<analysis>no</analysis><function_calls><invoke name='x'>no</invoke></function_calls>Hi.", "Hi."),
    ("\u25c1think\u25b7no\u25c1/think\u25b7Hi. \u25c1 left", "Hi. \u25c1 left"),
    (
        "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>commentary to=functions.x "
        '<|constrain|>json<|message|>{"a": 1}<|call|><|start|>assistant<|channel|>final<|message|>Hi there.<|return|>',
        "Hi there.",
    ),
    ("<|channel|>analysis<|message|>no<|start|>assistant<|channel|>final<|message|>Hi.", "Hi."),
    ("It is open\u301014:2\u2020hours.pdf\u3011 now[^1]. \u3010Note\u3011", "It is open now. \u3010Note\u3011"),
    ("Fish &amp; chips&nbsp;&#8212; it&#39;s &quot;good&quot;.", 'Fish & chips \u2014 it\'s "good".'),
    ("AT&T, Q&A and R&copy, or A & B; so &what;?", "AT&T, Q&A and R&copy, or A & B; so &what;?"),
    ("Less &lt; more, press &lt;enter&gt;, 20&#xb0;C&shy;&#x200b;.", "Less < more, press <enter>, 20\u00b0C."),
    ("Nice &#128512; day &", "Nice day &"),
    ("So &am", "So &am"),
    ("&nbsp;", ""),
    ("Gr\u00fc\u00dfe, caf\u00e9 \u2014 ja!", "Gr\u00fc\u00dfe, caf\u00e9 \u2014 ja!"),
]


def spoken(text: str, cuts: list[str]) -> str:
    parts, splitter, pieces = UnspokenParts(), SentenceSplitter(), []
    for token in cuts:
        pieces += splitter.push(parts.push(token))
    pieces += [*splitter.push(parts.finish()), *splitter.finish()]
    return " ".join("".join(filter(None, map(speakable, pieces))).split())


@pytest.mark.parametrize(("text", "expected"), CASES)
@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_what_is_spoken(text: str, expected: str, size: int) -> None:
    assert spoken(text, [text[at : at + size] for at in range(0, len(text), size)]) == " ".join(expected.split())


def test_texts_without_any_of_it_are_spoken_as_they_are_and_at_once() -> None:
    parts = UnspokenParts()
    assert [parts.push(token) for token in ("Well, ", "that is", " it.")] == ["Well, ", "that is", " it."]
    assert speakable(" Well, that is it. ") == " Well, that is it. "


def test_text_is_not_held_for_long_because_of_a_sign() -> None:
    parts = UnspokenParts()
    held = parts.push("a <b " + "and so on " * 40)
    assert len(held) > 300


def test_however_it_is_cut_it_comes_to_the_same() -> None:
    chance = random.Random(7)
    whole = " ".join(text for text, _ in CASES if "```" not in text and "for ever" not in text and "}}" not in text)
    expected = spoken(whole, [whole])
    for _ in range(50):
        cuts, at = [], 0
        while at < len(whole):
            size = chance.randint(1, 12)
            cuts.append(whole[at : at + size])
            at += size
        assert spoken(whole, cuts) == expected
