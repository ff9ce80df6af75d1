"""What a session counts, and its latency, for operators: in seconds, attributes of a few values each, no ids."""

from opentelemetry import metrics

from actors.messages.output import TurnMeasured

LATENCIES_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
SESSIONS_S = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)

_meter = metrics.get_meter("earshot")
_active = _meter.create_up_down_counter("earshot.session.active", unit="{session}", description="Live sessions")
_duration = _meter.create_histogram(
    "earshot.session.duration",
    unit="s",
    description="How long sessions lasted, by mode and how they ended",
    explicit_bucket_boundaries_advisory=SESSIONS_S,
)
_first_audio = _meter.create_histogram(
    "earshot.turn.first_audio",
    unit="s",
    description="From the end of the caller's speech to the first audio of the reply",
    explicit_bucket_boundaries_advisory=LATENCIES_S,
)
_onset_to_decision = _meter.create_histogram(
    "earshot.turn.onset_to_decision",
    unit="s",
    description="From the caller's first sound over the agent to the decision that it interrupts",
    explicit_bucket_boundaries_advisory=LATENCIES_S,
)
_decision_to_silence = _meter.create_histogram(
    "earshot.turn.decision_to_silence",
    unit="s",
    description="From the decision to interrupt to the last audio that was played",
    explicit_bucket_boundaries_advisory=LATENCIES_S,
)
_interrupted = _meter.create_counter(
    "earshot.turn.interruptions", unit="{interruption}", description="Replies that callers interrupted"
)
_resumed = _meter.create_counter(
    "earshot.turn.resumes", unit="{resume}", description="Replies that went on after a pause that was no interruption"
)
_backchannels = _meter.create_counter(
    "earshot.turn.backchannels", unit="{backchannel}", description="Signs of listening into replies, which went on"
)
_handoffs = _meter.create_counter(
    "earshot.session.handoffs", unit="{handoff}", description="Conversations that went from one agent to another"
)
_languages = _meter.create_counter(
    "earshot.session.languages", unit="{change}", description="Conversations that went on in another language, by which"
)
_machines = _meter.create_counter(
    "earshot.call.machines", unit="{call}", description="Calls of ours that an answering machine took, by what was done"
)
_reconnects = _meter.create_counter(
    "earshot.session.reconnects", unit="{reconnect}", description="Sessions whose lost connection came back in time"
)
_recognized = _meter.create_counter(
    "earshot.recognition.audio", unit="s", description="Audio that recognizers were given"
)
_synthesized = _meter.create_counter(
    "earshot.synthesis.characters", unit="{character}", description="Text that synthesizers were given"
)
_restarts = _meter.create_counter(
    "earshot.actor.restarts", unit="{restart}", description="Actors that were started again, by name and cause"
)
_first_token = _meter.create_histogram(
    "earshot.model.first_token",
    unit="s",
    description="From a request to the language model to the first that came of it",
    explicit_bucket_boundaries_advisory=LATENCIES_S,
)
_recognition_delay = _meter.create_histogram(
    "earshot.recognition.delay",
    unit="s",
    description="From the end of the caller's speech to its final transcript",
    explicit_bucket_boundaries_advisory=LATENCIES_S,
)
_model_failures = _meter.create_counter(
    "earshot.model.failures", unit="{failure}", description="Replies of the language model that failed, by kind"
)


def session_opened(mode: str) -> None:
    """Count a session that begins."""
    _active.add(1, {"mode": mode})


def session_closed(mode: str, ending: str, duration_s: float) -> None:
    """Count a session that has ended, after `duration_s` seconds."""
    _active.add(-1, {"mode": mode})
    _duration.record(duration_s, {"mode": mode, "ending": ending})


def turn_measured(times: TurnMeasured) -> None:
    """Record the times of a turn that has ended; a time that did not happen is left out."""
    for histogram, time_ms in (
        (_first_audio, times.first_audio_ms),
        (_onset_to_decision, times.onset_to_decision_ms),
        (_decision_to_silence, times.decision_to_silence_ms),
    ):
        if time_ms is not None:
            histogram.record(time_ms / 1000)
    if times.interrupted:
        _interrupted.add(1)


def reply_resumed() -> None:
    """Count a reply that goes on after a pause."""
    _resumed.add(1)


def backchannel_heard() -> None:
    """Count a sign of listening, such as "uh-huh", into a reply that goes on."""
    _backchannels.add(1)


def language_changed(language: str) -> None:
    """Count a conversation that goes on in another language."""
    _languages.add(1, {"language": language})


def handed_off(from_agent: str, to_agent: str) -> None:
    """Count a conversation that an agent has handed off to another one."""
    _handoffs.add(1, {"from_agent": from_agent, "to_agent": to_agent})


def machine_answered(action: str) -> None:
    """Count a call of ours that an answering machine has taken; `action` is what the agent's file has it do."""
    _machines.add(1, {"action": action})


def reconnected(mode: str) -> None:
    """Count a session whose connection was lost, and is back."""
    _reconnects.add(1, {"mode": mode})


def audio_recognized(audio_s: float) -> None:
    """Count the seconds of audio that a recognizer's stream was given: what speech to text costs."""
    if audio_s > 0:
        _recognized.add(audio_s)


def text_synthesized(characters: int) -> None:
    """Count text that a synthesizer was given: what text to speech costs."""
    _synthesized.add(characters)


def actor_restarted(actor: str, error: str) -> None:
    """Count an actor that is started again. `error` begins with an exception's class, or is empty if it only ended."""
    cause = error.partition(" ")[0].partition(":")[0]
    _restarts.add(1, {"actor": actor, "cause": cause if cause.isidentifier() else "ended"})


def first_token_came(after_s: float) -> None:
    """Record when the model's first event came, in seconds after the request."""
    _first_token.record(after_s)


def recognition_delayed(delay_s: float) -> None:
    """Record how long after the end of the caller's speech its final transcript came."""
    _recognition_delay.record(delay_s)


def model_failed(kind: str) -> None:
    """Count a reply of the language model that failed; `kind` is that of the error."""
    _model_failures.add(1, {"kind": kind})
