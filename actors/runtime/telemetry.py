"""Telemetry at dispatch, once: handlers contain none. OpenTelemetry's API only; without an SDK nothing is recorded."""

from opentelemetry import metrics

from actors.runtime.mailbox import Mailbox

FLUSH_S = 1.0
HANDLING_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
"""Upper bounds in seconds of a histogram's buckets, for what should take far less than a frame of audio (20 ms)."""
WAITING = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0)
"""Upper bounds of a histogram's buckets for numbers of waiting messages: mostly none or a few, 10,000 at most."""

_meter = metrics.get_meter("earshot")
_messages = _meter.create_counter("earshot.actor.messages", description="Messages handled")
_busy = _meter.create_counter("earshot.actor.busy", unit="s", description="Time spent handling messages")
_longest = _meter.create_histogram(
    "earshot.actor.longest",
    unit="s",
    description="Longest handling within a second",
    explicit_bucket_boundaries_advisory=HANDLING_S,
)
_wait = _meter.create_histogram(
    "earshot.actor.wait",
    unit="s",
    description="Longest wait in a mailbox within a second",
    explicit_bucket_boundaries_advisory=HANDLING_S,
)
_mailbox = _meter.create_histogram(
    "earshot.actor.mailbox",
    unit="{message}",
    description="Most messages that waited at once in a mailbox within a second",
    explicit_bucket_boundaries_advisory=WAITING,
)
_dropped = _meter.create_counter(
    "earshot.actor.dropped", unit="{message}", description="Messages dropped from full mailboxes"
)

_cut_replies = _meter.create_counter("earshot.model.cut_replies", description="Replies that did not end by themselves")
_cut_results = _meter.create_counter("earshot.tool.cut_results", description="Results of tools that were too long")
_given_up = _meter.create_counter("earshot.given_up", description="Work in the background that did not end in time")


def count_given_up(work: str) -> None:
    """Count background work, named by `work`, that did not end in time and is not waited for any longer."""
    _given_up.add(1, {"work": work})


def count_cut_reply() -> None:
    """Count a reply of a language model that was cut at a bound."""
    _cut_replies.add(1)


def count_cut_result(tool: str) -> None:
    """Count a result that was cut before a model read it."""
    _cut_results.add(1, {"tool": tool})


def is_recording() -> bool:
    """Whether a provider of metrics is installed; the API's own providers record nothing."""
    return not type(metrics.get_meter_provider()).__module__.startswith("opentelemetry.metrics")


class Dispatch:
    """Counts and times of one actor's messages, flushed about once a second: nothing is allocated per message.

    Made only where something records. Waits are sampled: the mailbox times one message at a time.
    """

    __slots__ = ("_attributes", "_busy_s", "_count", "_deepest", "_dropped", "_flush_at_s", "_inbox", "_longest_s")

    def __init__(self, actor_class: str, inbox: Mailbox) -> None:
        self._attributes = {"actor": actor_class}
        self._inbox = inbox
        self._inbox.probing = True
        self._busy_s = 0.0
        self._count = 0
        self._deepest = 0
        self._dropped = 0
        self._longest_s = 0.0
        self._flush_at_s = 0.0

    def record(self, began_s: float, now_s: float) -> None:
        """Record that a message was handled now that was begun at `began_s`, in seconds of the scheduler's clock."""
        took_s = now_s - began_s
        self._count += 1
        self._busy_s += took_s
        if took_s > self._longest_s:
            self._longest_s = took_s
        inbox = self._inbox
        if (waiting := len(inbox.normal) + len(inbox.urgent)) > self._deepest:
            self._deepest = waiting
        if self._flush_at_s == 0.0:
            self._flush_at_s = now_s + FLUSH_S
        elif now_s >= self._flush_at_s:
            self._flush_at_s = now_s + FLUSH_S
            self.flush()

    def flush(self) -> None:
        """Hand over what was counted since the last time."""
        if self._count:
            _messages.add(self._count, self._attributes)
            _busy.add(self._busy_s, self._attributes)
            _longest.record(self._longest_s, self._attributes)
            _wait.record(self._inbox.waited_s, self._attributes)
            _mailbox.record(self._deepest, self._attributes)
        if (dropped := self._inbox.dropped) > self._dropped:
            _dropped.add(dropped - self._dropped, self._attributes)
            self._dropped = dropped
        self._count, self._deepest = 0, 0
        self._busy_s, self._longest_s, self._inbox.waited_s = 0.0, 0.0, 0.0
