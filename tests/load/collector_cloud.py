"""A collector of telemetry for a server under load: `python -m tests.load.collector_cloud` prints NAME=value for each
variable of such a server, and takes what it exports until it is killed, on the core of the callers.

Metrics go out every other second, and the traces of one session in ten.
"""

import signal

from tests.kit.collector import http_collector
from tests.load.servers import end_all_when_told

VARIABLES = {
    "OTEL_METRIC_EXPORT_INTERVAL": "2000",
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
}


def main() -> None:
    """Take it until killed."""
    end_all_when_told()
    with http_collector() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **VARIABLES}
        print(" ".join(f"{name}={value}" for name, value in told.items()), flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
