"""What a bench found, judged and written down."""

import msgspec
import pytest

from tests.load.figures import BEGIN, END, PAGE, figures, with_figures
from tests.load.local import Heard, row_of
from tests.load.report import Ratios
from tests.load.row_kit import report_of, row
from tests.load.runs import Spread
from tests.load.soak import Soak
from tests.load.tables import FULL, belief, rows_table
from tests.load.targets import Target, targets

SOAK = Soak("a machine", "2026-11-21", "earshot", 25, 60.0, [row()] * 20)


@pytest.mark.parametrize(("measured", "verdict"), [(2.0, "aim"), (2.1, "must"), (8.0, "must"), (8.1, "missed")])
def test_less_is_better(measured: float, verdict: str) -> None:
    assert Target("lateness", 8.0, 2.0, measured).verdict == verdict


@pytest.mark.parametrize(("measured", "verdict"), [(50.0, "aim"), (25.0, "must"), (24.0, "missed")])
def test_more_is_better(measured: float, verdict: str) -> None:
    assert Target("calls", 25.0, 50.0, measured, more_is_better=True).verdict == verdict


def test_every_target_is_judged_by_its_own_figure() -> None:
    slow = Spread(4.0, 15.0, 19.0, 30.0)
    found = msgspec.structs.replace(
        report_of(
            row(server="floor"),
            row(calls=10),
            row(calls=100, decision_to_silence_ms=Spread(90, 90, 90, 90)),
            row(server="earshot, browser", decision_to_silence_ms=Spread(0.5, 1.0, 4.0, 90)),
            row(first_audio_ms=slow, late_ms=Spread(0.1, 0.2, 2.5, 9.0), bytes_after_stop=640),
            row(server="earshot, telemetry", cpu_per_call=0.0108),
            row(server="earshot, redis", cpu_per_call=0.012),
            row(server="earshot, voice live", cpu_per_call=0.013),
            calls_kept={"floor": 100, "earshot": 175, "earshot, azure": 45},
        ),
        runs=[
            *(row(cpu_per_call=cpu) for cpu in (0.012, 0.011, 0.010)),
            *(row(server="floor, uvicorn", cpu_per_call=cpu) for cpu in (0.010, 0.010, 0.008)),
            row(calls=100, cpu_per_call=0.006),
            row(server="floor, uvicorn", calls=100, cpu_per_call=0.004),
        ],
        start_up_s={"acs": 2.5},
        local=row_of("earshot, local", [Heard(final_ms=[300.0])]),
    )
    assert {target.what.split(",")[0]: (target.measured, target.verdict) for target in targets(found)} == {
        "decision to silence": (4.0, "must"),
        "calls of one worker that keep the promise": (175, "must"),
        "CPU per call at 50 calls": (pytest.approx(1.2), "must"),
        "CPU per call at 100 calls": (pytest.approx(1.5), "missed"),
        "CPU per call in voice_live at 10 calls": (None, "not measured"),
        "CPU per call in voice_live at 50 calls": (pytest.approx(1.3), "must"),
        "CPU per call with metrics and sampled traces at 50 calls": (pytest.approx(1.08), "must"),
        "CPU per call with Redis at 50 calls": (pytest.approx(1.2), "missed"),
        "end of voice to final transcript on the engines of this machine": (300.0, "aim"),
        "first audio over the providers' time": (19.0, "must"),
        "frame lateness": (2.5, "aim"),
        "memory per call beside audio buffers": (pytest.approx(0.14), "must"),
        "audio after StopAudio": (640, "missed"),
        "calls per core with the real Azure Speech SDK": (45, "must"),
        "start to the first frame of a greeting": (2.5, "aim"),
    }


def test_the_first_sentence_says_what_to_believe() -> None:
    runs = [row(cpu_per_call=0.012), row(server="floor, uvicorn", cpu_per_call=0.010)]
    ratios = [Ratios("earshot", 50, 0.9, 1, 1, 0, 0)]
    found = msgspec.structs.replace(report_of(row(), calls_kept={"earshot": 150}), runs=runs, ratios=ratios)
    said = belief(found)
    assert figures(found, SOAK).startswith(said)
    assert [part in said for part in ("holds 150 calls", "20.0 ms after", "0.90 times", "1.20 times")] == [True] * 4
    assert said.count(". ") == 0


def test_nothing_is_believed_that_was_not_measured() -> None:
    assert not belief(report_of(row(), calls_kept={"earshot": 150}))


def test_what_was_not_measured_is_not_judged() -> None:
    assert {target.verdict for target in targets(report_of())} == {"not measured"}


def test_messages_of_40_ms_stand_apart() -> None:
    found = report_of(row(server="floor"), row(server="earshot, 40 ms"), row(server="floor, 40 ms"))
    together, apart = (rows_table(found, FULL, apart=apart) for apart in (False, True))
    assert "40 ms" not in together
    assert apart.count("40 ms") == 2


def test_a_table_has_as_many_cells_in_every_line() -> None:
    lines = rows_table(report_of(row(), row(server="floor")), FULL, apart=False).splitlines()
    assert {line.count("|") for line in lines} == {len(FULL) + 1}


def test_the_page_on_performance_has_one_place_for_figures() -> None:
    page = PAGE.read_text("utf-8")
    text = figures(report_of(row(), calls_kept={"earshot": 50}), SOAK)
    written = with_figures(page, text)
    assert text in written
    assert with_figures(written, text) == written
    assert written.partition(BEGIN)[0] == page.partition(BEGIN)[0]
    assert written.partition(END)[2] == page.partition(END)[2]


def test_a_page_without_that_place_is_refused() -> None:
    with pytest.raises(ValueError, match="once each"):
        with_figures("# Earshot\n", "figures")
