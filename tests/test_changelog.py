"""The changelog is in order, and short enough to be read."""

import re
import tomllib
from itertools import pairwise

from tests.kit.source import ROOT

KINDS = ("Upgrading", "Added", "Changed", "Removed", "Fixed", "Security")
"""What stands below a version, in this order. Under *Upgrading* is what has to be done by hand."""
MOST_CHARS = 330
"""Of an entry: what a user notices, in a sentence or two; the rest is in docs/ and in the commits."""

TEXT = (ROOT / "CHANGELOG.md").read_text("utf-8")
VERSIONS = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)


def entries(text: str) -> list[str]:
    """The lines of a list, each with those that go on with it."""
    return [" ".join(entry.split()) for entry in re.findall(r"^\* (.*(?:\n  .*)*)", text, re.MULTILINE)]


def test_the_version_that_the_project_has_is_there_below_what_is_not_released() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    names = [name.partition(",")[0] for name, _ in VERSIONS]
    assert names[:2] == ["Unreleased", version]
    numbers = [tuple(map(int, name.split("."))) for name in names[1:]]
    assert all(newer > older for newer, older in pairwise(numbers))


def test_what_stands_below_a_version_is_of_a_known_kind_and_in_order() -> None:
    for name, text in VERSIONS:
        kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds], name
        before, _, _ = text.partition("### ")
        assert entries(before) == [], f"{name}: entries stand below a kind of change"


def test_an_entry_is_read_at_a_glance_and_stands_once() -> None:
    found = [entry for _, text in VERSIONS for entry in entries(text)]
    assert len(found) > 50
    assert [entry for entry in found if len(entry) > MOST_CHARS] == []
    assert len(set(found)) == len(found)
