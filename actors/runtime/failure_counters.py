"""What fails, counted: a counter for each kind of failure. Whoever counts one leaves a line with its cause in the log.

OpenTelemetry's API only; without an SDK nothing is recorded.
"""

from enum import StrEnum

from opentelemetry import metrics


class Failure(StrEnum):
    """A kind of failure that has a counter."""

    REPLY = "reply"
    GIVEN_UP = "given up"
    DROPPED = "dropped"
    OUTPUT = "output"
    UNEXPECTED = "unexpected"
    REALTIME = "realtime"
    TRANSCRIBER = "transcriber"
    PROVIDER = "provider"
    BREAKER = "breaker"
    FALLBACK = "fallback"
    STORE = "store"
    BACKGROUND = "background"
    HOOK = "hook"


_meter = metrics.get_meter("earshot")
_counters = {
    Failure.REPLY: _meter.create_counter(
        "earshot.reply.failures", description="Replies that could not be made or spoken"
    ),
    Failure.GIVEN_UP: _meter.create_counter(
        "earshot.actor.losses", description="Actors that failed too often to be started again"
    ),
    Failure.DROPPED: _meter.create_counter(
        "earshot.message.losses", description="Messages that nobody handles, those of full mailboxes apart"
    ),
    Failure.OUTPUT: _meter.create_counter(
        "earshot.output.failures", description="Connections and dashboards that could not be shown what a session shows"
    ),
    Failure.UNEXPECTED: _meter.create_counter(
        "earshot.turn.unexpected_events", description="Events that cannot happen in the state that turn-taking was in"
    ),
    Failure.REALTIME: _meter.create_counter(
        "earshot.realtime.losses",
        description="Speech-to-speech sessions that could not be opened or stalled, and responses that failed",
    ),
    Failure.TRANSCRIBER: _meter.create_counter(
        "earshot.transcriber.failures",
        description="Streams of the recognizer beside a speech-to-speech model that have failed",
    ),
    Failure.PROVIDER: _meter.create_counter(
        "earshot.provider.failures", description="Requests and streams at which a provider has failed"
    ),
    Failure.BREAKER: _meter.create_counter(
        "earshot.provider.open_breakers", description="Circuit breakers that have opened"
    ),
    Failure.FALLBACK: _meter.create_counter(
        "earshot.provider.fallbacks", description="Replies and streams of others than the first choice"
    ),
    Failure.STORE: _meter.create_counter(
        "earshot.store.failures", description="Records that the session store has neither kept nor given"
    ),
    Failure.HOOK: _meter.create_counter(
        "earshot.agent.hook_failures", description="Sessions that began without what `on_session` was to look up"
    ),
    Failure.BACKGROUND: _meter.create_counter(
        "earshot.background.failures", description="Work in the background that has failed"
    ),
}


def count_failure(failure: Failure, **attributes: str) -> None:
    """Count a failure. The attributes say where and of what kind, in few different words: never what was said."""
    _counters[failure].add(1, attributes)
