"""`python -m app.server.liveness_probe`: checks whether the server with the settings of this environment answers.

For the health check of a container, and whatever else runs a command to find out. The exit status is 0 if it does, 1
if not, with the reason in one line, and 2 for a fault in the configuration.
"""

import http.client
import sys

from app.server.own_address import own_address, own_opener
from config.errors import SettingsError
from config.settings import read_settings

LIVE = "/api/v1/health/live"
ANSWER_S = 8.0
"""Seconds for the answer: a machine at its limit is slow, and a worker whose loop stands still is replaced by its
launcher."""


def main() -> int:
    """Ask the server whether it is alive; returns the exit status."""
    try:
        server = read_settings().server
    except SettingsError as fault:
        print(fault, file=sys.stderr)
        return 2
    address = own_address(server) + LIVE
    try:
        with own_opener(server).open(address, timeout=ANSWER_S):
            return 0
    except (OSError, http.client.HTTPException) as error:
        print(f"{address} does not answer: {getattr(error, 'reason', error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
