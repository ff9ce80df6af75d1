"""Writes the JSON schema of an agent's file, for editors: `python -m tests.kit.agent_schema`.

It is that of the Structs into which the file is read, with the texts below their fields as descriptions.
"""

from typing import Any

import msgspec

from app.dialogue.schema import ScriptedAgent
from protocol.schema_patterns import for_every_dialect
from tests.kit.agent_reference import docstrings
from tests.kit.source import ROOT

FILE = ROOT / "config/agent.schema.json"


def schema() -> dict[str, Any]:
    """The schema, with each key's meaning."""
    (root,), components = msgspec.json.schema_components([ScriptedAgent], ref_template="#/$defs/{name}")
    texts = docstrings()
    for name, component in components.items():
        for key, described in component.get("properties", {}).items():
            struct = "Agent" if name == ScriptedAgent.__name__ else name
            if text := texts.get((struct, key)):
                described["description"] = text
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": dict(components)}
    return dict(for_every_dialect(whole))


def written() -> bytes:
    """The schema as the file holds it."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=2) + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(written())
