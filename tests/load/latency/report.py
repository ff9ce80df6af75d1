"""What the latency benchmark found, as medians over its repeats, and as a table."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tests.load.latency.recognizers import Level
from tests.load.latency.stages import Stages
from tests.load.runs import Spread, spread


class Run(msgspec.Struct, frozen=True):
    """One server and its callers. Times in ms."""

    synthesizer: str
    """`warm`: from the product's pool; `cold`: one for each piece of text."""
    calls: int
    answers: int
    """How many the distributions are made of."""
    own_ms: Spread
    """End of speech to first audio, less the wait for silence, the providers and the tokens of the first clause."""
    total_ms: Spread
    """The same with all of it."""
    stage_ms: dict[str, Spread]
    """By field of `Stages`."""
    first_clause_ms: Spread
    """From the model's first token to the synthesizer's having the first clause."""
    silence_ms: Spread
    """From the frame that decides an interruption to StopAudio."""
    interruptions: int
    server_cpu: float
    """Of its core."""
    cloud_cpu: float
    """Of the core that it shares with the callers."""
    own_late_ms: Spread
    """How late the callers themselves sent their frames."""
    bytes_after_stop: int
    failures: int


class Carried(msgspec.Struct, frozen=True):
    """Recognizers of one process, by the events that they use."""

    events: str
    recognizers: int
    """The most that were kept up with in real time on one core."""
    levels: list[Level]
    """Of all repeats."""

    def at(self, recognizers: int) -> list[Level]:
        """Those with so many."""
        return [level for level in self.levels if level.recognizers == recognizers]


class Report(msgspec.Struct, frozen=True):
    """All of it."""

    machine: str
    date: str
    repeats: int
    rows: list[Run]
    """Medians."""
    carried: list[Carried]
    """Medians."""
    runs: list[Run]


def run_of(synthesizer: str, calls: int, found: Sequence[Stages], silence_ms: Sequence[float], **more: Any) -> Run:
    """A run from what was seen."""
    return Run(
        synthesizer,
        calls,
        len(found),
        own_ms=spread([stages.own for stages in found]),
        total_ms=spread([stages.total for stages in found]),
        stage_ms={name: spread([getattr(s, name) for s in found]) for name in Stages.__struct_fields__},
        first_clause_ms=spread([stages.clause + stages.text for stages in found]),
        silence_ms=spread(silence_ms),
        interruptions=len(silence_ms),
        **more,
    )


SUMMED = ("answers", "interruptions", "bytes_after_stop", "failures")


def median(runs: Sequence[Run]) -> Run:
    """Number by number; what is counted is summed."""
    fields: dict[str, Any] = {}
    for name in Run.__struct_fields__:
        values = [getattr(run, name) for run in runs]
        if name in SUMMED:
            fields[name] = sum(values)
        elif name == "stage_ms":
            fields[name] = {stage: _middle_of([value[stage] for value in values]) for stage in values[0]}
        elif isinstance(values[0], Spread):
            fields[name] = _middle_of(values)
        else:
            fields[name] = _middle(values) if isinstance(values[0], float) else values[0]
    return Run(**fields)


def carried(levels: Sequence[Sequence[Level]]) -> Carried:
    """From the levels of each repeat, all with the same events."""
    most = [max((level.recognizers for level in repeat if level.kept_up), default=0) for repeat in levels]
    return Carried(
        levels[0][0].events,
        recognizers=statistics.median_low(most),
        levels=[level for repeat in levels for level in repeat],
    )


def _middle_of(spreads: Sequence[Spread]) -> Spread:
    return Spread(*(_middle([getattr(value, at) for value in spreads]) for at in Spread.__struct_fields__))


def _middle(values: Sequence[float]) -> float:
    return round(statistics.median(values), 5)


LINES: tuple[tuple[str, str, Callable[[Run], Spread]], ...] = (
    ("warm", "end of speech to first audio, ours and the SDKs'", lambda run: run.own_ms),
    ("warm", "... the end of speech shown to the recognizer", lambda run: run.stage_ms["upload"]),
    ("warm", "... from its final text to the model's request", lambda run: run.stage_ms["request"]),
    ("warm", "... from the clause's last token to the synthesizer", lambda run: run.stage_ms["text"]),
    ("warm", "... from its first sound to the caller", lambda run: run.stage_ms["sound"]),
    ("cold", "the same without a pool of synthesizers", lambda run: run.own_ms),
    ("warm", "first token to first clause at the synthesizer", lambda run: run.first_clause_ms),
    ("warm", "... waiting for the clause's tokens", lambda run: run.stage_ms["clause"]),
    ("warm", "barge-in decision to StopAudio", lambda run: run.silence_ms),
    ("warm", "taken out: silence that ends an utterance", lambda run: run.stage_ms["endpointing"]),
    ("warm", "taken out: recognizer's final", lambda run: run.stage_ms["recognition"]),
    ("warm", "taken out: model's first token", lambda run: run.stage_ms["model"]),
    ("warm", "taken out: synthesizer's first sound", lambda run: run.stage_ms["synthesis"]),
    ("warm", "with all of it: end of speech to first audio", lambda run: run.total_ms),
)


def tables(report: Report) -> str:
    """In Markdown; times in ms, p50 / p95 / p99 / max."""
    return "\n\n".join(part for part in (_calls(report.rows), _recognizers(report.carried)) if part)


def _calls(rows: Sequence[Run]) -> str:
    counts = sorted({row.calls for row in rows})
    if not counts:
        return ""
    by_run = {(row.synthesizer, row.calls): row for row in rows}
    lines = [f"| ms | {' | '.join(f'calls: {count}' for count in counts)} |", f"|{'---|' * (len(counts) + 1)}"]
    for synthesizer, what, of in LINES:
        cells = [_cell(of(by_run[synthesizer, count])) for count in counts if (synthesizer, count) in by_run]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    for name in ("answers", "failures", "bytes_after_stop"):
        cells = [str(getattr(by_run["warm", count], name)) for count in counts]
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    cells = [f"{by_run['warm', count].server_cpu:.0%} / {by_run['warm', count].cloud_cpu:.0%}" for count in counts]
    lines.append(f"| core of the server / of the emulators | {' | '.join(cells)} |")
    return "\n".join(lines)


def _recognizers(found: Sequence[Carried]) -> str:
    if not found:
        return ""
    counts = sorted({level.recognizers for each in found for level in each.levels})
    lines = [f"| recognizers | {' | '.join(map(str, counts))} | kept up with |", f"|{'---|' * (len(counts) + 2)}"]
    for each in found:
        cells = [_load(each.at(count)) for count in counts]
        lines.append(f"| {each.events} events | {' | '.join(cells)} | {each.recognizers} |")
    return "\n".join(lines)


def _load(levels: Sequence[Level]) -> str:
    """Of a core, and how late partial results are at p95."""
    if not levels:
        return ""
    core, late_ms = _middle([level.core for level in levels]), _middle([level.partial_ms.p95 for level in levels])
    return f"{core:.0%}, {late_ms:.0f} ms"


def _cell(spread: Spread) -> str:
    return f"{spread.p50:.1f} / {spread.p95:.1f} / {spread.p99:.1f} / {spread.max:.1f}"
