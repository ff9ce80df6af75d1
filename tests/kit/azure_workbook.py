"""The workbook for Azure Monitor, from the names of our metrics: `python -m tests.kit.azure_workbook` writes it.

Application Insights keeps of a histogram its count, sum, least and greatest, and no buckets: a panel of durations shows
the mean and the worst of each moment, where the dashboard for Grafana has quantiles.
"""

import json
import sys
from typing import Any

import msgspec

from tests.kit.source import ROOT

FILE = ROOT / "docs/azure-workbook.json"


class Counts(msgspec.Struct, frozen=True):
    """How much of each counter came in a moment, parted by the attributes `by`."""

    names: tuple[str, ...]
    by: tuple[str, ...] = ()


class Durations(msgspec.Struct, frozen=True):
    """The mean and the worst of each histogram."""

    names: tuple[str, ...]


class Levels(msgspec.Struct, frozen=True):
    """The greatest value of a gauge, or what an up-down counter of all workers comes to."""

    name: str
    by: tuple[str, ...]
    over_workers: str = "max"


class Share(msgspec.Struct, frozen=True):
    """The share of a histogram's entries whose attribute `key` has this value."""

    name: str
    key: str
    value: str


Panel = tuple[str, str, Counts | Durations | Levels | Share]

PANELS: tuple[Panel, ...] = (
    # What is wrong comes first.
    ("Sessions that ended as errors, share", "callers who were cut off or sent away",
     Share("earshot.session.duration", "ending", "ERROR")),
    ("Failures", "by what failed",
     Counts(("earshot.model.failures", "earshot.provider.failures", "earshot.realtime.failures",
             "earshot.reply.failures", "earshot.redis.failures", "earshot.store.failures", "earshot.mcp.failures",
             "earshot.transcriber.failures", "earshot.agent.hook_failures", "earshot.background.failures",
             "earshot.output.failures"),
            ("kind", "provider", "owed_by", "operation", "server", "failure"))),
    ("Nobody gets through", "what was turned away or cut off, and why",
     Counts(("earshot.socket.refusals", "earshot.client.refusals", "earshot.socket.closed_behind",
             "earshot.socket.closed_flooding", "earshot.socket.violations", "earshot.connections.closed",
             "earshot.connections.failed",
             "earshot.calls.passed_on", "earshot.sessions.forwarded", "earshot.session.spent"),
            ("limit", "reason", "outcome", "code"))),
    ("In a lesser way", "it works, though not as it should",
     Counts(("earshot.degradations", "earshot.provider.fallbacks", "earshot.model.retries", "earshot.realtime.losses",
             "earshot.realtime.expected", "earshot.recognizer.late_finals", "earshot.given_up",
             "earshot.turn.unexpected_events", "earshot.engine.violations"),
            ("part", "provider", "kind", "cause", "result", "work", "event", "engine"))),
    ("Lost", "what nobody will ever see",
     Counts(("earshot.message.losses", "earshot.actor.dropped", "earshot.call_record.failures",
             "earshot.session_file.failures", "earshot.redis.dropped_writes", "earshot.telemetry.failures",
             "earshot.telemetry.dropped_spans"),
            ("place", "actor", "reason", "exporter", "signal"))),
    ("Circuit breakers", "0 closed, 1 half open, 2 open", Levels("earshot.provider.breaker", ("setting", "provider"))),
    ("Actors started again", "any that repeats is a defect or a provider",
     Counts(("earshot.actor.restarts", "earshot.actor.losses"), ("actor", "cause"))),
    ("End of speech to first audio, s", "what callers wait", Durations(("earshot.turn.first_audio",))),
    ("Where the wait comes from, s", "recognition, then the model, then its judge",
     Durations(("earshot.recognition.delay", "earshot.model.first_token", "earshot.reply.guardrail_duration"))),
    ("Interruptions, s", "from the caller's voice to silence",
     Durations(("earshot.turn.onset_to_decision", "earshot.turn.decision_to_silence"))),
    ("Interruptions and resumes", "resumes are pauses for noise or echo",
     Counts(("earshot.turn.interruptions", "earshot.turn.resumes", "earshot.turn.backchannels"))),
    ("Live sessions", "by mode", Levels("earshot.session.active", ("mode",), "sum")),
    ("Sessions that ended", "by mode and ending", Counts(("earshot.session.duration",), ("mode", "ending"))),
    ("Connections that came back", "many of them: something cuts WebSockets",
     Counts(("earshot.session.reconnects",), ("mode",))),
    ("Lateness of the event loop, s", "above 0.1 s a worker admits no sessions", Durations(("earshot.loop.lag",))),
    ("Lateness of the agent's audio, s", "above 0.04 s callers hear gaps", Durations(("earshot.playback.lateness",))),
    ("Actors, s", "longest handling and longest wait for it within a second",
     Durations(("earshot.actor.longest", "earshot.actor.wait"))),
    ("Mailboxes", "most messages that waited at once; tens are an actor that cannot keep up",
     Durations(("earshot.actor.mailbox",))),
    ("Load of the actors, s", "time spent handling messages, by class", Counts(("earshot.actor.busy",), ("actor",))),
    ("Replies begun ahead", "used, or thrown away and why", Counts(("earshot.preemption.replies",), ("outcome",))),
    ("Tools", "what became of calls that were not simply run",
     Counts(("earshot.tool.approvals", "earshot.tool.timeouts", "earshot.tool.refusals", "earshot.tool.cut_results"),
            ("tool", "outcome"))),
    ("Agents", "handoffs, and what of replies was not spoken as it was written",
     Counts(("earshot.session.handoffs", "earshot.reply.guardrails", "earshot.reply.guardrail_verdicts",
             "earshot.model.cut_replies", "earshot.conversation.summaries"),
            ("from_agent", "to_agent", "agent", "guardrail", "outcome"))),
    ("Telephone", "answering machines, and people who were asked to take a caller",
     Counts(("earshot.call.machines", "earshot.call.consults"), ("action", "outcome"))),
    ("Between workers", "sessions and calls that went on elsewhere, and requests about them",
     Counts(("earshot.sessions.handed_over", "earshot.sessions.moved", "earshot.sessions.restored",
             "earshot.calls.taken_over", "earshot.calls.forwarded", "earshot.cluster.requests",
             "earshot.worker.requests", "earshot.relay.failures", "earshot.claims.checks"), ("topic", "outcome"))),
    ("Tokens", "what requests to the model cost, and those for nothing",
     Counts(("earshot.model.tokens", "earshot.preemption.wasted_tokens"), ("kind",))),
    ("Speech", "seconds recognized, characters spoken",
     Counts(("earshot.recognition.audio", "earshot.synthesis.characters"))),
)  # fmt: skip
"""Title, description, and what is asked for."""

