"""The tool by which a model changes the language of the conversation."""

import pytest

from actors.runtime.clock import run_virtual
from actors.tools import ToolContext
from app.tools.language import switch_language


@pytest.mark.parametrize(
    ("asked", "languages", "language", "told"),
    [
        ("de", ("en-US", "de-DE"), "de-DE", "the conversation goes on in de-DE"),
        ("fr", ("en-US", "de-DE"), "", "you cannot speak fr: you speak en-US, de-DE"),
        ("fr", (), "", "you cannot speak fr: you speak no other language"),
    ],
)
def test_it_changes_to_a_language_of_the_agent(
    asked: str, languages: tuple[str, ...], language: str, told: str
) -> None:
    context = ToolContext(session_id="s", languages=languages)
    outcome = run_virtual(switch_language.run(f'{{"language": "{asked}"}}', context))
    assert (outcome.language, outcome.failed) == (language, not language)
    assert told in outcome.text
