"""`python -m app config`: every variable of the environment, what it means, and what it is set to. Shows no secret."""

import inspect
import textwrap
from collections.abc import Collection, Iterator

import msgspec

from config import variables
from config.settings import Settings, groups
from config.variables import Documented

WIDTH = 100
"""About how many characters a line of the output has."""

_INDENT = " " * 6
# A name that is torn apart cannot be searched for.
_WRAPPER = textwrap.TextWrapper(
    WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT, break_long_words=False, break_on_hyphens=False
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A variable as `--json` prints it. `value` is what is in force; null for secrets and where there is none."""

    name: str
    group: str
    value: str | None
    set: bool
    secret: bool
    default: str
    allowed: str
    help: str


def rows(settings: Settings, given: Collection[str]) -> list[Row]:
    """The variables with their values, in the order of the settings. `given` names those that are set."""
    return [
        _row(documented, group, getattr(settings, group), field, is_set=documented.name in given)
        for group, struct in groups().items()
        for field, documented in zip(struct.__struct_fields__, variables.documented(struct), strict=True)
    ]


def _row(documented: Documented, group: str, values: msgspec.Struct, field: str, *, is_set: bool) -> Row:
    shown = "" if documented.secret else variables.written(getattr(values, field))
    return Row(
        name=documented.name,
        group=group,
        value=shown or None,
        set=is_set,
        secret=documented.secret,
        default=documented.default,
        allowed=documented.allowed,
        help=documented.help,
    )


def as_text(found: list[Row], *, only_set: bool = False) -> Iterator[str]:
    """Lines for people: a heading for each group, then each variable with its value and its meaning."""
    for group, struct in groups().items():
        own = [row for row in found if row.group == group and (row.set or not only_set)]
        if not own:
            continue
        yield " ".join((inspect.getdoc(struct) or group).split())
        for row in own:
            value = "(secret)" if row.secret and row.set else row.value or "(unset)"
            yield f"  {row.name}={value}" + ("" if row.set else "  [default]" if row.value else "")
            if not only_set:
                yield from _WRAPPER.wrap(f"{row.help}; {row.allowed}")
        yield ""


def table_of(group: type[msgspec.Struct]) -> str:
    """The variables of a group as a table in Markdown."""
    lines = ["| Variable | Default | Allowed | Meaning |", "|---|---|---|---|"]
    for row in variables.documented(group):
        default = f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.name}` | {default} | {row.allowed} | {row.help} |".replace("|  |", "| |"))
    return "\n".join(lines)
