"""A folder of knowledge, and its search."""

from pathlib import Path

import pytest

from actors.tools import ToolContext
from app.agents.agent_files import AgentFileError, load_agents
from app.agents.knowledge import PASSAGE_CHARS, Knowledge, KnowledgeError, knowledge_tool
from app.tools import load_tools

GUIDE = """# The house

It stands by the harbour.

## Parking

Cars are parked behind the house. It costs five euros a night.

## Animals ##

Dogs are welcome; cats are not.
"""


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    folder = tmp_path / "guide"
    (folder / "more").mkdir(parents=True)
    (folder / "house.md").write_text(GUIDE)
    (folder / "more" / "food.txt").write_text(
        "Breakfast is served from seven.\n\nThe cr\u00e8me br\u00fbl\u00e9e is good."
    )
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


def test_what_is_found_has_its_place(guide: Path) -> None:
    (first, *_) = Knowledge(guide).search("Where can I park my cars?")
    assert first.source == "house.md#Parking"
    assert first.text == "Cars are parked behind the house. It costs five euros a night."


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("dog", "house.md#Animals"),
        ("creme brulee", "more/food.txt"),
        ("BREAKFAST", "more/food.txt"),
        ("animals", "house.md#Animals"),
    ],
)
def test_words_are_found_by_their_stem_without_accents_and_in_headings(guide: Path, question: str, source: str) -> None:
    assert Knowledge(guide).search(question)[0].source == source


@pytest.mark.parametrize("question", ["", "?!", "zeppelin", '"AND OR NOT ( * NEAR', "source:x"])
def test_a_question_is_no_query(guide: Path, question: str) -> None:
    assert all(passage.text for passage in Knowledge(guide).search(question))


def test_passages_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("\n\n".join(f"paragraph {number} of many words" for number in range(400)))
    passages = Knowledge(tmp_path).search("paragraph", limit=1_000)
    assert len(passages) > 5
    assert max(len(passage.text) for passage in passages) < PASSAGE_CHARS + 200


async def test_the_tool_gives_passages_with_their_sources(guide: Path) -> None:
    search = knowledge_tool("harbour-house", Knowledge(guide))
    assert search.name == "search_knowledge_harbour_house"
    outcome = await search.run('{"question": "dogs"}', ToolContext(session_id="s"))
    assert outcome.result["passages"][0]["source"] == "house.md#Animals"
    nothing = await search.run('{"question": "zeppelin"}', ToolContext(session_id="s"))
    assert nothing.result == {"passages": []}


def test_an_agent_has_the_tool_of_its_folder(guide: Path) -> None:
    tools = load_tools()
    (guide.parent / "house.yaml").write_text("{name: house, label: House, knowledge: guide, tools: [end_conversation]}")
    agent = load_agents(guide.parent, tools)["house"]
    assert agent.tools == ("end_conversation", "search_knowledge_house")
    assert "search_knowledge_house" in tools


def test_a_folder_that_is_missing_is_a_mistake_of_the_agents_file(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text("{name: house, label: House, knowledge: gude}")
    with pytest.raises(AgentFileError, match=r"house\.yaml: knowledge: there is no folder"):
        load_agents(tmp_path, load_tools())


@pytest.mark.parametrize(("name", "content", "reason"), [("a.md", b"\xff", "no UTF-8"), ("a.pdf", b"x", "holds no")])
def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(KnowledgeError, match=reason):
        Knowledge(tmp_path)
