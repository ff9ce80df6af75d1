"""Writes the tables of docs/environment.md from the settings: `python -m tests.kit.environment_reference`."""

import re
from pathlib import Path

from app.commands.config import table_of
from config.settings import groups

PAGE = Path(__file__).parents[2] / "docs" / "environment.md"
TABLE = re.compile(r"^\| Variable \|.*\n(?:\|.*\n)+", re.MULTILINE)


def with_tables(page: str) -> str:
    """`page` with its tables as the settings have them, in the order of their groups.

    Raises:
        ValueError: there are more or fewer tables than groups.
    """
    found = TABLE.findall(page)
    structs = list(groups().values())
    if len(found) != len(structs):
        raise ValueError(f"{PAGE.name} has {len(found)} tables, and there are {len(structs)} groups of settings")
    tables = iter(structs)
    return TABLE.sub(lambda _: f"{table_of(next(tables))}\n", page)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
