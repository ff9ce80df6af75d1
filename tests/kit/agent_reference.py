"""Writes the table of an agent file's keys into docs/agents.md: `python -m tests.kit.agent_reference`.

The keys are the fields of the Structs of `actors/agent.py` and of those that it has as fields, their meanings the
texts below the fields.
Only what stands between the two comments of that page is replaced.
"""

import ast
import re
from collections.abc import Iterator

import msgspec

from actors.agent import Agent
from actors.turn_taking_settings import BargeIn, PhasePolicy
from tests.kit.source import ROOT

PAGE = ROOT / "docs/agents.md"
BEGIN, END = "<!-- keys: python -m tests.kit.agent_reference -->", "<!-- end of keys -->"
MODULES = ("agent", "conversation", "mcp_server", "turn_taking_settings")
SOURCES = tuple(ROOT / f"actors/{module}.py" for module in MODULES)


def docstrings() -> dict[tuple[str, str], str]:
    """The text below each field of the Structs, by class and field."""
    found = {}
    for source in SOURCES:
        for struct in (node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)):
            for field, text in zip(struct.body, struct.body[1:], strict=False):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(meaning))):
                        found[struct.name, name] = " ".join(meaning.split())
                    case _:
                        continue
    return found


def rows(struct: type[msgspec.Struct] = Agent, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Key, default and meaning of each field of `struct`, those of Structs within it by their dotted names."""
    texts = docstrings()
    for field in msgspec.structs.fields(struct):
        key = prefix + field.name
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if isinstance(default, PhasePolicy) and prefix == "barge_in.":
            yield f"{key}.*", _changed(default), texts.get((struct.__name__, field.name), "")
        elif isinstance(default, msgspec.Struct):
            if (text := texts.get((struct.__name__, field.name))) is not None:
                yield key, "", text
            yield from rows(type(default), f"{key}.")
        else:
            yield key, _shown(default), texts.get((struct.__name__, field.name), "")
    if struct is BargeIn:
        yield from rows(PhasePolicy, f"{prefix}PHASE.")


def table() -> str:
    """The rows as a table in Markdown."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |".replace("|  |", "| |") for row in rows()]
    return "\n".join(lines)


def with_table(page: str) -> str:
    """`page` with the table between its two comments."""
    between = f"(?s)(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)}\n)"
    return re.sub(between, lambda _: f"\n{table()}\n\n", page)


def _shown(default: object) -> str:
    """A default as YAML shows it."""
    if default is msgspec.NODEFAULT:
        return "required"
    if default is None or default in ("", (), {}):
        return "unset"
    if isinstance(default, tuple):
        return "; ".join(str(each) for each in default)
    return str(default).lower() if isinstance(default, bool) else f"{default}"


def _changed(policy: PhasePolicy) -> str:
    """The fields of a phase's policy that differ from those of a phase in general."""
    general = PhasePolicy()
    names = [name for name in policy.__struct_fields__ if getattr(policy, name) != getattr(general, name)]
    return ", ".join(f"{name} {_shown(getattr(policy, name))}" for name in names) or "as below"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
