"""Writes what `make bench` and `make soak` have found into docs/performance.md: `python -m tests.load.figures`.

Only what stands between the two comments of that page is replaced.
"""

import argparse
import re
import sys
from pathlib import Path

import msgspec

from tests.load.report import Report
from tests.load.servers import ROOT
from tests.load.soak import Soak, verdict
from tests.load.tables import SHORT, belief, kept, rows_table, targets_table

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- figures: make bench, make soak -->", "<!-- end of figures -->"


def figures(found: Report, soak: Soak, note: str = "") -> str:
    """As Markdown. `note` says what was special."""
    apart = rows_table(found, SHORT, apart=True)
    return "\n\n".join(
        (
            *((belief(found),) if belief(found) else ()),
            f"{found.machine}; {found.date}; median of {found.repeats} runs of {found.seconds:g} s. {note}".rstrip(),
            targets_table(found),
            "Times in ms, p50 / p99. *MB per call* is resident memory, *of it audio* what the caller said last.",
            rows_table(found, SHORT, apart=False),
            *(("With messages of 40 ms, beside a floor that packs likewise:", apart) if apart else ()),
            f"The promise is kept up to so many calls: {kept(found)}.",
            f"Soak, {soak.date}: {verdict(soak)}.",
        )
    )


def with_figures(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """`page` with `text` between the comments `begin` and `end`, each a line.

    Raises:
        ValueError: they are not there, once each.
    """
    written, times = re.subn(f"(?s)(?<={re.escape(begin)}\n).*?(?={re.escape(end)}\n)", lambda _: f"\n{text}\n\n", page)
    if times != 1:
        raise ValueError(f"{PAGE.name} needs {begin} and {end}, once each")
    return written


def main(arguments: list[str]) -> None:
    """Read both reports and write their figures into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.figures")
    parser.add_argument("--bench", type=Path, default=Path("bench.json"))
    parser.add_argument("--soak", type=Path, default=Path("soak.json"))
    parser.add_argument("--note", default="", help="what was special about the run, a sentence")
    options = parser.parse_args(arguments)
    found = msgspec.json.decode(options.bench.read_bytes(), type=Report)
    soak = msgspec.json.decode(options.soak.read_bytes(), type=Soak)
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures(found, soak, options.note)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
