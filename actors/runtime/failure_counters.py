"""What fails: one line in the log, with the cause, and a counter for each kind of failure.

OpenTelemetry's API only; without an SDK nothing is recorded.
"""

import logging
from collections.abc import Mapping
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
    ENGINE = "engine"
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
    Failure.ENGINE: _meter.create_counter(
        "earshot.engine.violations", description="What engines told or answered that is nothing their port allows"
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


_LEVELS = dict.fromkeys((Failure.GIVEN_UP, Failure.OUTPUT, Failure.BREAKER, Failure.BACKGROUND), logging.ERROR)


def report_failure(
    failure: Failure,
    log: logging.Logger,
    line: str,
    *values: object,
    level: int | None = None,
    extra: Mapping[str, object] | None = None,
    **attributes: str,
) -> None:
    """Leave a line about a failure in the log, and count it: the one without the other helps nobody.

    Args:
        failure: its kind.
        log: of the module in which it was seen.
        line: says what failed and why, with places for `values`; never what was said, nor by whom.
        values: as for `logging`.
        level: of the line, where it is not that of the kind: an error where somebody has to look, else a warning.
        extra: fields of the line.
        attributes: of the counter: where it failed and of what kind, in few different words.
    """
    log.log(level or _LEVELS.get(failure, logging.WARNING), line, *values, extra=extra, stacklevel=2)
    _counters[failure].add(1, attributes)
