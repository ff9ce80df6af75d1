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
        "store, {{operation}}": rate("earshot_store_failures_total", "operation"),
        "MCP {{server}} {{failure}}": rate("earshot_mcp_failures_total", "server", "failure"),
        "transcriber": rate("earshot_transcriber_failures_total"),
        "on_session": rate("earshot_agent_hook_failures_total"),
        "background": rate("earshot_background_failures_total"),
        "output": rate("earshot_output_failures_total"),
    }),
    ("Nobody gets through, a second", "ops", "what was turned away or cut off, and why", {
        "browser's socket refused": rate("earshot_socket_refusals_total"),
        "client over its limit, {{limit}}": rate("earshot_client_refusals_total", "limit"),
        "client did not read": rate("earshot_socket_closed_behind_total"),
        "client sent too much": rate("earshot_socket_closed_flooding_total"),
        "client broke the protocol, {{code}}": rate("earshot_socket_violations_total", "code"),
        "connection closed, {{reason}}": rate("earshot_connections_closed_total", "reason"),
        "connection failed": rate("earshot_connections_failed_total"),
        "call passed on, {{outcome}}": rate("earshot_calls_passed_on_total", "outcome"),
        "operator's request passed on, {{outcome}}": rate("earshot_sessions_forwarded_total", "outcome"),
        "session had cost enough, {{limit}}": rate("earshot_session_spent_total", "limit"),
    }),
    ("In a lesser way, a second", "ops", "it works, though not as it should", {
        "degraded {{part}}": rate("earshot_degradations_total", "part"),
        "fallback {{provider}}": rate("earshot_provider_fallbacks_total", "provider"),
        "model asked again, {{kind}}": rate("earshot_model_retries_total", "kind"),
        "speech to speech lost, {{cause}}": rate("earshot_realtime_losses_total", "cause"),
        "speech to speech expected, {{result}}": rate("earshot_realtime_expected_total", "result"),
        "final transcript late": rate("earshot_recognizer_late_finals_total"),
        "given up {{work}}": rate("earshot_given_up_total", "work"),
        "passed over, of {{engine}}": rate("earshot_engine_violations_total", "engine"),
        "defect of ours, {{event}}": rate("earshot_turn_unexpected_events_total", "event"),
    }),
    ("Lost, a second", "ops", "what nobody will ever see", {
        "message, {{place}}": rate("earshot_message_losses_total", "place"),
        "call record, {{reason}}": rate("earshot_call_record_failures_total", "reason"),
        "session file, {{reason}}": rate("earshot_session_file_failures_total", "reason"),
        "write to Redis, {{reason}}": rate("earshot_redis_dropped_writes_total", "reason"),
        "telemetry, {{exporter}} {{signal}}": rate("earshot_telemetry_failures_total", "exporter", "signal"),
        "spans dropped, {{exporter}}": rate("earshot_telemetry_dropped_spans_total", "exporter"),
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
        "verdict of the guardrails": quantile(0.95, "earshot_reply_guardrail_duration_seconds"),
    }),
    ("Interruptions, 95 %", "s", "from the caller's voice to silence", {
        "onset to decision": quantile(0.95, "earshot_turn_onset_to_decision_seconds"),
        "decision to silence": quantile(0.95, "earshot_turn_decision_to_silence_seconds"),
    }),
    ("Interruptions and resumes a second", "ops", "resumes are pauses for noise or echo", {
        "interruptions": rate("earshot_turn_interruptions_total"),
        "resumes": rate("earshot_turn_resumes_total"),
        "backchannels": rate("earshot_turn_backchannels_total"),
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
    ("Actors, 99 %", "s", "longest handling and longest wait for it within a second", {
        "handling": quantile(0.99, "earshot_actor_longest_seconds"),
        "wait": quantile(0.99, "earshot_actor_wait_seconds"),
    }),
    ("Mailboxes, 99 %", "short", "most messages that waited at once; tens are an actor that cannot keep up", {
        "{{actor}}": "histogram_quantile(0.99, sum by (le, actor) (rate(earshot_actor_mailbox_bucket[5m])))",
    }),
    ("Load of the actors", "percentunit", "share of a worker's time; near 1 it is full", {
        "{{instance}}": rate("earshot_actor_busy_seconds_total", "instance"),
        "dropped {{actor}}": rate("earshot_actor_dropped_total", "actor"),
    }),
    ("Replies begun ahead, a second", "short", "used, or thrown away and why", {
        "{{outcome}}": rate("earshot_preemption_replies_total", "outcome"),
    }),
    ("Tools, a second", "ops", "what became of calls that were not simply run", {
        "approval {{outcome}}": rate("earshot_tool_approvals_total", "outcome"),
        "timed out {{tool}}": rate("earshot_tool_timeouts_total", "tool"),
        "not begun {{tool}}": rate("earshot_tool_refusals_total", "tool"),
        "result cut {{tool}}": rate("earshot_tool_cut_results_total", "tool"),
    }),
    ("Agents, a second", "ops", "handoffs, and what of replies was not spoken as it was written", {
        "{{from_agent}} to {{to_agent}}": rate("earshot_session_handoffs_total", "from_agent", "to_agent"),
        "guardrail {{agent}} {{guardrail}}": rate("earshot_reply_guardrails_total", "agent", "guardrail"),
        "clause judged, {{outcome}}": rate("earshot_reply_guardrail_verdicts_total", "outcome"),
        "reply cut": rate("earshot_model_cut_replies_total"),
        "summed up, {{outcome}}": rate("earshot_conversation_summaries_total", "outcome"),
    }),
    ("Telephone, a second", "ops", "answering machines, and people who were asked to take a caller", {
        "machine, {{action}}": rate("earshot_call_machines_total", "action"),
        "asked, {{outcome}}": rate("earshot_call_consults_total", "outcome"),
    }),
    ("Between workers, a second", "ops", "sessions and calls that went on elsewhere, and requests about them", {
        "session handed over, {{outcome}}": rate("earshot_sessions_handed_over_total", "outcome"),
        "session moved": rate("earshot_sessions_moved_total"),
        "session restored": rate("earshot_sessions_restored_total"),
        "call of a worker that is gone, {{outcome}}": rate("earshot_calls_taken_over_total", "outcome"),
        "request about a call, {{outcome}}": rate("earshot_calls_forwarded_total", "outcome"),
        "request {{topic}} {{outcome}}": rate("earshot_cluster_requests_total", "topic", "outcome"),
        "request in one server, {{topic}} {{outcome}}": rate("earshot_worker_requests_total", "topic", "outcome"),
        "worker not found": rate("earshot_relay_failures_total"),
        "claims checked, {{outcome}}": rate("earshot_claims_checks_total", "outcome"),
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

ON_NO_PANEL = {
    "earshot.session.languages": "any number of them is right",
    "earshot.actor.messages": "how many there are says nothing; what matters is how long they wait and take",
    "earshot.provider.open_breakers": "the state of each breaker is on a panel",
    "earshot.recognizer.left_out_interims": "harmless as long as finals are not late, which is on a panel",
    "earshot.relay.connections": "any number of them is right; those that failed are on a panel",
}
"""Metrics that neither the dashboard nor the workbook shows, and why."""

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
