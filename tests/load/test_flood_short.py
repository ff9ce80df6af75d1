"""A few floods, short, beside a good conversation that must not notice; compared with a control of the same run."""

import msgspec
import pytest

from tests.load.figures import PAGE, with_figures
from tests.load.flood import BEGIN, END, HEAD, Outcome, endured_at_best, figures, main, summary
from tests.load.flood_attacker import Flooded
from tests.load.floods import FLOODS, SHORT, Flood
from tests.load.good_conversation import Suffered


@pytest.mark.parametrize("flood", [flood for flood in FLOODS if flood.name in SHORT], ids=lambda flood: flood.name)
def test_a_good_conversation_goes_on_beside_a_flood(flood: Flood) -> None:
    outcome = endured_at_best(flood, 2.0)
    assert outcome.missed == []
    assert outcome.beside.pongs > 10
    assert outcome.beside.frames > 10


KEPT = Outcome(
    flood="a flood",
    calm=Suffered(5.0, 25.0, 10, 10),
    beside=Suffered(24.0, 45.0, 10, 10),
    before_mb=60.0,
    after_mb=200.0,
    settled_mb=79.0,
    flooded=Flooded(1_000, 1, {}),
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"beside": Suffered(26.0, 45.0, 10, 10)}, ["pong 26 ms beside the flood, 5 ms without"]),
        ({"beside": Suffered(5.0, 51.0, 10, 10)}, ["audio gap 51 ms beside the flood, 25 ms without"]),
        ({"settled_mb": 81.0}, ["21 MB are not given back"]),
        ({"flooded": Flooded(0, 0, {})}, ["no socket of the flood was opened"]),
    ],
)
def test_what_is_missed_is_told(change: dict[str, object], told: list[str]) -> None:
    assert msgspec.structs.replace(KEPT, **change).missed == told


def test_the_table_is_written_where_the_page_has_its_place() -> None:
    page = PAGE.read_text("utf-8")
    worse = msgspec.structs.replace(KEPT, flood="a worse flood", beside=Suffered(26.0, 45.5, 10, 10))
    text = figures((KEPT, worse), 2.0, "2026-11-29")
    assert summary((KEPT, worse)) in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {HEAD.partition("\n")[0].count("|")}
    written = with_figures(page, text, BEGIN, END)
    assert with_figures(written, text, BEGIN, END) == written
    assert written.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert written.partition(END)[2] == page.partition(END)[2]


def test_all_floods_come_to_a_sentence() -> None:
    assert summary((KEPT, KEPT)) == (
        "All 2 kept: worst pong beside a flood 24.0 to 24.0 ms, worst audio gap 45.0 to 45.0 ms (*a flood*; 25.0 ms "
        "without the flood), memory 60 MB before and at most 79 MB settled."
    )
    missed = msgspec.structs.replace(KEPT, settled_mb=81.0)
    assert summary((KEPT, missed)).startswith("1 of 2 missed: ")


@pytest.mark.parametrize("part", [["--only", "relay"], ["--short"]])
def test_a_part_of_the_floods_is_not_written(part: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--write", *part])
    assert "--write is for all floods" in capsys.readouterr().err
