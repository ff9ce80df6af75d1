"""The dashboard for Grafana, from the names of our metrics: `python -m tests.kit.grafana_dashboard` writes it."""

import json
import sys
from typing import Any

from tests.kit.source import ROOT

FILE = ROOT / "docs/grafana.json"

BUCKETS = "histogram_quantile({q}, sum by (le) (rate({name}_bucket[5m])))"


def rate(name: str, *by: str) -> str:
    """What a counter grows by in a second, over all workers."""
    grouped = f" by ({', '.join(by)})" if by else ""
    return f"sum{grouped} (rate({name}[5m]))"


def quantile(q: float, name: str) -> str:
    """A quantile of a histogram over all workers."""
    return BUCKETS.format(q=q, name=name)


PANELS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    # What is wrong comes first.
    ("Sessions that ended as errors, share", "percentunit", "of callers who were cut off or sent away", {
        "errors": 'sum (rate(earshot_session_duration_seconds_count{ending="ERROR"}[5m]))'
        " / sum (rate(earshot_session_duration_seconds_count[5m]))",
    }),
    ("Failures a second", "ops", "by what failed", {
        "model {{kind}}": rate("earshot_model_failures_total", "kind"),
        "provider {{provider}} {{kind}}": rate("earshot_provider_failures_total", "provider", "kind"),
        "speech to speech {{kind}}": rate("earshot_realtime_failures_total", "kind"),
        "reply, owed by {{owed_by}}": rate("earshot_reply_failures_total", "owed_by"),
        "Redis": rate("earshot_redis_failures_total"),
    }),
    ("Circuit breakers", "short", "0 closed, 1 half open, 2 open", {
        "{{setting}} {{provider}}": "max by (setting, provider) (earshot_provider_breaker)",
    }),
    ("Actors started again, a second", "ops", "any that repeats is a defect or a provider", {
        "{{actor}} {{cause}}": rate("earshot_actor_restarts_total", "actor", "cause"),
        "lost {{actor}}": rate("earshot_actor_losses_total", "actor"),
    }),
    ("End of speech to first audio", "s", "what callers wait", {
        "median": quantile(0.5, "earshot_turn_first_audio_seconds"),
        "95 %": quantile(0.95, "earshot_turn_first_audio_seconds"),
    }),
    ("Where the wait comes from, 95 %", "s", "recognition, then the model, then the voice", {
        "final transcript": quantile(0.95, "earshot_recognition_delay_seconds"),
        "first token": quantile(0.95, "earshot_model_first_token_seconds"),
    }),
    ("Interruptions, 95 %", "s", "from the caller's voice to silence", {
        "onset to decision": quantile(0.95, "earshot_turn_onset_to_decision_seconds"),
        "decision to silence": quantile(0.95, "earshot_turn_decision_to_silence_seconds"),
    }),
    ("Interruptions and resumes a second", "ops", "resumes are pauses for noise or echo", {
        "interruptions": rate("earshot_turn_interruptions_total"),
        "resumes": rate("earshot_turn_resumes_total"),
    }),
    ("Live sessions", "short", "by mode", {"{{mode}}": "sum by (mode) (earshot_session_active)"}),
    ("Sessions that ended, a second", "ops", "by mode and ending", {
        "{{mode}} {{ending}}": rate("earshot_session_duration_seconds_count", "mode", "ending"),
        "connection back": rate("earshot_session_reconnects_total"),
    }),
    ("Lateness of the event loop, 99 %", "s", "above 0.1 s a worker admits no sessions", {
        "{{instance}}": "histogram_quantile(0.99, sum by (le, instance) (rate(earshot_loop_lag_seconds_bucket[5m])))",
    }),
    ("Lateness of the agent's audio, 99 %", "s", "above 0.04 s callers hear gaps", {
        "all workers": quantile(0.99, "earshot_playback_lateness_seconds"),
    }),
    ("Load of the actors", "percentunit", "share of a worker's time; near 1 it is full", {
        "{{instance}}": rate("earshot_actor_busy_seconds_total", "instance"),
        "dropped {{actor}}": rate("earshot_actor_dropped_total", "actor"),
    }),
    ("Replies begun ahead, a second", "short", "used, or thrown away and why", {
        "{{outcome}}": rate("earshot_preemption_replies_total", "outcome"),
    }),
    ("Tokens a second", "short", "what requests to the model cost", {
        "for nothing": rate("earshot_preemption_wasted_tokens_total"),
        "{{kind}}": rate("earshot_model_tokens_total", "kind"),
    }),
    ("Speech", "short", "seconds recognized, characters spoken, a second", {
        "recognized": rate("earshot_recognition_audio_seconds_total"),
        "spoken": rate("earshot_synthesis_characters_total"),
    }),
)  # fmt: skip
"""Title, unit of Grafana, description, and the queries by legend."""

SOURCE = {"type": "prometheus", "uid": "${source}"}


def dashboard() -> dict[str, Any]:
    """The dashboard, two panels a row."""
    return {
        "title": "Earshot",
        "uid": "earshot",
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [{"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [
            {
                "id": number + 1,
                "type": "timeseries",
                "title": title,
                "description": description,
                "datasource": SOURCE,
                "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
                "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
                "targets": [
                    {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": legend}
                    for index, (legend, query) in enumerate(queries.items())
                ],
            }
            for number, (title, unit, description, queries) in enumerate(PANELS)
        ],
    }


def text() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=1) + "\n"


def main() -> int:
    """Write the file."""
    FILE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
