"""The JSON schema of agents' files is that of the code, and admits what ships."""

from tests.kit.agent_schema import FILE, schema, written


def test_the_schema_is_that_of_the_code() -> None:
    assert FILE.read_bytes() == written(), "run: python -m tests.kit.agent_schema"


def test_keys_are_explained_and_no_others_are_admitted() -> None:
    agent = schema()["$defs"]["ScriptedAgent"]
    assert agent["additionalProperties"] is False
    assert {"name", "label"} == set(agent["required"])
    assert agent["properties"]["greeting"]["description"].startswith("The first words")
