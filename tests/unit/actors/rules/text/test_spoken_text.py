"""Of what models write, what is spoken; however it is cut into tokens."""

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.text import spoken_text
from actors.rules.text.sentences import SentenceSplitter
from actors.rules.text.spoken_text import speakable
from actors.rules.text.unspoken_parts import UnspokenParts

CASES = [
    ("Hello there. How are you?", "Hello there. How are you?"),
    ("**Bold.** Next *one*, ~~old~~ and `code`.", "Bold. Next one, and code."),
    ("# Title\n\n- item one\n* [x] item two\n> quoted\n\nDone.", "Title item one item two quoted Done."),
    ("Dial *67, press *, press *1* or dial *now*.", "Dial *67, press *, press 1 or dial now."),
    ("See [our site][1], [here][] or [it][a b].", "See our site, here or it."),
    ("[1][2] As said [1].", "As said [1]."),
    ("\U0001d5d5\U0001d5fc\U0001d5f9\U0001d5f1 \uff21\uff22 \uff11", "Bold AB 1"),
    ("(in a cheerful tone) Hi (with a smile) and (in a week).", "Hi (with a smile) and (in a week)."),
    ("Hello\\nworld, \\neq 5", "Hello world, \u2260 5"),
    ("<|im_start|>assistant\nHello.<|im_end|>", "Hello."),
    ("<start_of_turn>model\nHello.<end_of_turn>", "Hello."),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nHello.", "Hello."),
    ("<|im_start|>Assistants", "Assistants"),
    ("<|im_start|>Model cars are here.", "Model cars are here."),
    ("book(day='monday', time=9) Done.", "Done."),
    ("[check(open=true)]\nDone.", "Done."),
    ("Bookings(day = any) or f(x = y)", "Bookings(day = any) or f(x = y)"),
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
    ('Sure. [TOOL_CALLS] [{"name": "x", "arguments": {}}]</s> It is at nine.', "Sure. It is at nine."),
    ('[TOOL_CALLS]book[ARGS]{"day": "monday"} We open at nine.', "We open at nine."),
    (
        'Wait. [TOOL_CALLS]book[CALL_ID]a1b2[ARGS]{"a": "}"}[TOOL_CALLS]free_times[ARGS]{} Booked.',
        "Wait. Booked.",
    ),
    ("[TOOL_CALLS] Let me look. It is at nine.", "Let me look. It is at nine."),
    ('[TOOL_CALLS]free_times(day="monday") At nine.', "At nine."),
    ('[TOOL_CALL]\n{tool => "x", args => {}}\n[/TOOL_CALL]\nAt nine.', "At nine."),
    ("Yes. [TOOL_CALLS]book[ARGS]", "Yes."),
    ("Yes. [TOOL_CALLS]", "Yes."),
    ("[TOOL_CALLS] Yes", "Yes"),
    ('<tool_call>{"name": "x", "arguments": {"a": 1}}\nAt nine.', "At nine."),
    ('<tool_call>\n{"name": "x", "arguments": {"a": 1}\n</tool_call> At nine.', "At nine."),
    ('<tool_call>{"name": "x"}</tool_call><tool_call>{"name": "y"}</tool_call> At nine.', "At nine."),
    (
        "<tool_call>\n<function=book>\n<parameter=day>\nmonday\n</parameter>\n</function>\n</tool_call>At nine.",
        "At nine.",
    ),
    ("<tool_call>book_it\n<arg_key>day</arg_key>\n<arg_value>5</arg_value>\n</tool_call>\nAt nine.", "At nine."),
    ('<function=book>{"day": "monday"}\nAt nine.', "At nine."),
    ('<function=book{"day": "monday"}></function> At nine.', "At nine."),
    ('<function=book>{"day": "monday"}</function=book> At nine.', "At nine."),
    ('<TOOLCALL>[{"name": "x"}]</TOOLCALL> At nine.', "At nine."),
    ("<think/>At <invoke name='x'/>nine.", "At nine."),
    ('<|python_tag|>{"name": "x", "parameters": {"a": 1}}<|eom_id|>At nine.', "At nine."),
    ('<|python_tag|>book.call(day="monday (or so)")<|eom_id|>At nine.', "At nine."),
    ("<|python_tag|>import x\nprint(1)<|eom_id|>At nine.", "At nine."),
    ('<|python_start|>[book_it(day="monday")]<|python_end|>At nine.', "At nine."),
    ('<|tool_call|>[{"name": "x"}]<|/tool_call|>At nine.', "At nine."),
    ('<|tool_call|>[{"name": "x"}]\nAt nine.', "At nine."),
    ("```tool_code\nprint(book_it(day='monday'))\n```\nAt nine.", "At nine."),
    ("tool_code\nprint(book_it(day='monday'))\nAt nine.", "At nine."),
    ("It is ~~Tuesday~~ Wednesday.", "It is Wednesday."),
    ("~~We are open on Mondays. Come in.~~ We are closed.", "We are closed."),
    ("~~Dienstag~~ Mittwoch, ~~a b~~ und ~~c~~", "Mittwoch, und"),
    ("It takes ~~5 minutes, or ~~ so ~~ more", "It takes 5 minutes, or so more"),
    ("About ~5 to ~10 minutes.", "About ~5 to ~10 minutes."),
    ("It is <del>Tuesday</del> <strike>or <b>so</b></strike> <s>no</s> Wednesday.", "It is Wednesday."),
    ("<s>It is at nine.</s>", "It is at nine."),
    ("It is <del>Tuesday and so on", "It is Tuesday and so on"),
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
    ("<Thought>\nhm\n</Thought>\n\nWe open.", "We open."),
    ("<seed:think>no</seed:think>Yes. <antThinking>no</antThinking>It is.", "Yes. It is."),
    ("<chain_of_thought>no</chain_of_thought><answer>Yes.</answer> <internal>no</internal>", "Yes."),
    ("[THINK]no[/THINK]At nine. [think]no[/think]", "At nine."),
    ("<|begin_of_thought|>no<|end_of_thought|><|begin_of_solution|>Yes.<|end_of_solution|>", "Yes."),
    ("<|START_THINKING|>no<|END_THINKING|>Yes. <|thinking|>no<|/thinking|>", "Yes."),
    (
        "Hi. <|tool_calls_section_begin|><|tool_call_begin|>functions.book:0<|tool_call_argument_begin|>{}"
        "<|tool_call_end|><|tool_calls_section_end|>Yes.",
        "Hi. Yes.",
    ),
    ("<\uff5ctool\u2581calls\u2581begin\uff5c>book\n{}<\uff5ctool\u2581calls\u2581end\uff5c>Yes.", "Yes."),
    ("<|python_tag|>book.call(x=1)", ""),
    ("<start_function_call>call:book{a:1}<end_function_call>Yes.", "Yes."),
    ('[{"name": "book", "arguments": {"x": ["a]"]}}]', ""),
    ('{"a": "say \\"}\\" twice"} Yes.', "Yes."),
    ('book_it(day="monday (or so)", time="9")\nDone.', "Done."),
    (
        "[book_it(day='x')] Yes. snake_case is (not) one, nor is it_is(so).",
        "Yes. snake_case is (not) one, nor is it_is(so).",
    ),
    ('functions.book({"a": 1})', ""),
    ("Thought: I should book.\nAction: book[x]\nObservation: done\nFinal Answer: We open at nine.", "We open at nine."),
    ("**Thinking:** The caller wants hours.\n\n**Answer:** We open at nine.", "We open at nine."),
    (
        "Action is needed. Thinking of it: yes. Answer it: now.",
        "Action is needed. Thinking of it: yes. Answer it: now.",
    ),
    ("Assistant: Hello there.\nUser: and you?\nAssistant: Me too.", "Hello there."),
    ("Ask the\nAssistant: she knows.", "Ask the Assistant: she knows."),
    ("User: it is you.", "User: it is you."),
    ("~~~\ncode\n~~~\nDone.", "Done."),
    ("<!-- a - b --c -->Yes.<script>x < 1</script> <style>p{}</style>No.", "Yes. No."),
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


SPEAKABLE = [
    ("[laughs] That is *smiles* (sighs) it.", " That is smiles it."),
    ("It is $\\frac{1}{2}$, not $5 or $6.", "It is 1/2, not $5 or $6."),
    (
        "See example.com/a/b?c=1, ftp://files.example.com/x or mailto:me@example.com.",
        "See example.com, files.example.com or me@example.com.",
    ),
    ("9.5/10 and/or 24/7.", "9.5/10 and/or 24/7."),
    ("It is so[1], as they say[2][3]; see [4] [5][6].", "It is so, as they say; see [4]."),
    ("[1]: https://example.com/a", ""),
    ("Note[^1].\n[^1]: It is so.", "Note.\n It is so."),
    ("Fine :-) and :smile: bye ;D thanks <3", "Fine and bye thanks "),
    ("Loved it <3, really. xD 8-) XD", "Loved it, really. "),
    ("Wait <3 days, or >2 weeks.", "Wait <3 days, or >2 weeks."),
    ("It is 2*3 and 4 * 5, *not* 2**3**.", "It is 2×3 and 4 * 5, not 23."),  # noqa: RUF001
    ("At 10:30:15 or 7:3, a:b:c.", "At 10:30:15 or 7:3, a:b:c."),
    ("==Yes== ++no++ H~2~O and x^2^.", "Yes no H 2O and x\u00b2."),
    ("Monday\t9 to 5", "Monday, 9 to 5"),
    ("Term\n: what it is", "Term\nwhat it is"),
    ("\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea!", ""),
]


@pytest.mark.parametrize(("piece", "expected"), SPEAKABLE)
def test_what_is_said_of_a_piece(piece: str, expected: str) -> None:
    assert speakable(piece) == expected


def test_however_it_is_cut_it_comes_to_the_same() -> None:
    chance = random.Random(7)
    unclosed = ("```", "~~~", "for ever", "}}", "User:", "python_tag", "Thought:", "Thinking:")
    whole = " ".join(text for text, _ in CASES if not any(mark in text for mark in unclosed))
    expected = spoken(whole, [whole])
    for _ in range(50):
        cuts, at = [], 0
        while at < len(whole):
            size = chance.randint(1, 12)
            cuts.append(whole[at : at + size])
            at += size
        assert spoken(whole, cuts) == expected


@pytest.mark.parametrize(
    "form", ["{}", "{}.", "It is {} today.", "{}, or more?", "No. {}!", "({})", "{}%", "${}", "-{} degrees"]
)
def test_every_number_is_said(form: str) -> None:
    numbers = [
        *map(str, range(1_000)),
        *map(str, range(3_000, 10_000, 7)),
        "8.3",
        "8,333",
        "83:33",
        "08",
        "1/8",
        "8-3",
        "+38",
    ]
    lost = [number for number in numbers if number not in speakable(form.format(number))]
    assert lost == []


@pytest.mark.parametrize("form", ["{}", "Row {}.", "It is {}, not more.", "{} it is."])
def test_every_seat_code_and_initial_is_said(form: str) -> None:
    letters = string.ascii_letters
    codes = [f"{digit}{letter}" for digit in "0123456789" for letter in letters]
    codes += [f"{letter}{digit}" for digit in "0123456789" for letter in letters]
    codes += [a + b for a in string.ascii_uppercase for b in string.ascii_letters if a + b not in ("XD", "xD")]
    lost = [code for code in codes if code not in speakable(form.format(code))]
    assert lost == []


@given(st.text(st.sampled_from("abceowxXDP0389 ,.?!'\u2019éß日"), max_size=40))
def test_what_has_no_mark_is_said_to_the_letter(text: str) -> None:
    shortly = speakable(text)
    with pytest.MonkeyPatch.context() as looked_at_whole:
        looked_at_whole.setattr(spoken_text, "_PLAIN", re.compile("(?!)"))
        assert shortly == speakable(text)
