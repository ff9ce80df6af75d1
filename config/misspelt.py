"""Finds environment variables that were meant for this server and have no name that it reads. Pure."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import product

FAMILIES = (
    "ACS_",
    "AZURE_OPENAI_",
    "AZURE_SPEECH_",
    "CALL_ACCESS",
    "EARSHOT_",
    "END_OF_TURN",
    "EVENT_GRID_",
    "LANGUAGE_MODEL",
    "SPEECH_RECOGNIZER",
    "SPEECH_SYNTHESIZER",
    "VOICE_ACTIVITY",
)
"""Beginnings of the names of this server's variables: a variable with one of them is meant for this server."""
OTEL = "OTEL_"
"""The beginning of the names of OpenTelemetry's variables, of which its SDK reads many that resemble each other."""
OTEL_NAMES = frozenset(
    (
        *(
            f"OTEL_EXPORTER_OTLP_{signal}{what}"
            for signal, what in product(
                ("", "LOGS_", "METRICS_", "TRACES_"),
                (
                    "CERTIFICATE",
                    "CLIENT_CERTIFICATE",
                    "CLIENT_KEY",
                    "COMPRESSION",
                    "ENDPOINT",
                    "HEADERS",
                    "INSECURE",
                    "PROTOCOL",
                    "TIMEOUT",
                ),
            )
        ),
        *(
            f"OTEL_{processor}_{what}"
            for processor, what in product(
                ("BLRP", "BSP"), ("EXPORT_TIMEOUT", "MAX_EXPORT_BATCH_SIZE", "MAX_QUEUE_SIZE", "SCHEDULE_DELAY")
            )
        ),
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_CONFIG_FILE",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        "OTEL_EXPORTER_PROMETHEUS_PORT",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_LOGS_EXPORTER",
        "OTEL_LOG_LEVEL",
        "OTEL_METRICS_EXEMPLAR_FILTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_METRIC_EXPORT_TIMEOUT",
        "OTEL_PROPAGATORS",
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SDK_DISABLED",
        "OTEL_SERVICE_NAME",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_TRACES_EXPORTER",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    )
)
"""The variables that OpenTelemetry's SDK reads in every programming language; a test holds the list to the SDK."""
OTEL_CLOSENESS = 0.94
"""How alike, from 0 to 1, a name has to be to one of `OTEL_NAMES` to count as misspelt: these names are long, and one
that is less alike is a variable of OpenTelemetry for another programming language."""
CLOSENESS = 0.86
"""How alike, from 0 to 1, a name that begins with none of `FAMILIES` has to be to a setting to count as misspelt; a
letter left out, doubled or changed in a name of seven letters is above it."""
SHORTEST = 6
"""The shortest name, in characters, that is compared: shorter ones resemble others by chance."""


def misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of `names`, those that look like one of `known` and are none, each with the nearest; in alphabetical order."""
    known = list(known)
    ours = {name.replace("_", ""): name for name in known}
    theirs = {name.replace("_", ""): name for name in OTEL_NAMES}
    for name in sorted(set(names) - set(known) - OTEL_NAMES):
        letters = name.upper().replace("_", "")
        if name.upper().startswith(OTEL):
            by_letters, cutoff, family = theirs, OTEL_CLOSENESS, False
        else:
            family = name.upper().startswith(FAMILIES)
            by_letters, cutoff = ours, 0.5 if family else CLOSENESS
        near = get_close_matches(letters, by_letters, 1, cutoff) if len(letters) >= SHORTEST else []
        if near or family:
            yield name, by_letters[near[0]] if near else ""
