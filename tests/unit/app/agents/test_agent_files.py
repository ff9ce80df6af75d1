"""Agent files: the shipped ones load; what is wrong with one is said in one line that names file, place and reason."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from app.agents.agent_files import AgentFileError, load_agent, load_agents
from app.dialogue.caller_phrases import caller_phrases
from app.dialogue.schema import dialogue_of
from app.tools import load_tools

SHIPPED = Path(__file__).parents[4] / "config" / "agents"

GOOD = """
name: painter
label: The painter
greeting: Hello.
tools: [end_conversation, free_times]
dialogue:
  slots:
    colour: {type: choice, prompt: ["Which colour?"], choices: [{value: red}, {value: blue, words: [azure]}]}
    day: {type: day, prompt: ["Which day?"]}
  intents:
    - name: paint
      examples: ["paint it {colour}", paint]
      steps:
        - {step: ask, slot: colour}
        - {step: ask, slot: day}
        - step: call
          tool: free_times
          arguments: {day: "{day}"}
          results: [{when: {status: free}, keep: [times], say: ["I have {times}."]}]
        - {step: confirm, text: ["{colour} on {day}?"], declined: ["Then what?"]}
    - {name: bye, does: end, examples: [bye], reply: [Bye.]}
"""


def load(folder: Path, text: str, name: str = "painter.yaml") -> Any:
    (folder / name).write_text(text)
    return load_agents(folder, load_tools())


def test_the_shipped_agents_load() -> None:
    agents = load_agents(SHIPPED, load_tools())
    assert {"dentist", "hotel"} <= set(agents)
    for name, agent in agents.items():
        assert agent.name == name
        assert agent.greeting
        assert agent.instructions
        dialogue = dialogue_of(agent)
        assert dialogue
        assert 50 < len(caller_phrases(dialogue)) <= 3_000


def test_an_agent_is_added_by_adding_a_file(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    agents = load(tmp_path, GOOD.replace("painter", "other"), "other.yaml")
    assert set(agents) == {"painter", "other"}


def test_a_tool_may_be_named_by_reference(tmp_path: Path) -> None:
    tools = load_tools()
    del tools["free_times"]
    (tmp_path / "painter.yaml").write_text(GOOD.replace("free_times]", "app.tools.appointments:free_times]"))
    agents = load_agents(tmp_path, tools)
    assert agents["painter"].tools == ("end_conversation", "free_times")
    assert tools["free_times"].name == "free_times"


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("label: The painter", "label: 7", "label", "Expected `str`, got `int`"),
        ("label: The painter\n", "", "", "missing required field `label`"),
        ("label: The painter", "label: A\nlabels: B", "", "there is no key labels; is label meant?"),
        ("greeting: Hello.", "barge_in: {speaking: {pause: 1}}", "barge_in.speaking", "is pause_ms meant?"),
        ("examples: [bye]", "example: [bye]", "dialogue.intents[1]", "is examples meant?"),
        ("greeting: Hello.", "variables: {name: Ada, age: 7}", "variables.age", "got `int`: put it in quotes"),
        ("greeting: Hello.", "variables: {name: Ada, größe: x}", "variables.größe", "Expected `str` matching regex"),
        (
            "greeting: Hello.",
            "languages: [en-US, fr-FR]\nin_language: {fr-FR: {voice: {rate: 9}}}",
            "in_language.fr-FR.voice.rate",
            "<= 2.0",
        ),
        ("greeting: Hello.", "limits: {no_input_s: 0}", "limits.no_input_s", ">= 0.1"),
        ("greeting: Hello.", "limits: {max_turn_s: 0.05}", "limits.max_turn_s", ">= 0.1"),
        ("greeting: Hello.", "endpointing: {max_utterance_ms: 0}", "endpointing.max_utterance_ms", ">= 100"),
        ("greeting: Hello.", "redact: ['x*']", "redact", "'x*' finds something in every text"),
        ("greeting: Hello.", "greeting: Hello {{nme}}.\nvariables: {name: ''}", "greeting", "is name meant?"),
        ("greeting: Hello.", "phrases: {fillers: ['{{who}}']}", "phrases.fillers[0]", "declare it under variables"),
        ("greeting: Hello.", "greeting: 'Hello {{caller'", "greeting", "does not end with }}"),
        (
            "greeting: Hello.",
            "phrases: {no_input: ['Hm?', 'Are you {{caller_name}?']}",
            "phrases.no_input[1]",
            "end with",
        ),
        ("greeting: Hello.", "in_language: {de-DE: {}}", "in_language.de-DE", "de-DE is none of its languages but"),
        (
            "greeting: Hello.",
            "languages: [en-US, de-DE]\nin_language: {de-D: {}}",
            "in_language.de-D",
            "is de-DE meant?",
        ),
        (
            "greeting: Hello.",
            "languages: [en-US, de-DE]\nin_language: {de-DE: {greeting: 'Hallo {{nme}}'}}",
            "in_language.de-DE.greeting",
            "there is no variable nme",
        ),
        ("greeting: Hello.", "variables: {date: today}", "variables.date", "every agent has this variable"),
        ("greeting: Hello.", "on_session: no.such:hook", "on_session", "there is no module no"),
        ("greeting: Hello.", "on_session: app.tools:load_tools", "on_session", "must take one argument"),
        ("greeting: Hello.", "on_session: app.tools:in_one_lin", "on_session", "has no in_one_lin"),
        ("free_times]", "free_time]", "tools[1]", "is free_times meant?"),
        ("free_times]", "pathlib:Path]", "tools[1]", "it is no function"),
        ("label: The painter", "label: A\nlabel: B", "line 4, column 1", "the key label is there twice"),
        ("label: The painter", "label: [", "line 5, column 6", "expected"),
        ("name: painter", "name: Big Painter", "name", "regex"),
        ("name: painter", "name: printer", "name", "must be named printer.yaml"),
        ("greeting: Hello.", "voice: {rate: 9}", "voice.rate", "<= 2"),
        ("greeting: Hello.", "voice: {lexicon: [{word: A, sya: b}]}", "voice.lexicon[0]", "is say meant?"),
        ("greeting: Hello.", "voice: {lexicon: [{word: A}]}", "voice.lexicon[0]", "missing required field `say`"),
        ("greeting: Hello.", "voice: {lexicon: [{word: '', say: b}]}", "voice.lexicon[0].word", "length >= 1"),
        ("greeting: Hello.", "voice: {lexicon: [{word: '!', say: b}]}", "voice.lexicon[0].word", "is no word"),
        ("greeting: Hello.", "voice: {lexicon: [{word: ' A', say: b}]}", "voice.lexicon[0].word", "no blank around it"),
        ("greeting: Hello.", "voice: {lexicon: [{word: Ann, say: '-'}]}", "voice.lexicon[0].say", "Ann needs letters"),
        (
            "greeting: Hello.",
            "voice: {lexicon: [{word: A, say: b}, {word: A, say: c}]}",
            "voice.lexicon[1].word",
            "A is there twice",
        ),
        ("free_times]", "fly]", "tools[1]", "there is no tool fly"),
        ("free_times]", "end_conversation]", "tools[1]", "named twice"),
        ("free_times]", "no.such.module:fly]", "tools[1]", "no module"),
        ("free_times]", "app.agents.agent_files:load_agents]", "tools[1]", "is no tool"),
        ("paint]", '"{size}"]', "dialogue.intents[0].examples[1]", "there is no slot size"),
        ("paint]", "7]", "dialogue.intents[0].examples[1]", "Expected `str`"),
        ("type: day", "type: year", "dialogue.slots.day.type", "year"),
        ('prompt: ["Which day?"]', "prompt: 3", "dialogue.slots.day.prompt", "Expected `array`"),
        ('prompt: ["Which day?"]', "attempts: 2", "dialogue.intents[0].steps[1].slot", "no prompt"),
        ("slot: day", "slot: hour", "dialogue.intents[0].steps[1].slot", "there is no slot hour"),
        ("tool: free_times", "tool: book", "dialogue.intents[0].steps[2].tool", "the agent has no tool book"),
        ('{day: "{day}"}', '{day: "{dat}"}', "dialogue.intents[0].steps[2].arguments.day", "no slot dat"),
        (
            '{day: "{day}"}',
            '{dya: "{day}"}',
            "dialogue.intents[0].steps[2].arguments.dya",
            "takes no dya; is day meant?",
        ),
        ('{day: "{day}"}', "{}", "dialogue.intents[0].steps[2].arguments", "the tool free_times needs day"),
        ("type: day", "type: number", "dialogue.intents[0].steps[2].arguments.day", "give it the type text"),
        ("keep: [times]", "forget: [hour]", "dialogue.intents[0].steps[2].results[0].forget", "no slot hour"),
        ("on {day}?", "on {dat}?", "dialogue.intents[0].steps[3].text[0]", "no slot dat"),
        ("slot: day}", "slot: day, among: hours}", "dialogue.intents[0].steps[1].among", "no kept result hours"),
        ("name: bye", "name: paint", "dialogue.intents[0].name", "two intents named paint"),
        ("reply: [Bye.]", "steps: [{step: say, text: [x]}]", "dialogue.intents[1].does", "cannot also end"),
        (", reply: [Bye.]", "", "dialogue.intents[1]", "neither a reply nor steps"),
        ("[end_conversation, free_times]", "[free_times]", "dialogue.intents[0]", "needs the tool end_conversation"),
        ("{value: red}", "{value: blue}", "dialogue.slots.colour.choices[0].value", "there twice"),
        ("type: choice,", "type: choice, otherwise: pink,", "dialogue.slots.colour.otherwise", "none of the choices"),
        ("  slots:", "  time_zone: Mars/Base\n  slots:", "dialogue.time_zone", "no time zone"),
        ("  slots:", "  fallback: {tool: fly}\n  slots:", "dialogue.fallback.tool", "no tool fly"),
        ("  slots:", "  unrelated: ['{hour}']\n  slots:", "dialogue.unrelated[0]", "no slot hour"),
        ("  slots:", "  threshold: 2\n  slots:", "dialogue.threshold", "< 1"),
    ],
)
def test_faults_are_located(tmp_path: Path, old: str, new: str, path: str, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(AgentFileError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    error = caught.value
    assert error.file == tmp_path / "painter.yaml"
    assert error.path == path
    assert reason in error.reason
    assert str(error).startswith(str(error.file))
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"- a\n- b\n", "Expected `object`"),
        (b"just words", "Expected `object`"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"name: &x [*x]\n", ""),
        (b"name: !!python/object:os.system ls\n", "could not determine a constructor"),
        (b"? [a]\n: b\n", ""),
        (b"[" * 2_000, ""),
        (b"name: \x07bell\n", "is no YAML"),
        (
            b"a: [Who is it?]\nb: [where is {room}]\n",
            "line 2, column 14: did not find expected ',' or ']': a text that holds",
        ),
        (b"examples: [where is {room}]\n", "but got '{': a text that holds any of , : [ ] { } has to stand in quotes"),
        (b"greeting: Hello: it is me\n", "mapping values are not allowed here: a text that holds any of"),
        (b"tools: [a\n", "expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_what_is_no_agent_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "painter.yaml").write_bytes(content)
    with pytest.raises(AgentFileError) as caught:
        load_agents(tmp_path, load_tools())
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_without_agents_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(AgentFileError, match="no agent"):
            load_agents(folder, load_tools())


def test_two_files_for_one_agent_are_refused(tmp_path: Path) -> None:
    (tmp_path / "painter.yml").write_text(GOOD)
    with pytest.raises(AgentFileError, match="two files"):
        load(tmp_path, GOOD)


PERSONA, DIALOGUE = GOOD.split("dialogue:\n")


def load_apart(folder: Path, persona: str, dialogue: str) -> Any:
    (folder / "painter.dialogue.yaml").write_text(textwrap.dedent(dialogue))
    return load(folder, persona)


def test_a_dialogue_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (apart,) = load_apart(tmp_path, PERSONA, DIALOGUE).values()
    (tmp_path / "whole").mkdir()
    (whole,) = load(tmp_path / "whole", GOOD).values()
    assert apart == whole
    assert dialogue_of(apart) is not None


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("type: day", "type: year", "slots.day.type", "year"),
        ("slot: day", "slot: hour", "intents[0].steps[1].slot", "there is no slot hour"),
        ("tool: free_times", "tool: book", "intents[0].steps[2].tool", "the agent has no tool book"),
        ("  slots:", "  dialogue:", "", "there is no key dialogue"),
        ("  slots:", "  a: [\n  slots:", "line 3, column 9", "expected"),
    ],
)
def test_faults_of_such_a_file_are_located_in_it(tmp_path: Path, old: str, new: str, path: str, reason: str) -> None:
    assert old in DIALOGUE
    with pytest.raises(AgentFileError) as caught:
        load_apart(tmp_path, PERSONA, DIALOGUE.replace(old, new, 1))
    assert caught.value.file == tmp_path / "painter.dialogue.yaml"
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_faults_of_the_agent_are_located_in_the_agents_file(tmp_path: Path) -> None:
    with pytest.raises(AgentFileError, match=r"painter\.yaml: voice\.rate: "):
        load_apart(tmp_path, PERSONA.replace("greeting: Hello.", "voice: {rate: 9}"), DIALOGUE)


def test_two_dialogues_of_one_agent_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AgentFileError, match=r"painter\.yaml: dialogue: .*painter\.dialogue\.yaml"):
        load_apart(tmp_path, GOOD, DIALOGUE)


def test_a_dialogue_without_its_agent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sculptor.dialogue.yaml").write_text(textwrap.dedent(DIALOGUE))
    with pytest.raises(AgentFileError, match=r"sculptor\.dialogue\.yaml: .* there is no sculptor\.yaml"):
        load(tmp_path, GOOD)


def test_a_pattern_of_what_is_left_out_of_records_is_a_regular_expression(tmp_path: Path) -> None:
    file = tmp_path / "clinic.yaml"
    file.write_text("name: clinic\nlabel: Clinic\nredact: ['[A-Z]{2}-\\d+', '(unfinished']\n", encoding="utf-8")
    with pytest.raises(AgentFileError, match=r"redact.*\(unfinished.*no regular expression"):
        load_agent(file, {})


@pytest.mark.parametrize(
    ("guardrail", "told"),
    [
        ("{name: money}", "guardrails[0]: a guardrail has either a pattern or a topic"),
        ("{name: money, pattern: buy, topic: Money.}", "guardrails[0]: a guardrail has either a pattern or a topic"),
        ("{name: money, topic: '--'}", "guardrails[0].topic: says nothing by which a model could judge"),
        ("{name: money, pattern: '('}", "guardrails[0].pattern: is no regular expression"),
        ("{name: money, pattern: 'x*'}", "guardrails[0].pattern: finds something in every text"),
    ],
)
def test_a_guardrail_is_a_pattern_or_a_topic_by_which_can_be_judged(tmp_path: Path, guardrail: str, told: str) -> None:
    with pytest.raises(AgentFileError) as raised:
        load(tmp_path, f"name: painter\nlabel: P\nguardrails: [{guardrail}]\n")
    assert told in str(raised.value)


def test_a_misspelt_key_of_the_guardrails_model_is_reported_with_the_nearest_and_a_right_one_is_read(
    tmp_path: Path,
) -> None:
    head = "name: painter\nlabel: P\nguardrails: [{name: money, topic: Advice on money.}]\n"
    with pytest.raises(AgentFileError, match=r"guardrail_model.*on_failure"):
        load(tmp_path, head + "guardrail_model: {on_failures: closed}\n")
    agents = load(tmp_path, head + "guardrail_model: {on_failure: closed, within_ms: 500, deployment_id: small}\n")
    assert agents["painter"].guardrail_model.within_ms == 500
