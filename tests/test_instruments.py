"""The table of metrics in docs/operations.md names every instrument of the product, with its kind and its unit."""

import ast
from collections.abc import Iterator

from tests.kit.source import LAYERS, ROOT, modules

DOCUMENT = ROOT / "docs/operations.md"
KINDS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "create_up_down_counter": "up-down counter",
    "create_observable_gauge": "gauge",
}
Instrument = tuple[str, str, str]


def instruments(source: str) -> Iterator[Instrument]:
    """Name, kind and unit of each instrument that `source` makes; `1` where it gives no unit."""
    if not any(kind in source for kind in KINDS):
        return  # most files need not be parsed
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS:
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            unit = given.get("unit")
            yield (
                str(ast.literal_eval(node.args[0])),
                KINDS[node.func.attr],
                str(ast.literal_eval(unit)) if unit is not None else "1",
            )


def made() -> set[Instrument]:
    return {each for layer in LAYERS for path in modules(layer) for each in instruments((ROOT / path).read_text())}


def documented() -> list[Instrument]:
    rows = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in DOCUMENT.read_text().splitlines()]
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 4 and row[0].startswith("earshot.")]


def test_every_instrument_is_in_the_table_with_its_kind_and_unit() -> None:
    assert made() == set(documented())


def test_the_table_is_in_order_and_has_no_row_twice() -> None:
    assert documented() == sorted(set(documented()))


def test_an_instrument_is_seen_wherever_it_is_made() -> None:
    source = 'x = meter().create_histogram("earshot.a", unit="s")\ny = m.create_counter("earshot.b")'
    assert list(instruments(source)) == [("earshot.a", "histogram", "s"), ("earshot.b", "counter", "1")]