MOMENT = "bin(timestamp, {TimeRange:grain})"


def _asked_for(names: tuple[str, ...]) -> str:
    return "customMetrics\n| where name in (" + ", ".join(f'"{name}"' for name in names) + ")"


def _series(by: tuple[str, ...]) -> str:
    values = "".join(f', " ", tostring(customDimensions["{key}"])' for key in by)
    return f'| extend series = trim(" +", strcat(substring(name, strlen("earshot.")){values}))'


def query(panel: Counts | Durations | Levels | Share) -> str:
    """The question in the language of Application Insights."""
    match panel:
        case Counts(names, by):
            value = 'iff(name endswith ".duration", todouble(valueCount), valueSum)'
            return f"{_asked_for(names)}\n{_series(by)}\n| summarize total = sum({value}) by {MOMENT}, series"
        case Durations(names):
            return (
                f"{_asked_for(names)}\n{_series(())}\n"
                f"| summarize mean = sum(valueSum) / sum(valueCount), worst = max(valueMax) by {MOMENT}, series"
            )
        case Levels(name, by, over_workers):
            return (
                f"{_asked_for((name,))}\n{_series(by)}\n"
                f"| summarize level = max(value) by {MOMENT}, series, cloud_RoleInstance\n"
                f"| summarize level = {over_workers}(level) by timestamp, series"
            )
        case Share(name, key, value):
            matches = f'customDimensions["{key}"] == "{value}"'
            return (
                f"{_asked_for((name,))}\n"
                f"| summarize share = 1.0 * sumif(valueCount, {matches}) / sum(valueCount) by {MOMENT}"
            )


def workbook() -> dict[str, Any]:
    """The workbook: a choice of time, then two panels a row."""
    times = [{"durationMs": hours * 3_600_000} for hours in (1, 3, 12, 24, 168)]
    time_range = {
        "id": "earshot-time-range",
        "version": "KqlParameterItem/1.0",
        "name": "TimeRange",
        "label": "Time",
        "type": 4,
        "isRequired": True,
        "value": {"durationMs": 3 * 3_600_000},
        "typeSettings": {"selectableValues": times, "allowCustom": True},
    }
    parameters = {"version": "KqlParameterItem/1.0", "parameters": [time_range], "style": "pills", "queryType": 0}
    charts = [
        {
            "type": 3,
            "name": title,
            "customWidth": "50",
            "content": {
                "version": "KqlItem/1.0",
                "title": f"{title}: {description}",
                "query": query(panel),
                "size": 0,
                "timeContextFromParameter": "TimeRange",
                "queryType": 0,
                "resourceType": "microsoft.insights/components",
                "visualization": "linechart",
            },
        }
        for title, description, panel in PANELS
    ]
    return {
        "version": "Notebook/1.0",
        "items": [{"type": 9, "name": "time", "content": parameters}, *charts],
        "fallbackResourceIds": [],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def text() -> str:
    """The text of the file."""
    return json.dumps(workbook(), indent=1) + "\n"


def main() -> int:
    """Write the file into the documents."""
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
