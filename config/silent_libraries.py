"""Libraries that report to their makers unless they are told otherwise before they are loaded. Imports nothing else."""

import os

NO_REPORTS = "ORT_DISABLE_TELEMETRY"
"""The variable that keeps onnxruntime from reporting to Microsoft, as its packages for Linux and macOS do from
1.29 on."""


def silence_libraries() -> None:
    """Have nothing reported from this process, unless its environment says otherwise: `ORT_DISABLE_TELEMETRY=0`."""
    os.environ.setdefault(NO_REPORTS, "1")
