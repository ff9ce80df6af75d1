"""YAML is loaded quickly, as PyYAML's own loader does it, and what is wrong with it is said in that loader's words."""

from typing import Any

import pytest
import yaml

from app.agents import yaml_loading
from app.agents.yaml_loading import load_yaml
from tests.kit.source import ROOT

FILES = sorted((ROOT / "config").rglob("*.yaml"))


@pytest.mark.parametrize("text", [path.read_text() for path in FILES], ids=[path.name for path in FILES])
def test_it_is_what_the_loader_of_the_library_makes(text: str) -> None:
    assert load_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "7",
            "a: 1.5\nb: [yes, no, null, 0x1f, 1_000]",
            "\ufeffa: b",
            "? a\n: b",
            "---\na: b\n...",
        ),
        *(
            "a: &x {b: 1}\nc: {<<: *x, d: 2}",
            "a: |\n  one\n  two\nb: >-\n  one\n  two",
            'a: "\\u263a \\x41"',
            "a: ☺ 你",
        ),
    ],
)
def test_and_so_is_what_agents_do_not_use_yet(text: str) -> None:
    assert load_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    "said",
    ["2026-01-31", "2026-01-31T10:00:00Z", "14:30", "9:05", "1:30:00", "+12:00", "20:30.5"],
)
def test_a_date_and_a_time_are_the_text_that_was_written(said: str) -> None:
    assert load_yaml(f"a: {said}\nb: [{said}]") == {"a": said, "b": [said]}


@pytest.mark.parametrize(
    "text",
    [
        *("label: [", "a: b: c", 'a: "x', "\ta: 1", "a: *y", "%foo\na: 1", "a: \x01", "- a\nb: 1", "a: @x", 'a: "\\q"'),
        *("a: 1\n---\nb: 2", "!!python/object:os.system x", "a: |\n  x\n y: z"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_library(text: str) -> None:
    with pytest.raises(yaml.YAMLError) as library:
        yaml.safe_load(text)
    with pytest.raises(yaml.YAMLError) as ours:
        load_yaml(text)
    assert str(ours.value) == str(library.value)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "b:\n  - {a: 1, a: 2}"])
def test_a_key_is_there_once(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="the key a is there twice"):
        load_yaml(text)


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_what_is_nested_without_end_is_an_error_and_no_crash(opens: str, closes: str) -> None:
    with pytest.raises(RecursionError):
        load_yaml(opens * 100_000 + "1" + closes * 100_000)


def test_it_is_parsed_in_c_where_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_not_used(*_: Any) -> None:
        raise AssertionError

    assert yaml.__with_libyaml__
    monkeypatch.setattr(yaml_loading._Loader, "__init__", is_not_used)
    assert load_yaml("a: b") == {"a": "b"}
