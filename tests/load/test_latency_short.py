"""A few turns of the latency benchmark, and what it makes of what it sees.

Limits are in proportion to what the emulated providers take in the same run, and to what its machine is late by.
"""

import msgspec
import pytest

from tests.load.latency.bench import emulated_cloud, levels, run
from tests.load.latency.callers import Answer
from tests.load.latency.cloud import Answered, Notes, Recognized, Spoken
from tests.load.latency.recognizers import Level
from tests.load.latency.report import Report, Run, carried, median, run_of, tables
from tests.load.latency.script import answer, caller_of, clause_token, pitched
from tests.load.latency.stages import Stages, stages
from tests.load.runs import Spread, spread
from tests.load.script import ANSWER_MS, END_SILENCE_MS, RECOGNITION_MS, SYNTHESIS_MS

OWN_STAGES = ("upload", "request", "text", "sound")
NOTES = Notes(
    [Recognized(3, 7, ended_at=10.125, told_at=10.185), Recognized(4, 7, ended_at=10.126, told_at=10.186)],
    [Answered(3, 7, asked_at=10.19, tokens_at=[10.34, 10.36, 10.38])],
    [Spoken(3, asked_at=10.385, sounded_at=10.485)],
)


def test_callers_are_told_apart_by_their_voices() -> None:
    assert [caller_of(pitched(caller, 200)) for caller in range(25)] == list(range(25))


def test_the_first_clause_is_complete_with_the_word_behind_it() -> None:
    reply = answer(12)
    assert "".join(reply.pieces[: clause_token(reply) + 1]) == "Caller 12 asks a good question, and"


def test_stages_add_up_to_what_the_caller_waited() -> None:
    found = stages([Answer(3, spoken_at=10.0, answered_at=10.49)], NOTES, 100.0, clause_token=2)
    assert [list(map(round, msgspec.structs.astuple(stage))) for stage in found] == [
        [100, 25, 60, 5, 150, 40, 5, 100, 5]
    ]
    assert found[0].own == pytest.approx(40)
    assert found[0].own == sum(getattr(found[0], stage) for stage in OWN_STAGES)
    assert found[0].total == pytest.approx(490)


@pytest.mark.parametrize("lost", ["recognized", "answered", "spoken"])
def test_an_answer_of_which_the_cloud_knows_nothing_is_left_out(lost: str) -> None:
    notes = msgspec.structs.replace(NOTES, **{lost: []})
    assert stages([Answer(3, spoken_at=10.0, answered_at=10.49)], notes, 100.0, clause_token=2) == []


def _level(events: str, recognizers: int, partial_ms: float, cpu: float) -> Level:
    return Level(events, recognizers, cpu, cpu * recognizers, spread([partial_ms]), 0)


def _run(own_ms: float, synthesizer: str) -> Run:
    found = [Stages(100, own_ms, 60, 0, 150, 40, 0, 100, 0)]
    cpu = {"server_cpu": 0.1, "cloud_cpu": 0.1}
    return run_of(synthesizer, 1, found, [2.0], own_late_ms=spread([0.1]), bytes_after_stop=0, failures=1, **cpu)


def test_what_is_kept_up_with_and_what_it_costs_are_told() -> None:
    stock = [[_level("stock", 10, 20, 0.02), _level("stock", 30, 900, 0.03)]] * 2
    light = [[_level("light", 10, 20, 0.01), _level("light", 30, 30, 0.01), _level("light", 50, 201, 0.02)]] * 2
    rows = [median([_run(ms, synthesizer) for ms in (30.0, 90.0, 40.0)]) for synthesizer in ("warm", "cold")]
    told = tables(Report("a machine", "today", 2, rows, [carried(stock), carried(light)], []))
    assert "| end of speech to first audio, ours and the SDKs' | 40.0 / 40.0 / 40.0 / 40.0 |" in told
    assert "| failures | 3 |" in told
    assert "| stock events | 20%, 20 ms | 90%, 900 ms |  | 10 |" in told
    assert "| light events | 10%, 20 ms | 30%, 30 ms | 100%, 201 ms | 30 |" in told


def test_a_few_turns_on_the_real_sdks() -> None:
    with emulated_cloud(pinned=False) as cloud:
        found = run(cloud, "warm", 1, 5.0, warm_s=0.5, pinned=False)
        level = levels(cloud, "light", [2], 1.0, pinned=False)[0]
    assert found.answers >= 1
    assert (found.failures, found.bytes_after_stop) == (0, 0)
    providers_ms = 0.0
    for stage, scripted_ms in (("recognition", RECOGNITION_MS), ("model", ANSWER_MS), ("synthesis", SYNTHESIS_MS)):
        assert found.stage_ms[stage].p50 >= scripted_ms - 1
        providers_ms += found.stage_ms[stage].p50
    # The control: by how much a task that only sleeps was late in the same run. Each of our stages waits for a turn so.
    late_ms = found.own_late_ms.max
    assert 0 < found.own_ms.p50 < providers_ms + len(OWN_STAGES) * late_ms
    assert found.stage_ms["endpointing"].p50 == END_SILENCE_MS
    assert found.stage_ms["upload"].p50 < END_SILENCE_MS + late_ms
    assert found.stage_ms["text"].p50 < found.stage_ms["clause"].p50 + late_ms
    assert 0 < found.silence_ms.p50 < found.stage_ms["recognition"].p50 + late_ms
    assert (level.recognizers, level.failures) == (2, 0)
    assert level.partial_ms != Spread(0, 0, 0, 0)
